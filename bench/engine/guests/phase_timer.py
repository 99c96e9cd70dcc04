"""How long a guest spends in each phase of its way through a run."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

from bench.engine.observer import Observer
from bench.engine.plan import Job

# The phase of a guest that waits for its turn to disturb or to measure.
WAIT = "wait"


class PhaseTimer:
    """Measures how long a guest spends in each phase, and tells the observer."""

    def __init__(self, job: Job, observer: Observer) -> None:
        self._job = job
        self._observer = observer
        self._since = time.monotonic()
        self.current = ""
        self.seconds: dict[str, float] = {}

    def enter(self, phase: str) -> None:
        """End the current phase and begin another one; empty: none."""
        now = time.monotonic()
        if self.current:
            spent = self.seconds.get(self.current, 0.0) + now - self._since
            self.seconds[self.current] = round(spent, 3)
        self.current, self._since = phase, now
        if phase:
            self._observer.phase(self._job.selected.name, self._job.replica, phase)

    @contextmanager
    def waiting(self, permission: AbstractContextManager[None]) -> Iterator[None]:
        """Count the time until the permission is given as a phase of its own."""
        phase = self.current
        self.enter(WAIT)
        with permission:
            self.enter(phase)
            yield
