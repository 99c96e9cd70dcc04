"""Samples compared with a recorded trace."""

from __future__ import annotations

import pytest

from bench.tracing.kernel_stamps import GuestTrace
from bench.tracing.parser import parse_trace
from tests.unit.bench.tracing.recorded_traces import (
    RUNNER,
    agreement,
    lines_without_records_of_ancestors,
    run,
    runner_trace,
    sample,
)


def test_agreement_is_counted_and_measured() -> None:
    stats = agreement(run(), [sample()], runner_trace())
    assert (stats["restarts"], stats["missing"], stats["invented"]) == (1, 0, 0)
    assert stats["kill_us"]["median"] == 10
    assert stats["spawn_us"]["c"]["median"] == 50


def test_a_further_guest_with_other_work_takes_no_restarts() -> None:
    """It has the same replica number as the guest in which something failed."""
    both = run()
    both["contenders"][0]["guests"].append(
        {"replica": 0, "measurer": {"pidns": 7777}, "load": {"deaths": {}}}
    )
    stats = agreement(both, [sample()], runner_trace())
    assert (stats["restarts"], stats["invented"], stats["unmatched_kills"]) == (1, 0, 0)


def test_spawn_begins_with_exec_where_the_daemon_has_no_first_stamp() -> None:
    samples = [sample(begun_ns=None)]
    stats = agreement(run(), samples, runner_trace())
    assert (stats["spawn_us"], stats["unstamped"]) == (stats["exec_us"], 1)


def test_guests_of_an_earlier_part_are_not_compared() -> None:
    """An interrupted part of a run may have left no trace."""
    both, earlier = run(), sample(old_pid=8, new_pid=9, replica=1)
    guests = both["contenders"][0]["guests"]
    guests.append({**guests[0], "replica": 1})
    trace = runner_trace()
    stats = agreement(both, [earlier, sample()], trace, earlier=(("c", 1),))
    assert (stats["restarts"], stats["invented"], stats["unmatched_kills"]) == (1, 0, 0)
    assert "witness" not in earlier


def test_exec_is_found_without_namespace_records_of_its_ancestors() -> None:
    lines = lines_without_records_of_ancestors()
    restart = sample(new_pid=22, main_ns=100_000_600_000, up_ns=100_000_700_000)
    assert GuestTrace(parse_trace(lines), 4026).stamps(restart)["exec"] == 100_000_250_000
    stats = agreement(run(), [restart], parse_trace(lines))
    assert (stats["restarts"], stats["invented"], stats["missing"]) == (1, 0, 0)


# Between a sample's kill and restart, the floor of RUNNER's guest (200) starts a daemon that exits
# before the tracer reads its namespace, and so does a bystander (300).
BRIEF = """
 f-200 [001] ..... 100.000110: sched_process_fork: comm=floor pid=200 child_comm=floor child_pid=215
 testd-215 [001] ..... 100.000120: sched_process_exec: filename=/t/testd pid=215 old_pid=215
 sh-300 [001] ..... 100.000130: sched_process_fork: comm=sh pid=300 child_comm=sh child_pid=310
 testd-310 [001] ..... 100.000140: sched_process_exec: filename=/t/testd pid=310 old_pid=310
""".strip("\n")


@pytest.mark.parametrize(
    ("records", "missing", "unattributed"),
    [
        (["#ns 200 4026 1", "#ns 300 5555 300"], 1, 0),
        (["#ns 300 5555 300"], 0, 1),
        ([], 0, 2),
    ],
)
def test_an_exited_process_inherits_its_parents_namespace(
    records: list[str], missing: int, unattributed: int
) -> None:
    """A guest's restart without sample counts as missing, a bystander's does not."""
    trace = parse_trace([*RUNNER.splitlines(), *BRIEF.splitlines(), *records])
    stats = agreement(run(), [sample()], trace)
    assert (stats["missing"], stats["unattributed"]) == (missing, unattributed)


def test_a_detached_daemons_restart_without_sample_is_missing() -> None:
    lines = lines_without_records_of_ancestors()
    later = "\n".join(lines).replace(" 100.", " 101.").replace("22", "23")
    censored = sample(new_pid=None, main_ns=None, up_ns=None, censored=True)
    restart = sample(
        kill_ns=101 * 10**9, new_pid=23, main_ns=101_000_600_000, up_ns=101_000_700_000
    )
    stats = agreement(run(), [censored, restart], parse_trace([*lines, *later.splitlines()]))
    assert (stats["restarts"], stats["invented"], stats["missing"]) == (1, 0, 1)


def test_a_reused_pid_belongs_to_the_process_forked_last() -> None:
    earlier_guest = """
 boot-1 [000] ..... 99.900000: sched_process_fork: comm=boot pid=1 child_comm=boot child_pid=220
 boot-220 [000] ..... 99.900100: sched_process_exec: filename=/srv/testd/testd pid=220 old_pid=220
#ns 220 5555 20
"""
    late = sample(kill_ns=99_800_000_000)
    stats = agreement(
        run(), [late], parse_trace([*earlier_guest.strip("\n").splitlines(), *RUNNER.splitlines()])
    )
    assert (stats["restarts"], stats["missing"], stats["unattributed"]) == (1, 0, 0)


def test_other_scenarios_are_not_compared() -> None:
    """Other scenarios end more daemons than they have samples."""
    stats = agreement(run(), [sample(scenario="deaths")], runner_trace())
    assert (stats["restarts"], stats["missing"], stats["invented"]) == (0, 0, 0)


def test_a_run_traced_in_two_parts_has_no_invented_restarts() -> None:
    first = sample()
    second = sample(kill_ns=200 * 10**9, main_ns=200 * 10**9 + 300_000, up_ns=None, replica=1)
    agreement(run(), [first], runner_trace())
    both = run()
    guests = both["contenders"][0]["guests"]
    guests.append({**guests[0], "replica": 1})
    later = parse_trace(RUNNER.replace(" 100.", " 200.").splitlines())
    stats = agreement(both, [first, second], later, earlier=(("c", 0),))
    assert (stats["restarts"], stats["invented"], stats["unmatched_kills"]) == (2, 0, 0)


def test_a_sample_that_the_kernel_did_not_see_is_invented() -> None:
    other = sample(new_pid=30, kill_ns=200 * 10**9, main_ns=201 * 10**9, up_ns=201 * 10**9)
    assert agreement(run(), [sample(), other], runner_trace())["invented"] == 1


def test_a_restart_without_sample_is_missing() -> None:
    again = RUNNER + RUNNER.replace("220", "230").replace("100.0002", "100.0003")
    later = sample(new_pid=40, main_ns=100_000_900_000, up_ns=100_000_950_000, censored=True)
    stats = agreement(run(), [sample(), later], parse_trace(again.splitlines()))
    assert stats["missing"] == 1
