"""Parsing of a recorded trace."""

from __future__ import annotations

from bench.tracing.parser import parse_trace
from bench.tracing.trace import events_between
from tests.unit.bench.tracing.recorded_traces import runner_trace


def test_a_mark_keeps_its_stamp() -> None:
    (mark,) = runner_trace().marks
    assert (mark.ns, mark.pid) == (100_000_600_000, 220)


def test_events_between_includes_both_ends() -> None:
    execs = runner_trace().execs
    assert [event.pid for event in events_between(execs, 100_000_250_000, 100_000_255_000)] == [
        220,
        998,
    ]
    assert events_between(execs, 100_000_250_001, 100_000_254_999) == []


def test_lines_of_other_events_are_skipped() -> None:
    trace = parse_trace(
        ["", "# tracer: nop", "x-1 [000] ..... 1.000001: sched_wakeup: comm=x pid=1"]
    )
    assert (trace.kills, trace.execs, trace.exits, trace.lost) == ([], [], [], 0)
