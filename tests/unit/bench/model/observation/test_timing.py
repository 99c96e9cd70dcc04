"""How long scenarios wait for a contender, and how durations are written."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bench.model.observation.timing import (
    MARGIN,
    deadline,
    format_duration,
    format_elapsed,
    format_wait,
    has_long_limit,
    look_seconds,
    start_spacing,
)
from supervisors.contender import Contender, StartLimit

EVENT_DRIVEN = Contender("some", "runner", "default", pid1=False, setting="as packaged")
POLLER = replace(EVENT_DRIVEN, period=120.0)


def test_a_deadline_is_two_periods_and_a_margin_beyond_what_holds_a_service_back() -> None:
    assert deadline(EVENT_DRIVEN) == EVENT_DRIVEN.settled_uptime + MARGIN
    assert deadline(POLLER) == 240 + POLLER.settled_uptime + MARGIN


def test_a_service_that_is_held_back_for_longer_is_waited_for() -> None:
    """procServ starts a service that ended at once 15 s after its last start: a trial waits."""
    held_back = replace(EVENT_DRIVEN, settled_uptime=16.0)
    assert deadline(held_back) - deadline(EVENT_DRIVEN) == 14.75


def test_each_service_to_start_extends_the_deadline() -> None:
    assert deadline(EVENT_DRIVEN, services=10) == deadline(EVENT_DRIVEN) + 5


def test_a_look_takes_longer_than_the_period() -> None:
    assert look_seconds(POLLER) > 120


@pytest.mark.parametrize(
    ("limit", "is_long", "spacing"),
    [
        (None, False, EVENT_DRIVEN.settled_uptime),
        (StartLimit(5, 20.0), False, 5.0),
        (StartLimit(10, 120.0), True, EVENT_DRIVEN.settled_uptime),
    ],
)
def test_only_a_limit_of_short_window_is_kept_by_waiting(
    limit: StartLimit | None, is_long: bool, spacing: float
) -> None:
    limited = replace(EVENT_DRIVEN, start_limit=limit)
    assert has_long_limit(limited) == is_long
    assert start_spacing(limited) == spacing


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.0123, "12.3 ms"), (4.5, "4.5 s"), (99.9, "99.9 s"), (120.4, "120 s")]
)
def test_a_duration_has_the_digits_that_matter(seconds: float, text: str) -> None:
    assert format_duration(seconds) == text
    assert format_elapsed(0, round(seconds * 1e9)) == text


def test_a_wait_that_ended_before_it_was_seen_to_begin_is_none() -> None:
    assert format_wait(-0.0043) == "at once"
    assert format_wait(0.0043) == "after 4.3 ms"
