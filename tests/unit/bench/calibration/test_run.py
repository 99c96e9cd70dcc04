"""What the calibration makes of its figures."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bench.calibration.bare_loop import Pair, compared
from bench.calibration.host_noise import BOUNDS, clock, parse, sleeping
from bench.calibration.run import checks, marked
from bench.engine import calibration_store
from bench.model.host_info import host_facts
from bench.tracing.parser import parse as parse_trace
from provision.errors import Problem

CLOCK = {
    "backwards": 0,
    "moves": 9,
    "same_time_namespace": True,
    "largest_step_ns": 40,
    "drift_ppm": -3.0,
}
WITNESS: dict[str, Any] = {
    "restarts": 9,
    "unmatched_kills": 0,
    "missing": 0,
    "invented": 0,
    "lost_events": 0,
    "unattributed": 0,
    "unstamped": 0,
    "kill_us": {"median": 20.0, "p99": 90.0},
    "spawn_spread": 0.2,
    "spawn_apart_us": 1.2,
}


def failures(found: dict[str, Any]) -> list[str]:
    return [check.what for check in checks(found) if not check.met and not check.goal]


def found(**changed: Any) -> dict[str, Any]:
    return {
        "witness": None,
        "marker_us": {"median": 8.0},
        "floor": {"ratio": 1.1, "ci_low": 1.0, "ci_high": 1.2},
        "clock": CLOCK,
        "host": {"cores": 2},
        **changed,
    }


def test_without_the_kernel_the_rest_is_checked() -> None:
    assert len(list(checks(found()))) == 5
    assert all(check.met for check in checks(found()))


def test_a_missing_restart_and_a_clock_going_back_are_failures() -> None:
    bad = found(witness={**WITNESS, "missing": 1}, clock={**CLOCK, "backwards": 2})
    assert failures(bad) == ["restarts missing, of 9", "clock going back between processors"]
    nobody_looked = found(clock={**CLOCK, "moves": 0})
    assert failures(nobody_looked) == ["clock going back between processors"]
    one_processor = found(clock={**CLOCK, "moves": 0}, host={"cores": 1})
    assert failures(one_processor) == []
    assert len(list(checks(one_processor))) == 4


def test_of_a_few_kills_the_largest_is_judged() -> None:
    few = {**WITNESS, "kill_us": {"median": 20.0, "p99": None, "max": 90.0}}
    whats = [check.what for check in checks(found(witness=few))]
    assert "kill stamp to signal_generate, largest" in whats


def test_a_clock_that_steps_or_runs_away_is_a_failure() -> None:
    bad = found(clock={**CLOCK, "largest_step_ns": 90_000, "drift_ppm": -700.0})
    assert failures(bad) == [
        "clock stepping between tenths of a second",
        "clock against the raw one",
    ]


def test_a_witness_that_saw_nothing_is_a_failure() -> None:
    unseen = dict.fromkeys(("kill_us", "spawn_spread", "spawn_apart_us"))
    blind = {**WITNESS, "unmatched_kills": 9, "unattributed": 2, **unseen}
    assert failures(found(witness=blind, marker_us=None)) == [
        "kills that the kernel saw, too",
        "medians of spawn (first stamp to main()) apart",
        "daemons whose guest is not known",
        "daemon's stamp to the kernel's beside it, median",
    ]
    nothing = {**blind, "restarts": 0, "unmatched_kills": 0}
    assert "kills that the kernel saw, too" in failures(found(witness=nothing))
    assert failures(found(witness=WITNESS)) == []


@pytest.mark.parametrize(("spread", "met"), [(0.101, False), (0.1, True)])
@pytest.mark.parametrize("apart", [0.4, 1.1])
def test_daemons_that_start_alike_are_10_percent_apart(
    spread: float, apart: float, met: bool
) -> None:
    witness = {**WITNESS, "spawn_spread": spread, "spawn_apart_us": apart}
    (check,) = (each for each in checks(found(witness=witness)) if "main()" in each.what)
    assert (check.met, check.goal, check.figure) == (met, True, f"{spread:.1%}, {apart} us")


def test_daemons_without_a_stamp_of_their_own_are_compared_from_their_exec_on() -> None:
    (check,) = (each for each in checks(found(witness={**WITNESS, "unstamped": 9}))
                if "main()" in each.what)  # fmt: skip
    assert check.what == "medians of spawn (exec to main()) apart"


def test_the_interval_of_the_ratio() -> None:
    pairs = [Pair([1.2 + n / 100] * 3, [1.0] * 3) for n in range(10)]
    ratio = compared(pairs)
    assert ratio["ci_low"] <= ratio["ratio"] <= ratio["ci_high"]
    assert ratio["ratio"] == pytest.approx(1.245, abs=0.01)
    assert (ratio["pairs"], ratio["trials"]) == (10, 30)
    few = compared(pairs[4:6])
    assert few["ci_low"] < ratio["ci_low"] < ratio["ci_high"] < few["ci_high"]


def test_what_a_sleeper_printed() -> None:
    sleep = parse("5000 100\n60000 101\n900000000 90\nbackwards 1 of 2000\n")
    counts = sleep.histogram()["counts"]
    assert len(counts) == len(BOUNDS) + 1
    assert (counts[0], counts[3], counts[-1]) == (1, 1, 1)
    assert (sleep.backwards, sleep.moves) == (1, 2000)


def test_an_interrupted_look_is_no_step_of_the_clock() -> None:
    looks = [100] * 500
    looks[250] = 90_000
    alone = parse("".join(f"5000 {ns}\n" for ns in looks))
    assert alone.steps() == (0, 0)
    stepped = looks[:300] + [5100] * 200
    beside = parse("".join(f"5000 {ns}\n" for ns in stepped) + "backwards 1 of 9\n")
    assert beside.steps() == (5000, 12.5)  # 5 us in 0.4 s
    assert parse("5000 100\n").steps() == (0, 0)
    assert clock([alone, beside]) == {
        "backwards": 1, "moves": 9, "largest_step_ns": 5000, "drift_ppm": 12.5
    }  # fmt: skip


def test_marks_are_compared_with_the_stamp_beside_them() -> None:
    line = "testd-1 [000] ..... 1.000020: tracing_mark_write: testd main_ns=5 beside_ns=1000005000"
    figures = marked(parse_trace([line]))
    assert figures is not None
    assert figures["median"] == 15
    assert marked(parse_trace([])) is None


def test_only_this_hosts_own_calibration_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calibration_store, "path", lambda: tmp_path / "calibration.json")
    assert calibration_store.latest() is None
    host = host_facts()
    mine = {"schema": calibration_store.SCHEMA, "host": host}
    assert calibration_store.keep({**mine, "quick": True})
    assert calibration_store.keep({**mine, "quick": False})
    assert not calibration_store.keep({**mine, "quick": True})
    kept = calibration_store.latest()
    assert kept is not None and not kept["quick"]
    with monkeypatch.context() as changed:
        changed.setattr(calibration_store, "instrument", lambda: "another")
        assert calibration_store.latest() is None
    calibration_store.keep({**mine, "quick": False, "host": {**host, "kernel": "0.1"}})
    assert calibration_store.latest() is None
    (tmp_path / "calibration.json").write_text(json.dumps([1]))
    assert calibration_store.latest() is None


@pytest.mark.parametrize("said", ["exit 3", "echo 5 5; echo backwards 0 of 9"])
def test_a_sleeper_that_saw_nothing_is_told_of(tmp_path: Path, said: str) -> None:
    sleeper = tmp_path / "sleeper"
    sleeper.write_text(f"#!/bin/sh\n{said}\n")
    sleeper.chmod(0o755)
    with pytest.raises(Problem, match="The sleeper saw too little"), sleeping(sleeper, 1):
        pass
