"""Each rule that events other than trials must keep to."""

from __future__ import annotations

from typing import Any

import pytest

from bench.model.steps import Step
from provision.errors import Problem
from tests.support.samples.event_streams import (
    BEGIN,
    SECOND,
    Fields,
    end,
    hello,
    instance,
    lines,
    open_stream,
    snapshot,
    step,
)

MS = 1_000_000
BEGUN = BEGIN + 1000  # the only step
DONE = BEGIN + 10 * SECOND
SERVICES = ["s1", "s2"]
STEPS: dict[str, Step] = {
    "await": {"do": "await", "services": SERVICES, "deadline": 10},
    "end": {"do": "end", "service": "s1", "deadline": 10},
    "starts": {"do": "starts", "service": "s1", "seconds": 2},
    "storm": {"do": "storm", "services": SERVICES, "deadline": 10},
    "gather": {"do": "gather", "services": SERVICES, "new": ["s2"], "stall": 5},
    "reap": {"do": "reap", "comm": "testd-orphan", "deadline": 10},
    "mode": {"do": "mode", "service": "s1", "text": ""},
    "run": {"do": "run", "command": "true", "deadline": 10},
    "signal": {"do": "signal", "target": "service:s1", "signal": 9},
    "snapshot": {"do": "snapshot"},
    "footprint": {"do": "footprint", "services": 1, "root": [1]},
    "cpu": {"do": "cpu", "window": 1, "root": [1]},
    "cpu_mark": {"do": "cpu_mark", "root": [1]},
    "watch": {"do": "watch", "seconds": 1},
}
_WINDOW = {"begin_ns": BEGUN + MS, "end_ns": BEGUN + 9 * SECOND}
_USAGE = {"cpu_ns": -1, "ticks_ns": 0, "reaped_ns": 0, "voluntary": 1, "involuntary": 0}
_SIZES = dict.fromkeys(
    ("VmPeak", "VmHWM", "VmRSS", "Pss", "Private_Dirty", "Private_Clean", "Swap", "threads", "fds"),
    1,
)


def kill(service: str, **more: object) -> Fields:
    """Return one kill of a storm."""
    return {"service": service, "old_pid": 3, "kill_ns": BEGUN + 2 * MS, "exit_ns": BEGUN + 3 * MS,
            "new_pid": 9, "main_ns": BEGUN + 4 * MS, "by": "line", "again": 1, **more}  # fmt: skip


def honest_results() -> dict[str, Fields]:
    """Return a true event of each kind that is a step's result, by its step."""
    return {
        "end": {"event": "alive", "service": "s1", "deadline_s": 10.0, "ns": DONE - 1,
                "pids": [4]},
        "starts": {"event": "starts", "service": "s1", **_WINDOW, "total": 3, "lost": 0,
                   "per_second": [3, 0], "first": [BEGUN - 5, BEGUN + 5], "last": [BEGUN + 6]},
        "storm": {"event": "storm", **_WINDOW, "deadline_s": 10.0, "asked": 2,
                  "killed": [kill("s1"), kill("s2", new_pid=None, main_ns=None, by=None)]},
        "gather": {"event": "gathered", **_WINDOW, "asked": 2, "down": 1, "missing": ["s2"],
                   "first_ns": BEGUN - 5, "last_ns": BEGUN + 5, "stall_s": 5.0, "starts": 3,
                   "lost": 1},
        "reap": {"event": "reaped", "comm": "testd-orphan", **_WINDOW, "made_ns": None, "left": 0,
                 "zombies": 0, "most_zombies": 7, "looks": 3, "deadline_s": 10},
        "mode": {"event": "mode", "service": "s1", "text": "", "ns": DONE - 1},
        "run": {"event": "ran", "command": "true", **_WINDOW, "rc": None, "output": "\x1b[2J",
                "output_bytes": 4},
        "signal": {"event": "signalled", "target": "service:s1", "signal": 9, "pids": [4],
                   "refused": [{"pid": 5, "why": "No such process"}], **_WINDOW},
        "snapshot": snapshot(DONE - 1, BEGUN),
        "footprint": {"event": "footprint", "ns": DONE - 1, "label": "", "services": 1,
                      "processes": [{**_SIZES, "pid": 1, "ppid": 0, "name": "a", "argv": []}],
                      "total": {**_SIZES, "processes": 1}, "vanished": 0, "method": "smaps"},
        "cpu": {"event": "cpu", "label": "", **_WINDOW, "total": _USAGE, "processes": 1,
                "came": [], "went": [], "method": "ticks"},
        "cpu_mark": {"event": "cpu_mark", "label": "", **_WINDOW, "total": _USAGE,
                     "processes": [], "method": "ticks"},
    }  # fmt: skip


