"""Reading a recorded trace, and what it says of restarts."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import pytest

from bench.model.events.program import Restart
from bench.recording.store import Record
from bench.tracing import compare, tracer
from bench.tracing import parser as module
from bench.tracing.compare import Guest, agreement_stats, match_samples, parts
from bench.tracing.parser import events, parse, within
from provision.errors import Problem
from provision.provider import Provider

TRACES = Path(__file__).parent / "traces"

# A runner's restart as the kernel told it: floor (host 200, guest 1) keeps testd (host 210 then
# 220; guest 10 then 20) alive. Host 999 is another guest's, and told nothing that concerns us.
RUNNER = (TRACES / "runner.txt").read_text()

# A monitor's: monit (200) forks 220, which executes testd; that forks 221, and that the daemon.
DETACHED = (TRACES / "detached.txt").read_text()


def sample(**changed: Any) -> Restart:
    """The suite's own stamps of RUNNER's restart."""
    stamps = {
        "event": "sample", "contender": "c", "replica": 0, "scenario": "restart", "group": "long",
        "warmup": False, "censored": False, "old_pid": 10, "new_pid": 20,
        "kill_ns": 100_000_000_000, "exit_ns": 100_000_200_000,
        "main_ns": 100_000_300_000, "up_ns": 100_000_400_000, **changed,
    }  # fmt: skip
    return cast(Restart, stamps)


def agreement(
    run: dict[str, Any],
    samples: list[Restart],
    trace: module.Trace,
    before: tuple[tuple[str, int], ...] = (),
) -> dict[str, Any]:
    return agreement_stats(run, samples, [match_samples(run, samples, trace, before)])


def run() -> dict[str, Any]:
    guest = {"replica": 0, "measurer": {"pidns": 4026}, "load": {"restart": {}}}
    return {"contenders": [{"name": "c", "guests": [guest], "scenarios": {"restart": {}}}]}


def test_a_guest_that_did_what_was_left_has_no_part_in_the_restarts() -> None:
    """It bears the same number as the one in which something failed."""
    both = run()
    both["contenders"][0]["guests"].append(
        {"replica": 0, "measurer": {"pidns": 7777}, "load": {"deaths": {}}}
    )
    found = agreement(both, [sample()], parse(RUNNER.splitlines()))
    assert (found["restarts"], found["invented"], found["unmatched_kills"]) == (1, 0, 0)


def test_pids_that_come_round_within_a_restart_lead_in_no_circle() -> None:
    """220 forks 230 here, and 230 a new 220, all before the restart is over."""
    fork = " t-{0} [001] ..... {1}: sched_process_fork: comm=t pid={0} child_comm=t child_pid={2}"
    circle = [fork.format(220, "100.000260", 230), fork.format(230, "100.000270", 220)]
    seen = Guest(parse([*RUNNER.splitlines(), *circle]), 4026).seen(sample())
    assert seen.fork == 100_000_150_000


def test_a_runners_restart_is_told_apart() -> None:
    seen = Guest(parse(RUNNER.splitlines()), 4026).seen(sample())
    assert seen.kill == 100_000_010_000
    assert seen.death == 100_000_060_000
    assert seen.awake == 100_000_100_000
    assert seen.fork == 100_000_150_000
    assert seen.exec == 100_000_250_000


def test_a_daemon_begins_with_its_first_stamp() -> None:
    """Till then the kernel puts away what the process was before, say a run script's shell."""
    samples = [sample(begun_ns=100_000_262_000)]
    found = agreement(run(), samples, parse(RUNNER.splitlines()))
    assert (found["exec_us"]["c"]["median"], found["spawn_us"]["c"]["median"]) == (50, 38)
    assert found["unstamped"] == 0
    assert (found["spawn_spread"], found["spawn_apart_us"]) == (0, 0)
    split = {metric.metric: metric.median for metric in parts(samples)}
    assert split["restart_spawn"] == pytest.approx(0.038)
    assert sum(value or 0 for value in split.values()) == pytest.approx(0.3)


def test_a_daemon_whose_entry_point_has_no_stamp_begins_with_its_exec() -> None:
    samples = [sample(begun_ns=None)]
    found = agreement(run(), samples, parse(RUNNER.splitlines()))
    assert (found["spawn_us"], found["unstamped"]) == (found["exec_us"], 1)


def test_what_was_before_the_trace_is_not_held_against_it() -> None:
    """The part of a run that was interrupted amid its trace may have left none."""
    both, earlier = run(), sample(old_pid=8, new_pid=9, replica=1)
    guests = both["contenders"][0]["guests"]
    guests.append({**guests[0], "replica": 1})
    told = parse(RUNNER.splitlines())
    found = agreement(both, [earlier, sample()], told, before=(("c", 1),))
    assert (found["restarts"], found["invented"], found["unmatched_kills"]) == (1, 0, 0)
    assert "witness" not in earlier


