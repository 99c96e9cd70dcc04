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


def test_a_daemon_whose_guest_was_gone_too_soon_is_found_by_its_supervisor() -> None:
    """The tracer had no time to read which pid it had in the guest."""
    started_before = """\
 x-200 [001] ..... 90.000150: sched_process_fork: comm=monit pid=200 child_comm=monit child_pid=208
 x-208 [001] ..... 90.000250: sched_process_exec: filename=/srv/testd/testd pid=208 old_pid=208
 x-208 [001] ..... 90.000500: sched_process_fork: comm=testd pid=208 child_comm=testd child_pid=209
 x-209 [001] ..... 90.000550: sched_process_fork: comm=testd pid=209 child_comm=testd child_pid=210
 x-300 [001] ..... 100.000100: sched_process_fork: comm=monit pid=300 child_comm=monit child_pid=310
 x-310 [001] ..... 100.000240: sched_process_exec: filename=/srv/testd/testd pid=310 old_pid=310"""
    unread = [line for line in DETACHED.splitlines() if not line.startswith("#ns 22")]
    lines = [*started_before.splitlines(), *unread]
    stamps = GuestTrace(parse_trace(lines), 4026).stamps(
        sample(new_pid=22, up_ns=100_000_700_000, main_ns=100_000_600_000)
    )
    assert (stamps["awake"], stamps["fork"], stamps["exec"]) == (
        100_000_090_000, 100_000_150_000, 100_000_250_000
    )  # fmt: skip


def test_a_guest_is_not_taken_for_an_earlier_one_with_the_same_inode() -> None:
    """The kernel numbers pid namespaces anew, and the host's pids come round in a long run."""
    fork = " t-{0} [001] ..... {1}: sched_process_fork: comm=t pid={0} child_comm=t child_pid={2}"
    earlier_guest = [fork.format(300, "50.000000", 310), "#ns 310 4026 20"]
    a_later_310 = [fork.format(301, "100.000290", 310)]
    lines = [*earlier_guest, *RUNNER.splitlines(), *a_later_310]
    stamps = GuestTrace(parse_trace(lines), 4026).stamps(sample())
    assert stamps["fork"] == 100_000_150_000
    assert stamps["exec"] == 100_000_250_000
