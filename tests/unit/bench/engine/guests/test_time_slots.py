"""Which guest may kill when: slots of time that are dealt each time that measurements begin."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import pytest

from bench.engine.guests.time_slots import ONLY_SLOT, TimeSlots, deal_slots
from bench.model.observation.latency import SLOT_WIDTH, SlottedKills
from bench.model.scenario import Slot

MANY, FEW = SlottedKills(31, 2.0, 3.0), SlottedKills(5, 10.0, 11.0)
BUSY = replace(MANY, slots=5)


def check_apart(slots: Sequence[Slot]) -> None:
    """Check that no two of them are ever the same instant."""
    whole = math.lcm(*(count for _, count in slots))
    instants = [place for index, count in slots for place in range(index, whole, count)]
    assert len(instants) == len(set(instants)) <= whole
    assert all(0 <= index < count for index, count in slots)


def seconds(kills: SlottedKills, slots: int) -> float:
    return kills.number * (kills.low + kills.high) / 2 + kills.wait(slots)


@pytest.mark.parametrize(
    "kills",
    [[MANY], [FEW], [MANY] * 3, [MANY] * 70 + [FEW] * 90, [FEW] * 160, [MANY, *[FEW] * 100]],
    ids=lambda kills: f"{len(kills)} guests",
)
def test_no_two_guests_have_the_same_slot(kills: list[SlottedKills]) -> None:
    slots = deal_slots(kills)
    assert len(slots) == len(kills)
    check_apart(slots)


def test_nobody_gets_no_slots() -> None:
    assert deal_slots([]) == []


def test_a_guest_alone_waits_for_nobody() -> None:
    assert deal_slots([MANY]) == [ONLY_SLOT]


def test_guests_of_the_same_kills_share_evenly() -> None:
    assert sorted(deal_slots([MANY] * 100)) == [(index, 100) for index in range(100)]


def test_guests_of_many_kills_have_several_slots_of_those_that_have_few() -> None:
    kills = [MANY] * 70 + [FEW] * 90
    slots = deal_slots(kills)
    last = max(seconds(each, count) for each, (_, count) in zip(kills, slots, strict=True))
    equal = max(seconds(each, len(kills)) for each in kills)
    least = MANY.number * SLOT_WIDTH * 70  # the kills of MANY alone, in every slot there is
    assert least < last < 0.65 * equal


@pytest.mark.parametrize(
    "kills",
    [
        [BUSY],
        [MANY, BUSY],
        [BUSY] * 3,
        [MANY] * 100 + [BUSY] * 5,
        [FEW] * 90 + [BUSY] * 5 + [MANY] * 70,
        [replace(FEW, slots=3)] * 7 + [MANY] * 40,
    ],
    ids=lambda kills: f"{len(kills)} guests",
)
def test_nobody_kills_while_a_long_restart_keeps_the_processors_busy(
    kills: list[SlottedKills],
) -> None:
    slots = deal_slots(kills)
    taken = [
        ((index + after) % count, count)
        for each, (index, count) in zip(kills, slots, strict=True)
        for after in range(each.slots)
    ]
    check_apart(taken)


def test_those_that_are_set_up_are_dealt_slots_before_they_wait_for_them() -> None:
    slots = TimeSlots()
    with slots.wanted("a", MANY), slots.wanted("b", MANY), slots.wanted("poller", None):
        slots.deal()
        assert {slots.slot_of("a"), slots.slot_of("b")} == {(0, 2), (1, 2)}
        with pytest.raises(KeyError):
            slots.slot_of("poller")


def test_a_guest_that_has_killed_is_dealt_no_slot_again() -> None:
    slots = TimeSlots()
    with slots.wanted("a", MANY), slots.wanted("b", MANY):
        slots.deal()
        slots.give_back("a")
        slots.deal()
        assert slots.slot_of("b") == ONLY_SLOT


def test_a_guest_that_failed_is_dealt_no_slot_again() -> None:
    slots = TimeSlots()
    with pytest.raises(LookupError), slots.wanted("a", MANY):
        raise LookupError
    with slots.wanted("b", MANY):
        slots.deal()
        assert slots.slot_of("b") == ONLY_SLOT
