"""The daemon's own stamps against the kernel's of the lines that follow them."""

from __future__ import annotations

from bench.calibration.run import marker_delay
from bench.tracing.parser import parse_trace


def test_a_mark_is_compared_with_the_stamp_in_its_text() -> None:
    line = "testd-1 [000] ..... 1.000020: tracing_mark_write: testd main_ns=5 beside_ns=1000005000"
    delay = marker_delay(parse_trace([line]))
    assert delay is not None
    assert delay["median"] == 15


def test_a_trace_without_marks_has_no_delay() -> None:
    assert marker_delay(parse_trace([])) is None
