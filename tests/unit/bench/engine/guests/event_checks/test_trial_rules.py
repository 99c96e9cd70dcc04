"""Each rule that a trial must keep to: the honest measurement passes, one false value does not."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.samples.event_streams import (
    BEGIN,
    SECOND,
    Fields,
    censored,
    honest_events,
    instance,
    lines,
    open_stream,
    trial,
)

FIRST = 7  # place of the first trial among the events
KILL = BEGIN + 8 * SECOND  # of the second trial
MS = 1_000_000


def rejected(events: list[Fields]) -> dict[str, int]:
    """Return what is rejected of these events, by reason."""
    stream = open_stream()
    for line in lines(events):
        stream.add(line)
    assert stream.is_complete
    return stream.rejections.by_reason()


def with_trial(number: int, **changed: Any) -> list[Fields]:
    """Return the honest measurement with other values in one trial."""
    events = honest_events()
    events[FIRST + number] = {**events[FIRST + number], **changed}
    return events


def test_an_honest_measurement_is_accepted_as_it_is() -> None:
    stream = open_stream()
    for line in lines(honest_events()):
        stream.add(line)
    assert stream.events == honest_events()
    assert stream.rejections.by_reason() == {}


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"main_ns": KILL - 5 * MS, "begun_ns": None}, "a start before its kill"),
        ({"service": "s2"}, "an unknown service"),
        ({"signal": 15}, "a trial that the plan does not have"),
        ({"deadline_s": 1.0}, "a trial that the plan does not have"),
        ({"group": "short"}, "a trial that the plan does not have"),
        ({"drawn_s": 0.5}, "a trial that the plan does not have"),
        ({"group": "fresh"}, "a trial that the plan does not have"),
        ({"censored": True}, "a censored trial with a successor, or none without"),
        ({"main_ns": None}, "a censored trial with a successor, or none without"),
        ({"new_pid": None}, "a censored trial with a successor, or none without"),
        ({"up_ns": KILL + MS}, "a daemon that is up before it starts"),
        ({"begun_ns": KILL + 9 * MS}, "a daemon that is up before it starts"),
        ({"ready_ns": KILL + MS}, "a daemon that is ready before it starts"),
        ({"exit_ns": KILL - 1}, "an end before its kill"),
        ({"old_main_ns": KILL + 1}, "a kill before the daemon's start"),
        ({"uptime_ns": 9 * SECOND}, "an uptime that is not the daemon's"),
        ({"uptime_ns": SECOND, "old_main_ns": KILL - SECOND}, "an uptime that is not the daemon's"),
        ({"at_ns": KILL + 1}, "a kill before its time"),
        ({"trial": 0}, "a trial out of order"),
        ({"seq": 2}, "a successor older than the killed daemon"),
        ({"warmup": True}, "a false warm-up"),
        ({"old_pid": 0}, "an impossible process"),
        ({"new_pid": -1}, "an impossible process"),
        ({"main_ns": KILL + 3600 * 2400 * SECOND, "up_ns": KILL + 3600 * 2400 * SECOND},
         "a stamp of the future"),
        ({"kill_ns": "soon"}, "a key that is missing or has a wrong value"),
        ({"kill_ns": float("nan")}, "no JSON object"),
        ({"kill_ns": float("inf")}, "no JSON object"),
        ({"kill_ns": -5}, "a key that is missing or has a wrong value"),
        ({"kill_ns": 1 << 63}, "a key that is missing or has a wrong value"),
        ({"kill_ns": 1 << 64}, "a key that is missing or has a wrong value"),
        ({"kill_ns": 10**400}, "a key that is missing or has a wrong value"),
        ({"kill_ns": 1.5}, "a key that is missing or has a wrong value"),
        ({"kill_ns": None}, "a key that is missing or has a wrong value"),
        ({"kill_ns": True}, "a key that is missing or has a wrong value"),
        ({"kill_ns": [KILL]}, "a key that is missing or has a wrong value"),
        ({"censored": 0}, "a key that is missing or has a wrong value"),
        ({"contender": "floor/runner/default/pid1"}, "a key that only the suite sets"),
        ({"replica": 7}, "a key that only the suite sets"),
        ({"scenario": "crashloop"}, "a key that only the suite sets"),
        ({"witness": {}}, "a key that only the suite sets"),
    ],
)  # fmt: skip
@pytest.mark.probe("hostile")
def test_a_false_trial_is_rejected_and_the_others_stay(
    changed: dict[str, Any], reason: str
) -> None:
    stream = open_stream(hours=1000)
    events = with_trial(1, **changed)
    for line in lines(events):
        stream.add(line)
    assert stream.rejections.by_reason() == {reason: 1}
    assert stream.rejections.trials.total() == (0 if reason == "no JSON object" else 1)
    assert stream.events == [*events[: FIRST + 1], *events[FIRST + 2 :]]


@pytest.mark.parametrize("key", sorted(trial(1, KILL, MS)))
@pytest.mark.probe("hostile")
def test_a_trial_without_one_of_its_keys_is_rejected(key: str) -> None:
    events = honest_events()
    del events[FIRST + 1][key]
    reasons = {"event": "no JSON object"}
    assert rejected(events) == {reasons.get(key, "a key that is missing or has a wrong value"): 1}


@pytest.mark.probe("hostile")
def test_a_trial_that_comes_twice_is_rejected_once() -> None:
    events = honest_events()
    assert rejected([*events[:9], events[8], *events[9:]]) == {"a trial out of order": 1}


@pytest.mark.probe("hostile")
def test_trials_in_another_order_are_rejected() -> None:
    events = honest_events()
    events[8], events[9] = events[9], events[8]
    assert rejected(events) == {"a trial out of order": 1}


@pytest.mark.probe("hostile")
def test_a_trial_beyond_the_plan_is_rejected() -> None:
    events = honest_events((4 * MS,) * 6)
    assert rejected(events) == {"more trials than planned": 1}


@pytest.mark.probe("hostile")
def test_trials_that_are_left_out_are_counted() -> None:
    events = honest_events()
    assert rejected(events[:8] + events[10:]) == {"a planned trial without a sample": 2}


@pytest.mark.probe("hostile")
def test_a_successor_that_starts_after_the_next_kill_is_of_the_future() -> None:
    late = 5 * SECOND
    events = with_trial(1, main_ns=KILL + late, up_ns=KILL + late + 100, begun_ns=None)
    stream = open_stream()
    for line in lines(events):
        stream.add(line)
    assert stream.rejections.by_reason() == {"a stamp of the future": 1}
    assert events[FIRST + 1] not in stream.events


@pytest.mark.probe("hostile")
def test_a_last_successor_that_starts_after_the_end_is_of_the_future() -> None:
    kill = BEGIN + 20 * SECOND
    late = with_trial(4, main_ns=kill + 2 * SECOND, up_ns=kill + 2 * SECOND, begun_ns=None)
    assert rejected(late) == {"a stamp of the future": 1}


def test_what_a_supervisor_may_do_is_no_falsehood() -> None:
    began = BEGIN + 8 * SECOND + 4 * MS
    events = honest_events()
    seen = began + 30 * MS
    behaviour = [
        # It starts the daemon twice, and one of the two ends by itself.
        instance("unexpected", began + 10 * MS, seq=4, pid=99, seen_ns=seen, what="start"),
        instance("unexpected", began + 10 * MS, seq=4, pid=99, seen_ns=seen, what="gone"),
        instance("back", began, seq=5, missed=3),
        {"event": "noise", "seen_ns": seen, "text": "\x00 hello"},
    ]
    events[9:9] = behaviour
    # A start known by the record alone, after lost lines, without a stamp at the entry.
    events[13] |= {"by": "record", "starts_missed": 4, "begun_ns": None, "lost": 7, "seq": 9}
    assert rejected(events) == {}


def test_censored_trials_and_giving_up_are_no_falsehood() -> None:
    kill = BEGIN + 8 * SECOND
    given_up = {"event": "gaveup", "service": "s1", "trial": 2, "remaining": 3,
                "why": "the service does not come back", "patience_s": 15.0}  # fmt: skip
    events = honest_events()
    assert rejected([*events[:8], censored(1, kill), given_up, events[-1]]) == {}


def test_a_kill_for_a_fresh_start_is_no_falsehood() -> None:
    fresh = trial(1, KILL - SECOND, MS, group="fresh", warmup=True, drawn_s=0.0)
    events = honest_events()
    assert rejected([*events[:8], fresh, *events[8:]]) == {}


@pytest.mark.parametrize("remaining", [0, 2, 9])
@pytest.mark.probe("hostile")
def test_giving_up_with_another_number_of_trials_is_rejected(remaining: int) -> None:
    given_up = {"event": "gaveup", "service": "s1", "trial": 2, "remaining": remaining,
                "why": "", "patience_s": 15.0}  # fmt: skip
    events = honest_events()
    stream = open_stream()
    for line in lines([*events[:9], given_up, events[-1]]):
        stream.add(line)
    assert "a trial that the plan does not have" in stream.rejections.by_reason()
