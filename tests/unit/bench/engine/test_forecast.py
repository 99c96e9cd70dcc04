"""How long a plan will take, by arithmetic alone."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from bench.engine.forecast import SET_UP, TEAR_DOWN, Places, forecast
from bench.model.observation.latency import SlottedKills


@dataclass(frozen=True)
class Work:
    seconds: float
    quiet_seconds: float = 0.0
    loud_seconds: float = 0.0
    alone_seconds: float = 0.0
    crowded_seconds: float = 0.0
    kills: SlottedKills | None = None


PLACES = Places(guests=4, set_ups=1, loud=2, crowded=1)
FEWER = Places(guests=3, set_ups=1, loud=2, crowded=1)


def test_no_jobs_take_no_time() -> None:
    assert forecast([], PLACES) == 0


def test_a_single_place_takes_the_sum() -> None:
    assert forecast([Work(3), Work(4, quiet_seconds=4)], Places(1, 1, 1, 1)) == 7


def test_guests_side_by_side_take_as_long_as_the_slowest() -> None:
    slowest_first = forecast([Work(100), Work(5), Work(5)], PLACES)
    assert slowest_first == pytest.approx(SET_UP + 100 + TEAR_DOWN)


def test_quiet_work_begins_when_all_guests_are_set_up() -> None:
    jobs = [Work(10, quiet_seconds=10), Work(5), Work(5), Work(5)]
    assert forecast(jobs, PLACES) == pytest.approx(4 * SET_UP + 10 + 4 * TEAR_DOWN)


def test_a_guest_beyond_the_places_waits_for_the_quiet_work_to_end() -> None:
    jobs = [*[Work(10, quiet_seconds=10)] * 4, Work(1)]
    ends = 4 * SET_UP + 10 + TEAR_DOWN + SET_UP + 1
    assert forecast(jobs, PLACES) == pytest.approx(ends + 4 * TEAR_DOWN)


def test_quiet_work_of_a_second_round_waits_until_that_round_is_set_up() -> None:
    """All of a round begin together, and the places of the first round come free together."""
    jobs = [Work(10, quiet_seconds=10)] * 8
    assert forecast(jobs, PLACES) == pytest.approx(8 * SET_UP + 20 + 8 * TEAR_DOWN)


def test_kills_wait_for_the_slots_of_their_guests() -> None:
    """A cycle of 100 slots takes 5 s, and a kill follows the one before after 2 to 3 s."""
    job = Work(25, quiet_seconds=25, kills=SlottedKills(10, 2.0, 3.0))
    places = Places(guests=100, set_ups=100, loud=2, crowded=1)
    alone, among = (forecast([job] * guests, places) for guests in (1, 100))
    assert among - alone == pytest.approx(10 * 2.5, rel=0.02)


def test_loud_work_keeps_to_its_places() -> None:
    jobs = [Work(60, loud_seconds=60)] * 4
    assert forecast(jobs, PLACES) == pytest.approx(2 * SET_UP + 120 + TEAR_DOWN)


def test_guests_that_take_much_memory_keep_to_their_places() -> None:
    jobs = [Work(30, crowded_seconds=20)] * 3
    assert forecast(jobs, PLACES) == pytest.approx(SET_UP + 10 + 3 * 20 + TEAR_DOWN)


def test_guests_that_take_much_memory_go_on_beside_the_others() -> None:
    """They have one of the four places; the others share the three that are left."""
    crowded, others = [Work(30, crowded_seconds=20)] * 3, [Work(100)] * 6
    assert forecast([*crowded, *others], PLACES) == pytest.approx(forecast(others, FEWER))
    slow = [Work(300, crowded_seconds=20)] * 3
    assert forecast([*slow, *others], PLACES) == pytest.approx(3 * (SET_UP + 300 + TEAR_DOWN))


def test_a_guest_that_is_done_before_the_quiet_work_leaves_its_place() -> None:
    """Its work ends before the last of the others is set up, and so does its teardown."""
    jobs = [Work(0.5), *[Work(10, quiet_seconds=10)] * 4]
    assert forecast(jobs, PLACES) == pytest.approx(5 * SET_UP + 10 + 5 * TEAR_DOWN)


def test_what_takes_all_processors_is_alone() -> None:
    """Storms follow one another, and loud work follows them."""
    storms = [Work(14, alone_seconds=10), Work(14, alone_seconds=10)]
    ready = 2 * SET_UP + 4
    assert forecast(storms, PLACES) == pytest.approx(ready - SET_UP + 20 + 2 * TEAR_DOWN)
    loud = Work(30, loud_seconds=30)
    assert forecast([*storms, loud], PLACES) > 2 * 10 + 30