def test_an_interrupted_run_keeps_what_the_kernel_saw(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And what is there of a part before stays."""
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "trace-1.txt").write_text("cut short")
    attached: list[str] = []
    monkeypatch.setattr(compare, "attach", lambda *given: attached.append(given[2]))

    @contextmanager
    def traced(output: Path, wanted: object) -> Iterator[module.Tracing]:
        taken = module.Tracing(output, tmp_path)
        try:
            yield taken
        finally:
            output.write_text(RUNNER)
            taken.lost = 0

    monkeypatch.setattr(compare, "tracing", traced)
    record, said = Record(tmp_path, {"contenders": []}), list[str]()
    with pytest.raises(KeyboardInterrupt), compare.witnessed(record, [], said.append):
        raise KeyboardInterrupt
    assert said == ["reading what the kernel saw"]
    assert attached == ["logs/trace-2.txt.gz"]
    assert sorted(each.name for each in (tmp_path / "logs").iterdir()) == [
        "trace-1.txt", "trace-2.txt.gz"
    ]  # fmt: skip


def test_a_daemon_that_detached_itself_is_followed_back_to_its_monitor() -> None:
    seen = Guest(parse(DETACHED.splitlines()), 4026).seen(sample(new_pid=22, up_ns=100_000_700_000))
    assert (seen.awake, seen.fork, seen.exec) == (
        100_000_090_000, 100_000_150_000, 100_000_250_000
    )  # fmt: skip


def test_who_executed_it_need_not_have_been_named() -> None:
    # Both forked and were gone before anybody could ask for their namespace.
    lines = [line for line in DETACHED.splitlines() if line[:8] not in ("#ns 220 ", "#ns 221 ")]
    restart = sample(new_pid=22, main_ns=100_000_600_000, up_ns=100_000_700_000)
    assert Guest(parse(lines), 4026).seen(restart).exec == 100_000_250_000
    found = agreement(run(), [restart], parse(lines))
    assert (found["restarts"], found["invented"], found["missing"]) == (1, 0, 0)


# Between the kill and the restart that a sample tells of, the floor of RUNNER's guest (200) starts
# one that is gone before anybody asks, and so does somebody else (300).
BRIEF = """
 f-200 [001] ..... 100.000110: sched_process_fork: comm=floor pid=200 child_comm=floor child_pid=215
 testd-215 [001] ..... 100.000120: sched_process_exec: filename=/t/testd pid=215 old_pid=215
 sh-300 [001] ..... 100.000130: sched_process_fork: comm=sh pid=300 child_comm=sh child_pid=310
 testd-310 [001] ..... 100.000140: sched_process_exec: filename=/t/testd pid=310 old_pid=310
""".strip("\n")


@pytest.mark.parametrize(
    ("asked", "missing", "unattributed"),
    [
        (["#ns 200 4026 1", "#ns 300 5555 300"], 1, 0),
        (["#ns 300 5555 300"], 0, 1),
        ([], 0, 2),
    ],
)
def test_who_was_gone_before_it_was_asked_was_where_its_parent_is(
    asked: list[str], missing: int, unattributed: int
) -> None:
    """So a restart that no sample has is not overlooked, and a bystander's is none."""
    told = parse([*RUNNER.splitlines(), *BRIEF.splitlines(), *asked])
    found = agreement(run(), [sample()], told)
    assert (found["missing"], found["unattributed"]) == (missing, unattributed)


def forks(*pairs: tuple[int, int], comm: str = "sh") -> bytes:
    line = "sched_process_fork: comm={2} pid={0} child_comm={2} child_pid={1}\n"
    return "".join(line.format(*pair, comm) for pair in pairs).encode()


def test_the_tracer_asks_the_nearest_that_is_still_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tracer, "named", lambda pid: f"#ns {pid}\n" if pid in (7, 40) else "")
    kin = tracer.ForkTable()
    assert kin.names(forks((7, 20), (20, 30))) == b""
    executed = b"sched_process_exec: filename=/srv/testd/testd pid=30 old_pid=30"
    assert kin.names(executed) == b"#ns 7\n"
    assert kin.names(forks((30, 40), (30, 50), comm="testd")) == b"#ns 40\n#ns 7\n"
    # A pid comes round, to one that its own child forked; nobody of them is there.
    assert kin.names(forks((50, 7), (7, 50), comm="testd")) == b"#ns 7\n#ns 7\n"
    assert kin.names(forks((60, 50), (50, 60), comm="testd")) == b""


def test_the_tracer_remembers_who_was_forked_lately(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tracer, "LATELY", 3)
    monkeypatch.setattr(tracer, "named", lambda pid: "")
    kin = tracer.ForkTable()
    kin.names(forks((1, 2), (1, 3), (1, 4), (1, 2), (1, 5)))
    assert sorted(kin.parents) == [2, 4, 5]


def test_a_restart_of_a_daemon_that_detached_itself_can_be_missing() -> None:
    lines = [line for line in DETACHED.splitlines() if line[:8] not in ("#ns 220 ", "#ns 221 ")]
    later = "\n".join(lines).replace(" 100.", " 101.").replace("22", "23")
    unseen = sample(new_pid=None, main_ns=None, up_ns=None, censored=True)
    seen = sample(kill_ns=101 * 10**9, new_pid=23, main_ns=101_000_600_000, up_ns=101_000_700_000)
    found = agreement(run(), [unseen, seen], parse([*lines, *later.splitlines()]))
    assert (found["restarts"], found["invented"], found["missing"]) == (1, 0, 1)


