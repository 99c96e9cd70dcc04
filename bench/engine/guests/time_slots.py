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
    step = math.ceil(len(kills) / LENGTHS_TRIED)
    dealt = (_counts(kills, roots) for roots in range(len(kills), 0, -step))
    counts = min(dealt, key=lambda counts: max(map(_seconds, kills, counts)))
    return _indexed(counts)


def _counts(kills: Sequence[SlottedKills], roots: int) -> list[int]:
    """Return of how many slots each guest has one, where a cycle has so many to begin with.

    While guests have more than all of them, a slot is halved: that of the guest which would be
    through first all the same.
    """
    counts, taken = [roots] * len(kills), Fraction(len(kills), roots)
    line = [(_seconds(each, 2 * roots), guest) for guest, each in enumerate(kills)]
    heapq.heapify(line)
    while taken > 1:
        _, guest = line[0]
        counts[guest] *= 2
        taken -= Fraction(1, counts[guest])
        heapq.heapreplace(line, (_seconds(kills[guest], 2 * counts[guest]), guest))
    return counts


def _indexed(counts: Sequence[int]) -> list[Slot]:
    """Return slots of those counts of which no two meet."""
    slots = [ONLY_SLOT] * len(counts)
    roots = min(counts)
    free = [(index, roots) for index in range(roots)]  # the smallest are last
    for guest in sorted(range(len(counts)), key=lambda guest: counts[guest]):
        index, count = free.pop()
        while count < counts[guest]:
            free.append((index + count, 2 * count))
            count *= 2
        slots[guest] = (index, count)
    return slots


@cache
def _seconds(kills: SlottedKills, slots: int) -> float:
    """Return how long a guest's trials take where each kill waits for one of so many slots."""
    mean = (kills.low + kills.high) / 2
    return kills.number * mean + kills.others + kills.wait(slots)
