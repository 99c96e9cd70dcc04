"""Trials: each kill is followed by a sample of the restart, whatever disturbs."""

from __future__ import annotations

import itertools
import os
import sys
from pathlib import Path

import pytest

from tests.support.restarts import (
    AWAIT,
    KILL,
    LONG,
    SECOND,
    SHORT,
    assert_complete,
    assert_entry_stamp,
    assert_restarted,
    group,
    trials,
)
from tests.support.sandbox import Event, Sandbox, pythons


@pytest.mark.parametrize("python", pythons())
@pytest.mark.parametrize("without_pidfd", [False, True])
def test_each_kill_gives_a_sample_of_its_restart(
    sandbox: Sandbox, python: str, without_pidfd: bool
) -> None:
    floor = sandbox.start_floor("s1")
    result = sandbox.measure(
        AWAIT, trials(LONG, SHORT, warmup=2), python=python, without_pidfd=without_pidfd
    )
    assert_complete(result)
    hello = result.events[0]
    assert (hello["method"] == "proc polling") == without_pidfd
    samples = result.all("sample")
    for sample in samples:
        assert_restarted(sample)
        assert sample["new_ppid"] == floor.pid
    for earlier, later in itertools.pairwise(samples):
        assert later["old_pid"] == earlier["new_pid"]
        assert later["old_main_ns"] == earlier["main_ns"]
    real = [sample for sample in samples if not sample["warmup"]]
    assert sorted(sample["group"] for sample in real) == ["long"] * 4 + ["short"] * 3
    assert len([s for s in samples if s["warmup"] and s["group"] == "long"]) == 2
    for sample in real:
        assert sample["uptime_ns"] >= sample["drawn_s"] * SECOND


def test_groups_are_mixed_and_a_seed_repeats_their_order(sandbox: Sandbox) -> None:
    sandbox.start_floor("s1")
    many = (group("a", 8, 0, 0.01, fresh=False), group("b", 8, 0, 0.01, fresh=False))
    drawn = []
    for python, seed in [(python, 7) for python in pythons()] + [(sys.executable, 7)]:
        result = sandbox.measure(trials(*many), python=python, seed=seed)
        drawn.append([(s["group"], s["drawn_s"]) for s in result.all("sample")])
    assert drawn.count(drawn[0]) == len(drawn)
    other = sandbox.measure(trials(*many), seed=8)
    assert [(s["group"], s["drawn_s"]) for s in other.all("sample")] != drawn[0]
    names = [name for name, _ in drawn[0]]
    assert names != sorted(names)
    assert names != sorted(names, reverse=True)
    assert len({value for _, value in drawn[0]}) == 16


def test_fresh_trials_get_a_fresh_start(sandbox: Sandbox) -> None:
    sandbox.start_floor("s1")
    sandbox.await_pid()
    # The service has been up for longer than the short group wants.
    result = sandbox.measure({"do": "watch", "seconds": 0.3}, trials(SHORT))
    samples = result.all("sample")
    assert samples[0]["group"] == "fresh"
    assert samples[0]["warmup"]
    short = [sample for sample in samples if sample["group"] == "short"]
    assert len(short) == 3
    for sample in short:
        assert not sample["warmup"]
        assert sample["drawn_s"] == 0.1


def test_a_trial_waits_for_readiness_if_told_to(sandbox: Sandbox) -> None:
    sandbox.start_floor("--ready", "fd:2", "--ready-after", "20", "s1")
    result = sandbox.measure(AWAIT, trials(LONG, ready=True))
    for sample in result.all("sample"):
        assert_restarted(sample)
        assert sample["up_ns"] < sample["ready_ns"]


def test_restarts_of_a_daemonizing_service(sandbox: Sandbox, tmp_path: Path) -> None:
    pidfile = tmp_path / "s1.pid"
    # A monitor in shell: starts it again whenever the pid file's process is gone.
    sandbox.start_shell_supervisor(
        f"while kill -0 $(cat {pidfile}) 2>/dev/null; do sleep 0.01; done",
        *("--daemonize", "--pidfile", str(pidfile), "s1"),
    )
    result = sandbox.measure(AWAIT, trials(LONG))
    assert_complete(result)
    samples = result.all("sample")
    assert len(samples) == 4
    for sample in samples:
        assert_restarted(sample)
    assert int(pidfile.read_text()) == samples[-1]["new_pid"]


def test_one_unexpected_restart_spoils_no_sample(sandbox: Sandbox) -> None:
    sandbox.start_floor("s1")
    (sandbox.dir / "s1.mode").write_text("--exit-after 100")
    wait = "while [ $(od -An -tu8 -N8 {0}) -lt {1} ]; do sleep 0.01; done; rm -f {2}"
    command = wait.format(sandbox.dir / "s1.count", 3, sandbox.dir / "s1.mode")
    sandbox.start("/bin/sh", "-c", command)
    result = sandbox.measure(AWAIT, trials(group("long", 3, 0.5, 0.6, fresh=False)))
    assert_complete(result)
    for sample in result.all("sample"):
        assert_restarted(sample)
    assert len(result.all("sample")) == 3


@pytest.mark.parametrize("without_pidfd", [False, True])
def test_an_end_that_was_not_observed_spoils_no_sample(
    sandbox: Sandbox, without_pidfd: bool
) -> None:
    floor = sandbox.start_floor("s1")
    old_enough: Event = {"do": "sleep", "seconds": 0.3}  # for a fresh trial to start with a kill
    unheard: Event = {"do": "cpu_mark", "root": [floor.pid]}
    result = sandbox.measure(
        AWAIT, old_enough, KILL, unheard, trials(SHORT), without_pidfd=without_pidfd
    )
    assert_complete(result)
    assert result.all("gaveup") == []
    samples = result.all("sample")
    assert len([s for s in samples if not s["warmup"]]) == 3
    for sample in samples:
        assert_restarted(sample)


def test_other_services_are_reported_and_spoil_no_sample(sandbox: Sandbox) -> None:
    (sandbox.dir / "s2.mode").write_text("--exit-after 50")
    sandbox.start_floor_of("s1", "s2")
    result = sandbox.measure(AWAIT, trials(group("long", 5, 0.1, 0.2, fresh=False)))
    assert_complete(result)
    for sample in result.all("sample"):
        assert_restarted(sample)
    by_line = [event for event in result.all("start") if event["by"] == "line"]
    assert {event["service"] for event in by_line} == {"s2"}
    assert result.all("unexpected") == []


def test_a_restart_whose_line_is_lost_is_known_by_the_record(sandbox: Sandbox) -> None:
    """The restart happened, though its line did not arrive: not censored."""
    sandbox.start_floor("s1")
    sandbox.await_pid()
    os.mkfifo(sandbox.dir / "stamps")
    steal = f"rm {sandbox.dir}/stamps"
    result = sandbox.measure(
        AWAIT,
        {"do": "run", "command": steal, "deadline": 20},
        trials(group("long", 2, 0, 0.01, fresh=False), deadline=0.5),
    )
    assert_complete(result)
    samples = result.all("sample")
    assert [(s["censored"], s["by"]) for s in samples] == [(False, "record")] * 2
    for sample in samples:
        assert_entry_stamp(sample)
    assert samples[-1]["lost"] >= 2