def test_a_pid_of_ours_that_was_anothers_before_is_not_ours_then() -> None:
    """Pids come round within a long run; each belongs to who was forked last with it."""
    another = """
 boot-1 [000] ..... 99.900000: sched_process_fork: comm=boot pid=1 child_comm=boot child_pid=220
 boot-220 [000] ..... 99.900100: sched_process_exec: filename=/srv/testd/testd pid=220 old_pid=220
#ns 220 5555 20
"""
    late = sample(kill_ns=99_800_000_000)
    found = agreement(run(), [late], parse(another.strip("\n").splitlines() + RUNNER.splitlines()))
    assert (found["restarts"], found["missing"], found["unattributed"]) == (1, 0, 0)


def test_only_restarts_are_witnessed() -> None:
    """Other scenarios end daemons in other ways, and more of them than they tell one by one."""
    found = agreement(run(), [sample(scenario="deaths")], parse(RUNNER.splitlines()))
    assert (found["restarts"], found["missing"], found["invented"]) == (0, 0, 0)


def test_agreement() -> None:
    found = agreement(run(), [sample()], parse(RUNNER.splitlines()))
    assert (found["restarts"], found["missing"], found["invented"]) == (1, 0, 0)
    assert found["kill_us"]["median"] == 10
    assert found["spawn_us"]["c"]["median"] == 50


def test_a_run_that_was_traced_in_parts_has_nothing_invented() -> None:
    first = sample()
    second = sample(kill_ns=200 * 10**9, main_ns=200 * 10**9 + 300_000, up_ns=None, replica=1)
    agreement(run(), [first], parse(RUNNER.splitlines()))
    both = run()
    guests = both["contenders"][0]["guests"]
    guests.append({**guests[0], "replica": 1})
    later = parse(RUNNER.replace(" 100.", " 200.").splitlines())
    found = agreement(both, [first, second], later, before=(("c", 0),))
    assert (found["restarts"], found["invented"], found["unmatched_kills"]) == (2, 0, 0)


def test_a_sample_that_the_kernel_did_not_see_is_invented() -> None:
    other = sample(new_pid=30, kill_ns=200 * 10**9, main_ns=201 * 10**9, up_ns=201 * 10**9)
    assert agreement(run(), [sample(), other], parse(RUNNER.splitlines()))["invented"] == 1


def test_a_restart_that_no_sample_has_is_missing() -> None:
    again = RUNNER + RUNNER.replace("220", "230").replace("100.0002", "100.0003")
    later = sample(new_pid=40, main_ns=100_000_900_000, up_ns=100_000_950_000, censored=True)
    found = agreement(run(), [sample(), later], parse(again.splitlines()))
    assert found["missing"] == 1


def test_the_parts_of_a_restart_add_up() -> None:
    samples = [sample()]
    Guest(parse(RUNNER.splitlines()), 4026).witness(samples)
    found = {metric.metric: metric.median for metric in parts(samples)}
    assert list(found) == [
        "restart_death", "restart_reaction", "restart_holdoff", "restart_child", "restart_spawn"
    ]  # fmt: skip
    assert sum(value or 0 for value in found.values()) == pytest.approx(0.3)


def test_a_supervisor_that_was_not_seen_to_wake_up_does_not_split_a_restart() -> None:
    """It may have run already: busy with something else, it was not woken by the death."""
    samples = [sample()]
    Guest(parse(RUNNER.replace("100.000100", " 99.000100").splitlines()), 4026).witness(samples)
    assert samples[0]["witness"]["fork"] is not None
    assert samples[0]["witness"]["awake"] is None
    assert parts(samples) == []


def test_a_mark_is_kept_with_its_stamp() -> None:
    (mark,) = parse(RUNNER.splitlines()).marks
    assert (mark.ns, mark.pid) == (100_000_600_000, 220)


def test_within_includes_both_ends() -> None:
    execs = parse(RUNNER.splitlines()).execs
    assert [each.pid for each in within(execs, 100_000_250_000, 100_000_255_000)] == [220, 998]
    assert within(execs, 100_000_250_001, 100_000_254_999) == []


def test_lines_of_other_events_are_none_of_ours() -> None:
    trace = parse(["", "# tracer: nop", "x-1 [000] ..... 1.000001: sched_wakeup: comm=x pid=1"])
    assert (trace.kills, trace.execs, trace.ends, trace.lost) == ([], [], [], 0)


def test_only_the_supervisors_own_awakenings_are_traced() -> None:
    assert "sched/sched_waking" not in events(())
    assert events(("b*", "a"))["sched/sched_waking"] == 'comm ~ "a" || comm ~ "b*"'


def test_guests_with_kernels_of_their_own_are_not_traced() -> None:
    class Machines:
        name = "libvirt"
        shares_kernel = False

    with pytest.raises(Problem, match="guests of libvirt have their own kernels") as caught:
        compare.check_traceable(cast(Provider, Machines()))
    assert caught.value.usage


def test_without_root_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert "root" in module.lack()
