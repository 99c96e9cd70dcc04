"""Queries for the samples that a verdict rests on."""

from __future__ import annotations

from bench.model.events import DOWN, UP, Event
from bench.model.events.program import ServiceDown, ServiceEvent
from bench.model.observation.evidence import number_samples, numbers

_FIRST: ServiceEvent = {"event": "up", "act": "before", "service": "s1"}
_DOWN: ServiceDown = {"event": "down", "act": "after", "service": "s2"}
_OTHER: ServiceEvent = {"event": "up", "act": "after", "service": "s2"}
_LAST: ServiceEvent = {"event": "up", "act": "after", "service": "s1"}
EVENTS: list[Event] = [_FIRST, _DOWN, _OTHER, _LAST]
NUMBERED = number_samples(EVENTS)


def test_all_gives_the_events_of_a_kind_with_their_numbers() -> None:
    assert NUMBERED.all(UP) == [(0, _FIRST), (2, _OTHER), (3, _LAST)]


def test_fields_must_have_the_values() -> None:
    assert NUMBERED.all(UP, service="s1") == [(0, _FIRST), (3, _LAST)]
    assert NUMBERED.all(UP, service="s9") == []


def test_first_and_last_are_oldest_and_newest() -> None:
    assert NUMBERED.first(UP) == (0, _FIRST)
    assert NUMBERED.last(UP) == (3, _LAST)
    assert NUMBERED.first(UP, service="s9") is NUMBERED.last(UP, service="s9") is None


def test_a_stage_keeps_the_numbers_of_the_whole() -> None:
    assert NUMBERED.of_stage("after").first(UP) == (2, _OTHER)


def test_a_stage_that_was_not_reached_is_empty() -> None:
    assert NUMBERED
    assert not NUMBERED.of_stage("nowhere")


def test_numbers_are_ascending_and_without_repetition() -> None:
    last, down = NUMBERED.last(UP), NUMBERED.first(DOWN)
    assert numbers(last, down, NUMBERED.all(UP), None) == (0, 1, 2, 3)
