"""The daemon's own stamps against the kernel's of the lines that follow them."""

from __future__ import annotations

import os
from types import SimpleNamespace

import pytest

from bench.calibration import run as module
from bench.calibration.run import calibrate, marker_delay
from bench.engine import lock
from bench.engine.lock import RunInProgress, exclusive_run_lock
from bench.engine.observer import SilentObserver
from bench.tracing.parser import parse_trace


def test_a_mark_is_compared_with_the_stamp_in_its_text() -> None:
    line = "testd-1 [000] ..... 1.000020: tracing_mark_write: testd main_ns=5 beside_ns=1000005000"
    delay = marker_delay(parse_trace([line]))
    assert delay is not None
    assert delay["median"] == 15


def test_a_trace_without_marks_has_no_delay() -> None:
    assert marker_delay(parse_trace([])) is None


class EndOfTestError(Exception):
    """Ends a calibration within its second part."""


def test_no_other_bench_gets_in_between_its_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(lock.VARIABLE, f"test-calibrate-{os.getpid()}")
    parts: list[str] = []

    def part(name: str) -> None:
        with pytest.raises(RunInProgress), exclusive_run_lock():
            pass
        parts.append(name)

    def run_sleeper(*_: object) -> None:
        part("noise")
        raise EndOfTestError

    monkeypatch.setattr(module, "choose_provider", lambda *_: (None, ""))
    monkeypatch.setattr(module, "build", lambda *_: SimpleNamespace(sleeper=None))
    monkeypatch.setattr(module, "why_untraceable", lambda: "")
    monkeypatch.setattr(module, "_traced_run", lambda *_: part("traced run"))
    monkeypatch.setattr(module, "run_sleeper", run_sleeper)
    with pytest.raises(EndOfTestError):
        calibrate(quick=True, observer=SilentObserver(), notify=lambda _: None)
    lock.lock_file().unlink()
    assert parts == ["traced run", "noise"]