def rejected(do: str, *events: Fields, services: Any = SERVICES) -> dict[str, int]:
    """Return what is rejected of events of one step, by reason."""
    stream = open_stream([STEPS[do]], services)
    for line in lines([hello(), step(0, do, BEGUN), *events, end(DONE)]):
        stream.add(line)
    return stream.rejections.by_reason()


@pytest.mark.parametrize("do", sorted(honest_results()))
def test_an_honest_result_is_accepted(do: str) -> None:
    assert rejected(do, honest_results()[do]) == {}


@pytest.mark.parametrize("do", sorted(set(honest_results()) - {"end"}))
@pytest.mark.probe("hostile")
def test_a_step_without_its_result_is_counted(do: str) -> None:
    assert rejected(do) == {"a step without its result": 1}


@pytest.mark.parametrize("do", sorted(set(honest_results()) - {"end"}))
@pytest.mark.probe("hostile")
def test_a_second_result_is_rejected(do: str) -> None:
    result = honest_results()[do]
    assert rejected(do, result, result) == {"a second result of one step": 1}


@pytest.mark.parametrize("do", sorted(honest_results()))
@pytest.mark.probe("hostile")
def test_a_result_of_another_step_is_rejected(do: str) -> None:
    assert rejected("watch", honest_results()[do]) == {"an event of another step": 1}


@pytest.mark.parametrize("do", sorted(honest_results()))
@pytest.mark.probe("hostile")
def test_a_result_that_lacks_a_key_is_rejected(do: str) -> None:
    whole = honest_results()[do]
    for key in set(whole) - {"event"}:
        broken = {name: value for name, value in whole.items() if name != key}
        assert rejected(do, broken) == {"a key that is missing or has a wrong value": 1}, key


@pytest.mark.parametrize(
    ("do", "changed", "reason"),
    [
        ("end", {"service": "s3"}, "an unknown service"),
        ("end", {"ns": BEGIN - 1}, "a stamp that lies before an earlier one"),
        ("starts", {"service": "s3"}, "an unknown service"),
        ("starts", {"end_ns": BEGUN}, "an end before its begin"),
        ("starts", {"begin_ns": BEGUN - 1}, "an end before its begin"),
        ("starts", {"total": 4}, "a wrong count"),
        ("starts", {"total": -1, "per_second": [-1]}, "a wrong count"),
        ("starts", {"lost": -1}, "a wrong count"),
        ("starts", {"first": [BEGUN + 5, BEGUN - 5]}, "a wrong count"),
        ("starts", {"last": [DONE + 5]}, "a wrong count"),
        ("starts", {"first": [BEGUN] * 9}, "a wrong count"),
        ("storm", {"killed": [kill("s1"), kill("s1")]}, "an unknown service"),
        ("storm", {"killed": [kill("s3")]}, "an unknown service"),
        ("storm", {"asked": 3}, "a wrong count"),
        ("storm", {"killed": [kill("s1", main_ns=BEGUN)]},
         "a kill, an end or a start out of its storm"),
        ("storm", {"killed": [kill("s1", main_ns=DONE + 1)]},
         "a kill, an end or a start out of its storm"),
        ("storm", {"killed": [kill("s1", exit_ns=BEGUN)]},
         "a kill, an end or a start out of its storm"),
        ("storm", {"killed": [kill("s1", kill_ns=BEGUN - 1)]},
         "a kill, an end or a start out of its storm"),
        ("storm", {"killed": [kill("s1", new_pid=None)]},
         "a kill, an end or a start out of its storm"),
        ("storm", {"killed": [kill("s1", again=-1)]},
         "a kill, an end or a start out of its storm"),
        ("gather", {"down": -1}, "a wrong count"),
        ("gather", {"down": 3}, "a wrong count"),
        ("gather", {"first_ns": None}, "an end before its begin"),
        ("gather", {"last_ns": BEGUN - 6}, "an end before its begin"),
        ("reap", {"left": -1}, "a wrong count"),
        ("reap", {"end_ns": BEGUN}, "an end before its begin"),
        ("mode", {"service": "s3"}, "an unknown service"),
        ("run", {"begin_ns": BEGIN}, "an end before its begin"),
        ("signal", {"end_ns": BEGUN}, "an end before its begin"),
        ("cpu", {"end_ns": BEGUN}, "an end before its begin"),
        ("cpu_mark", {"begin_ns": BEGUN - 1}, "an end before its begin"),
    ],
)  # fmt: skip
@pytest.mark.probe("hostile")
def test_a_false_result_is_rejected(do: str, changed: dict[str, Any], reason: str) -> None:
    result = {**honest_results()[do], **changed}
    assert rejected(do, result) == {reason: 1}


