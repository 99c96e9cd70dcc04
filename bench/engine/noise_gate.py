"""Keeps the noise of setting guests up and tearing them down away from event-driven trials."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class NoiseGate:
    """A lock with two kinds of holders: many may be quiet at once, or a few noisy, never both.

    Whoever waits to be noisy goes before those who wait for quiet, so that trials begin together
    once every guest is set up.
    """

    def __init__(self, noisy_at_once: int, cpu_seconds: Callable[[], float]) -> None:
        self._changed = threading.Condition()
        self._at_once = noisy_at_once
        self._cpu_seconds = cpu_seconds
        self._began = (0.0, 0.0)
        self._spent, self._lasted = 0.0, 0.0
        self._quiet = 0
        self._noisy = 0
        self._waiting = 0

    @property
    def load(self) -> float | None:
        """The share of one core that the suite itself used while it was quiet; None: never."""
        return round(self._spent / self._lasted, 4) if self._lasted else None

    @contextmanager
    def measuring(self) -> Iterator[None]:
        """Nobody is noisy within the block."""
        with self._changed:
            self._changed.wait_for(lambda: self._noisy == 0 and self._waiting == 0)
            if self._quiet == 0:
                self._began = (self._cpu_seconds(), time.monotonic())
            self._quiet += 1
        try:
            yield
        finally:
            with self._changed:
                self._quiet -= 1
                self._changed.notify_all()
                if self._quiet == 0:
                    self._spent += self._cpu_seconds() - self._began[0]
                    self._lasted += time.monotonic() - self._began[1]

    @contextmanager
    def disturbing(self) -> Iterator[None]:
        """Nobody holds quiet within the block, and only a few others are noisy."""
        with self._changed:
            self._waiting += 1
            self._changed.wait_for(lambda: self._quiet == 0 and self._noisy < self._at_once)
            self._waiting -= 1
            self._noisy += 1
        try:
            yield
        finally:
            with self._changed:
                self._noisy -= 1
                self._changed.notify_all()
