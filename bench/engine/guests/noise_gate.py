"""Keeps guest set-up and teardown out of the measurements that need a quiet host."""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager


def max_setups_at_once() -> int:
    """Return how many guests may be set up or torn down at once: thrice the processors.

    A guest being set up waits for most of the time.
    """
    return 3 * (os.cpu_count() or 1)


class NoiseGate:
    """Keep guest set-up and teardown out of the measurement windows.

    Any number of measurements may run together, or up to `max_disturbers` set-ups, but never both.
    Waiting set-ups take precedence over new measurements, so that all guests are ready before
    trials start and the trials of all contenders overlap in time. Loud work, of which `max_loud`
    pieces run at once, is no measurement's neighbour either, and comes after those that wait.

    bench/engine/forecast.py plays the same rules: change both.

    cpu_seconds: returns the CPU time that the suite itself has used so far. opens: called when
    measurements begin, before the first of them, and must not come back to the gate.
    """

    def __init__(
        self,
        max_disturbers: int,
        cpu_seconds: Callable[[], float],
        max_loud: int = 1,
        opens: Callable[[], None] = lambda: None,
    ) -> None:
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        self._max_disturbers = max_disturbers
        self._max_loud = max_loud
        self._cpu_seconds = cpu_seconds
        self._opens = opens
        self._window_start = (0.0, 0.0)  # CPU time and clock when the current window opened
        self._cpu_spent, self._seconds_open = 0.0, 0.0
        self._measuring = 0
        self._disturbing = 0
        # Those that wait to disturb, one after the other: guests in work, and guests to be set up.
        self._in_work: deque[threading.Condition] = deque()
        self._to_set_up: deque[threading.Condition] = deque()
        self._loud = 0
        self._alone = False
        self._waiting_alone = 0
        self._waiting_measurements = 0

    @property
    def own_load(self) -> float | None:
        """Share of one core that the suite used within measurement windows; None without any."""
        return round(self._cpu_spent / self._seconds_open, 4) if self._seconds_open else None

    @property
    def waiting_disturbers(self) -> int:
        """How many set-ups wait for the measurements to end."""
        return len(self._in_work) + len(self._to_set_up)

    @property
    def waiting_measurements(self) -> int:
        """How many measurements wait for set-ups and loud work to end."""
        return self._waiting_measurements

    @contextmanager
    def measuring(self) -> Iterator[None]:
        """Block until no set-up or teardown runs, and keep them out until the block ends."""
        with self._changed:
            self._waiting_measurements += 1
            self._notify()  # set-ups that work for alone keeps out go before a measurement
            self._changed.wait_for(
                lambda: self._disturbing == 0 and self.waiting_disturbers == 0 and self._loud == 0
            )
            self._waiting_measurements -= 1
            if self._measuring == 0:
                self._opens()
                self._window_start = (self._cpu_seconds(), time.monotonic())
            self._measuring += 1
        try:
            yield
        finally:
            with self._changed:
                self._measuring -= 1
                self._notify()
                if self._measuring == 0:
                    self._close_window()

    @contextmanager
    def disturbing(self, *, sets_up: bool = False) -> Iterator[None]:
        """Block until no measurement runs and few others disturb, and keep measurements out.

        First come, first served: the plan starts what takes longest first. But what sets a guest
        up lets those go first that are in work, or would free their place.
        """
        line = self._to_set_up if sets_up else self._in_work
        turn = threading.Condition(self._lock)  # a hundred are in line, and one goes on
        with turn:
            line.append(turn)
            try:
                turn.wait_for(lambda: self._next_in_line() is turn and self._may_disturb())
                self._disturbing += 1
            finally:
                line.remove(turn)
                self._notify()
        try:
            yield
        finally:
            with self._changed:
                self._disturbing -= 1
                self._notify()

    @contextmanager
    def loud(self, alone: bool = False) -> Iterator[None]:
        """Block until nothing is measured or waits for that, and few others are loud.

        For work that takes a processor for long; alone: it takes all of them, and is timed, so that
        nothing else is loud beside it, nor set up or torn down.
        """
        with self._changed:
            self._waiting_alone += alone
            self._changed.wait_for(lambda: self._may_be_loud(alone))
            self._waiting_alone -= alone
            self._alone = alone
            self._loud += 1
        try:
            yield
        finally:
            with self._changed:
                self._alone = False
                self._loud -= 1
                self._notify()

    def _notify(self) -> None:
        """Have those look again who wait; the caller holds the lock."""
        self._changed.notify_all()
        if (turn := self._next_in_line()) is not None:
            turn.notify()

    def _next_in_line(self) -> threading.Condition | None:
        return next(iter(self._in_work or self._to_set_up), None)

    def _may_disturb(self) -> bool:
        if self._measuring or self._alone or self._disturbing >= self._max_disturbers:
            return False
        # Work that wants to be alone, and waits for nothing but set-ups, would wait for ever. A
        # measurement that waits goes first, and waits for those set-ups itself.
        only_for_set_ups = self._waiting_alone and not self._loud and not self._waiting_measurements
        return not only_for_set_ups

    def _may_be_loud(self, alone: bool) -> bool:
        if self._measuring or self._waiting_measurements or self._alone:
            return False
        if alone:
            return self._loud == 0 and self._disturbing == 0
        # What waits to be alone goes first. Where a set-up keeps it out, for minutes, others go on.
        alone_is_next = self._waiting_alone > 0 and self._disturbing == 0
        return not alone_is_next and self._loud < self._max_loud

    def _close_window(self) -> None:
        cpu_seconds, clock = self._window_start
        self._cpu_spent += self._cpu_seconds() - cpu_seconds
        self._seconds_open += time.monotonic() - clock