@pytest.mark.probe("hostile")
def test_a_result_from_after_the_end_makes_the_end_a_false_one() -> None:
    with pytest.raises(Problem, match="a stamp that lies before an earlier one"):
        rejected("end", {**honest_results()["end"], "ns": DONE + 1})


@pytest.mark.probe("hostile")
def test_a_snapshot_of_an_unknown_service_is_rejected() -> None:
    assert rejected("snapshot", snapshot(DONE - 1, BEGUN), services=["s2"]) == {
        "an unknown service": 1
    }


@pytest.mark.probe("hostile")
def test_a_record_with_a_stamp_later_than_the_snapshot_is_rejected() -> None:
    assert rejected("snapshot", snapshot(DONE - 1, DONE)) == {"a stamp of the future": 1}


@pytest.mark.parametrize(
    ("kind", "more", "reason"),
    [
        ("start", {}, None),
        ("gone", {}, None),
        ("start", {"service": "s3"}, "an unknown service"),
        ("start", {"pid": 0}, "an impossible process"),
        ("start", {"seq": 0}, "an impossible process"),
        ("start", {"up_ns": BEGUN}, "a daemon that is up before it starts"),
        ("start", {"seen_ns": BEGUN + MS}, "a stamp of the future"),
        ("gone", {"seen_ns": BEGUN + MS}, "a stamp of the future"),
        ("start", {"main_ns": BEGIN - 9, "seen_ns": BEGUN - 1}, "an event from before its step"),
        ("start", {"seen_ns": DONE + SECOND}, "a stamp of the future"),
        ("ready", {"ready_ns": BEGUN + 3 * MS}, None),
        ("ready", {"ready_ns": DONE}, "a stamp of the future"),
        ("exit", {"exit_ns": BEGUN + 3 * MS, "chatted": 3}, None),
        ("exit", {"exit_ns": DONE}, "a stamp of the future"),
        ("left", {"left_ns": BEGUN + 3 * MS}, None),
        ("left", {"left_ns": DONE}, "a stamp of the future"),
        ("back", {}, "an event of another step"),
    ],
)
@pytest.mark.probe("hostile")
def test_a_false_event_of_a_daemon_is_rejected(
    kind: str, more: dict[str, Any], reason: str | None
) -> None:
    event = {**instance(kind, BEGUN + 2 * MS, seen_ns=BEGUN + 4 * MS), **more}
    assert rejected("watch", event) == ({reason: 1} if reason else {})


def test_a_line_of_an_unknown_instance_is_accepted() -> None:
    line = {"event": "exit", "service": "s1", "pid": 7, "seq": 3, "exit_ns": BEGUN + MS,
            "seen_ns": BEGUN + 2 * MS}  # fmt: skip
    assert rejected("watch", line) == {}


def test_a_service_that_was_removed_is_known_while_its_daemon_lives_on() -> None:
    start = instance("start", BEGUN + 2 * MS, service="s9", seen_ns=BEGUN + 4 * MS)
    assert rejected("watch", start, services=["s1", "s9"]) == {}
