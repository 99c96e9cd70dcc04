"""Deals slots of time to guests for their kills, so that no two break a service at once.

A slot (index, count) is one of `count` in a cycle, which comes round and round: number `index` of
10 is the same as the numbers `index` and `index` + 10 of 20.
"""

from __future__ import annotations

import heapq
import math
import threading
from collections.abc import Hashable, Iterator, Sequence
from contextlib import contextmanager
from fractions import Fraction
from functools import cache
from operator import attrgetter
from typing import NamedTuple

from bench.model.observation.latency import SlottedKills
from bench.model.scenario import Slot

# Of a guest that takes turns with no other one.
ONLY_SLOT: Slot = (0, 1)
# At most how many lengths of a cycle are tried, from one slot for each guest downwards.
LENGTHS_TRIED = 16


class TimeSlots:
    """The slots of the guests that are set up, dealt anew each time that measurements begin.

    Were there one for each guest of a large run, a cycle would take many times the uptime after
    which a kill is due; and of those that measure, a guest of few kills needs its slot seldom.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kills: dict[Hashable, SlottedKills] = {}
        self._slots: dict[Hashable, Slot] = {}

    @contextmanager
    def wanted(self, guest: Hashable, kills: SlottedKills | None) -> Iterator[None]:
        """Have slots dealt to the guest, too, until the block ends. None: it takes no turns."""
        if kills:
            with self._lock:
                self._kills[guest] = kills
        try:
            yield
        finally:
            self.give_back(guest)

    def give_back(self, guest: Hashable) -> None:
        """Deal no slots to the guest any more; it may have none."""
        with self._lock:
            self._kills.pop(guest, None)
            self._slots.pop(guest, None)

    def deal(self) -> None:
        """Give each guest that wants one a slot of its own. None of them may be killing now."""
        with self._lock:
            guests = list(self._kills)
            slots = deal_slots([self._kills[guest] for guest in guests])
            self._slots = dict(zip(guests, slots, strict=True))

    def slot_of(self, guest: Hashable) -> Slot:
        """Return the slot that the guest was dealt, of those that want one while others measure."""
        with self._lock:
            return self._slots[guest]


def deal_slots(kills: Sequence[SlottedKills]) -> list[Slot]:
    """Return a slot for the kills of each guest, so that the last of all kills comes early."""
    if not kills:
        return []
    all_slots, widest = sum(each.slots for each in kills), max(each.slots for each in kills)
    step = math.ceil(all_slots / LENGTHS_TRIED)
    dealt = (_counts(kills, roots) for roots in range(all_slots, widest - 1, -step))
    counts = min(dealt, key=lambda counts: max(map(_seconds, kills, counts)))
    return _indexed(kills, counts)


def _counts(kills: Sequence[SlottedKills], roots: int) -> list[int]:
    """Return of how many slots each guest has one, where a cycle has so many to begin with.

    While guests have more than all of them, a slot is halved: that of the guest which would be
    through first all the same.
    """
    counts, taken = [roots] * len(kills), Fraction(sum(each.slots for each in kills), roots)
    line = [(_seconds(each, 2 * roots), guest) for guest, each in enumerate(kills)]
    heapq.heapify(line)
    while taken > 1:
        _, guest = line[0]
        counts[guest] *= 2
        taken -= Fraction(kills[guest].slots, counts[guest])
        heapq.heapreplace(line, (_seconds(kills[guest], 2 * counts[guest]), guest))
    return counts


class _Run(NamedTuple):
    """Free slots one after the other: `length` of the `cycle`, from number `first` on."""

    first: int
    cycle: int
    length: int


def _indexed(kills: Sequence[SlottedKills], counts: Sequence[int]) -> list[Slot]:
    """Return slots of those counts of which no two meet, with those free that a restart takes.

    Were the slot after a long restart another guest's, all kills there would meet a busy host.
    """
    slots = [ONLY_SLOT] * len(counts)
    roots = min(counts)
    free = [_Run(0, roots, roots)]
    for guest in sorted(range(len(counts)), key=lambda each: (-kills[each].slots, counts[each])):
        slots[guest] = _take_slot(free, counts[guest], kills[guest].slots)
    return slots


def _take_slot(free: list[_Run], count: int, length: int) -> Slot:
    """Take a slot of that count, and those after it, from the runs that are free.

    Of what is left, no run may be long enough, or none come round as often: then the slot stands
    alone, or comes round more seldom.
    """
    candidates = [run for run in free if run.length >= length]
    if not candidates:
        candidates, length = free, 1
    # The smallest piece that comes round often enough, or else the one that does so most often.
    by_cycle = attrgetter("cycle")
    often_enough = [run for run in candidates if run.cycle <= count]
    run = max(often_enough, key=by_cycle) if often_enough else min(candidates, key=by_cycle)
    free.remove(run)
    if run.length > length:
        free.append(_Run(run.first + length, run.cycle, run.length - length))
    cycle = run.cycle
    while cycle < count:
        free.append(_Run(run.first + cycle, 2 * cycle, length))
        cycle *= 2
    return run.first, cycle


@cache
def _seconds(kills: SlottedKills, slots: int) -> float:
    """Return how long a guest's trials take where each kill waits for one of so many slots."""
    mean = (kills.low + kills.high) / 2
    return kills.number * mean + kills.others + kills.wait(slots)
