"""The kernel's stamps of one restart, found in a recorded trace."""

from __future__ import annotations

from bench.tracing.kernel_stamps import GuestTrace
from bench.tracing.parser import parse_trace
from tests.unit.bench.tracing.recorded_traces import DETACHED, RUNNER, runner_trace, sample


def test_pids_reused_within_a_restart_make_no_endless_loop() -> None:
    """Before the restart is over, 220 forks 230, and 230 a new 220."""
    fork = " t-{0} [001] ..... {1}: sched_process_fork: comm=t pid={0} child_comm=t child_pid={2}"
    circle = [fork.format(220, "100.000260", 230), fork.format(230, "100.000270", 220)]
    stamps = GuestTrace(parse_trace([*RUNNER.splitlines(), *circle]), 4026).stamps(sample())
    assert stamps["fork"] == 100_000_150_000


def test_a_runners_restart_has_all_stamps() -> None:
    stamps = GuestTrace(runner_trace(), 4026).stamps(sample())
    assert stamps["kill"] == 100_000_010_000
    assert stamps["death"] == 100_000_060_000
    assert stamps["awake"] == 100_000_100_000
    assert stamps["fork"] == 100_000_150_000
    assert stamps["exec"] == 100_000_250_000


def test_a_detached_daemon_is_followed_back_to_its_monitor() -> None:
    stamps = GuestTrace(parse_trace(DETACHED.splitlines()), 4026).stamps(
        sample(new_pid=22, up_ns=100_000_700_000)
    )
    assert (stamps["awake"], stamps["fork"], stamps["exec"]) == (
        100_000_090_000, 100_000_150_000, 100_000_250_000
    )  # fmt: skip
