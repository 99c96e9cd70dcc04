"""What the calibration makes of its figures."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bench import calibration
from bench.calibrate import checks, marked
from bench.host import host_facts
from bench.noise import BOUNDS, parse
from bench.pairs import Pair, compared
from bench.trace import parse as parse_trace


def found(**changed: Any) -> dict[str, Any]:
    return {
        "witness": None,
        "marker_us": None,
        "floor": {"ratio": 1.1, "ci_low": 1.0, "ci_high": 1.2},
        "clock": {"backwards": 0, "moves": 9, "same_time_namespace": True},
        **changed,
    }


def test_without_the_kernel_the_rest_is_checked() -> None:
    assert len(list(checks(found()))) == 3
    assert all(check.met for check in checks(found()))


def test_a_missing_restart_and_a_clock_going_back_are_failures() -> None:
    figures = {"median": 20.0, "p99": 90.0}
    witness = {"restarts": 9, "missing": 1, "invented": 0, "lost_events": 0, "kill_us": figures,
               "spawn_spread": 0.2}  # fmt: skip
    bad = found(witness=witness, clock={"backwards": 2, "moves": 9, "same_time_namespace": True})
    failed = [check.what for check in checks(bad) if not check.met and not check.goal]
    assert failed == ["restarts missing, of 9", "clock going back between processors"]


def test_the_interval_of_the_ratio() -> None:
    pairs = [Pair([1.2 + n / 100] * 3, [1.0] * 3) for n in range(10)]
    ratio = compared(pairs)
    assert ratio["ci_low"] <= ratio["ratio"] <= ratio["ci_high"]
    assert ratio["ratio"] == pytest.approx(1.245, abs=0.01)
    assert (ratio["pairs"], ratio["trials"]) == (10, 30)


def test_what_a_sleeper_printed() -> None:
    sleep = parse("5000 100\n60000 101\n900000000 90\nbackwards 1 of 2000\n")
    counts = sleep.histogram()["counts"]
    assert len(counts) == len(BOUNDS) + 1
    assert (counts[0], counts[3], counts[-1]) == (1, 1, 1)
    assert sleep.clock()["largest_step_ns"] == 11
    assert (sleep.backwards, sleep.moves) == (1, 2000)


def test_marks_are_compared_with_the_stamp_beside_them() -> None:
    line = "testd-1 [000] ..... 1.000020: tracing_mark_write: testd main_ns=5 beside_ns=1000005000"
    figures = marked(parse_trace([line]))
    assert figures is not None
    assert figures["median"] == 15
    assert marked(parse_trace([])) is None


def test_only_this_hosts_own_calibration_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calibration, "path", lambda: tmp_path / "calibration.json")
    assert calibration.latest() is None
    host = host_facts()
    calibration.keep({"schema": calibration.SCHEMA, "host": host})
    assert calibration.latest() is not None
    with monkeypatch.context() as changed:
        changed.setattr(calibration, "instrument", lambda: "another")
        assert calibration.latest() is None
    calibration.keep({"schema": calibration.SCHEMA, "host": {**host, "kernel": "0.1"}})
    assert calibration.latest() is None
    (tmp_path / "calibration.json").write_text(json.dumps([1]))
    assert calibration.latest() is None
