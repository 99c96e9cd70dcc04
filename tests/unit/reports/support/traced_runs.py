"""Runs with a kernel trace, for tests."""

from __future__ import annotations

from typing import Any

from bench.model.run_file import Run, TraceAgreement
from tests.support.samples import sample_runs

PERP = "perp/runner/default/hosted"
DAEMONTOOLS = "daemontools/runner/default/hosted"


def trace_agreement(p99: float | None = 30.0) -> TraceAgreement:
    """Return the agreement of nine restarts."""
    return {
        "restarts": 9, "missing": 0, "invented": 0, "lost_events": 0,
        "kill_us": {"n": 9, "median": 17.6, "p99": p99, "min": 9.0, "max": 31.0},
    }  # fmt: skip


def traced_run(**other: Any) -> Run:
    """Return a run: perp forks at once and waits in the child, daemontools sleeps before it forks.

    other: more keys of run.json.
    """
    perp = sample_runs.add_restart_parts(
        sample_runs.contender(PERP, sample_runs.steady_latencies(4.0)),
        [0.05, 0.15, 1.8, 1.7, 0.3], [0.05, 0.15, 1.8, 697.7, 0.3],
    )  # fmt: skip
    daemontools = sample_runs.add_restart_parts(
        sample_runs.contender(DAEMONTOOLS, sample_runs.steady_latencies(3.0), rank=6),
        [0.05, 0.15, 1.0, 1.5, 0.3], [0.05, 720.15, 1.0, 1.5, 0.3],
    )  # fmt: skip
    return sample_runs.run(perp, daemontools, trace=trace_agreement(), **other)


def untraced_run(**other: Any) -> Run:
    """Return a run of perp without a trace; other: more keys of run.json."""
    latencies = sample_runs.steady_latencies(4.0)
    return sample_runs.run(sample_runs.contender(PERP, latencies), **other)
