"""Recorded traces, and the samples and runs that belong to them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bench.tracing.agreement import GuestKey, agreement_stats, match_samples
from bench.tracing.parser import parse_trace
from bench.tracing.trace import Trace

TRACES = Path(__file__).parent / "traces"

# A runner's restart: floor (host 200, guest 1) keeps testd (host 210 then 220; guest 10 then 20)
# alive. Host 999 is in another guest.
RUNNER = (TRACES / "runner.txt").read_text()

# A monitor's: monit (200) forks 220, which executes testd; that forks 221, and that the daemon.
DETACHED = (TRACES / "detached.txt").read_text()


def runner_trace() -> Trace:
    return parse_trace(RUNNER.splitlines())


def lines_without_records_of_ancestors() -> list[str]:
    """DETACHED, with both ancestors gone before the tracer read their namespace."""
    return [line for line in DETACHED.splitlines() if line[:8] not in ("#ns 220 ", "#ns 221 ")]


def sample(**changed: Any) -> Any:
    """The suite's own stamps of RUNNER's restart."""
    return {
        "event": "sample", "contender": "c", "replica": 0, "scenario": "restart", "group": "long",
        "warmup": False, "censored": False, "old_pid": 10, "new_pid": 20,
        "kill_ns": 100_000_000_000, "exit_ns": 100_000_200_000,
        "main_ns": 100_000_300_000, "up_ns": 100_000_400_000, **changed,
    }  # fmt: skip


def agreement(
    run: Any, samples: list[Any], trace: Trace, earlier: tuple[GuestKey, ...] = ()
) -> Any:
    """Compare samples with one trace."""
    return agreement_stats(run, samples, [match_samples(run, samples, trace, earlier)])


def run() -> Any:
    """A run of one guest whose pid namespace is that of RUNNER and DETACHED."""
    guest = {"replica": 0, "measurer": {"pidns": 4026}, "load": {"restart": {}}}
    return {"contenders": [{"name": "c", "guests": [guest], "scenarios": {"restart": {}}}]}
