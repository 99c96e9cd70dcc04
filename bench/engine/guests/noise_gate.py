"""Keeps guest set-up and teardown out of the measurements of event-driven contenders."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager


def max_setups_at_once() -> int:
    """Return how many guests may be set up or torn down at once: one more than processors."""
    return (os.cpu_count() or 1) + 1


class NoiseGate:
    """Keep guest set-up and teardown out of the measurement windows.

    Any number of measurements may run together, or up to `max_disturbers` set-ups, but never both.
    Waiting set-ups take precedence over new measurements, so that all guests are ready before
    trials start and the trials of all contenders overlap in time.

    cpu_seconds: returns the CPU time that the suite itself has used so far.
    """

    def __init__(self, max_disturbers: int, cpu_seconds: Callable[[], float]) -> None:
        self._changed = threading.Condition()
        self._max_disturbers = max_disturbers
        self._cpu_seconds = cpu_seconds
        self._window_start = (0.0, 0.0)  # CPU time and clock when the current window opened
        self._cpu_spent, self._seconds_open = 0.0, 0.0
        self._measuring = 0
        self._disturbing = 0
        self._waiting = 0

    @property
    def own_load(self) -> float | None:
        """Share of one core that the suite used within measurement windows; None without any."""
        return round(self._cpu_spent / self._seconds_open, 4) if self._seconds_open else None

    @property
    def waiting_disturbers(self) -> int:
        """How many set-ups wait for the measurements to end."""
        return self._waiting

    @contextmanager
    def measuring(self) -> Iterator[None]:
        """Block until no set-up or teardown runs, and keep them out until the block ends."""
        with self._changed:
            self._changed.wait_for(lambda: self._disturbing == 0 and self._waiting == 0)
            if self._measuring == 0:
                self._window_start = (self._cpu_seconds(), time.monotonic())
            self._measuring += 1
        try:
            yield
        finally:
            with self._changed:
                self._measuring -= 1
                self._changed.notify_all()
                if self._measuring == 0:
                    self._close_window()

    @contextmanager
    def disturbing(self) -> Iterator[None]:
        """Block until no measurement runs and few others disturb, and keep measurements out."""
        with self._changed:
            self._waiting += 1
            self._changed.wait_for(
                lambda: self._measuring == 0 and self._disturbing < self._max_disturbers
            )
            self._waiting -= 1
            self._disturbing += 1
        try:
            yield
        finally:
            with self._changed:
                self._disturbing -= 1
                self._changed.notify_all()

    def _close_window(self) -> None:
        cpu_seconds, clock = self._window_start
        self._cpu_spent += self._cpu_seconds() - cpu_seconds
        self._seconds_open += time.monotonic() - clock
