"""How long a plan will take: its jobs in the scheduler's order, with the suite's own costs."""

from __future__ import annotations

import heapq
import itertools
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Protocol

from bench.engine.guests.time_slots import deal_slots
from bench.model.observation.latency import SlottedKills

# s that setting up and tearing down a guest takes while three a processor do so, as a mean of 446
# guests of five releases.
SET_UP, TEAR_DOWN = 2.7, 0.8


class ForecastJob(Protocol):
    """What a forecast has to know of the work of one guest."""

    @property
    def quiet_seconds(self) -> float:
        """Seconds in which no other guest may be set up or torn down."""

    @property
    def loud_seconds(self) -> float:
        """Seconds in which it takes a processor."""

    @property
    def alone_seconds(self) -> float:
        """Seconds in which it takes all processors, and no guest is set up or torn down."""

    @property
    def crowded_seconds(self) -> float:
        """Seconds for which it takes as much memory as many guests."""

    @property
    def seconds(self) -> float:
        """Seconds of all its units, without the waits of kills for their slots."""

    @property
    def kills(self) -> SlottedKills | None:
        """Kills of its quiet seconds that take turns with those of other guests."""


@dataclass(frozen=True)
class Places:
    """How many guests run, are set up, are loud, and take much memory at once."""

    guests: int
    set_ups: int
    loud: int
    crowded: int


def crowded_guests(jobs: Sequence[ForecastJob], guests: int, crowded: int) -> int:
    """Return how many of the guests' places are for the jobs that take much memory, and no others.

    They go on from first to last: while as many as may be crowded are so, others get ready.
    """
    taking = sum(bool(job.crowded_seconds) for job in jobs)
    if taking in (0, len(jobs)):
        return guests if taking else 0
    return max(1, min(taking, 2 * crowded, guests // 4))


def forecast(jobs: Sequence[ForecastJob], places: Places) -> float:
    """Return the seconds that the jobs take, started in their order.

    The jobs that take much memory have places of their own; the others are played by the rules of
    the noise gate.
    """
    if places.guests == 1:
        return sum(job.seconds for job in jobs)
    own = crowded_guests(jobs, places.guests, places.crowded)
    return max(
        _forecast_crowded([job for job in jobs if job.crowded_seconds], own, places.crowded),
        _PlayedGate(replace(places, guests=places.guests - own)).play(
            [job for job in jobs if not job.crowded_seconds]
        ),
    )


def _forecast_crowded(jobs: Sequence[ForecastJob], guests: int, crowded: int) -> float:
    """Return the seconds of jobs that take much memory at their end, in guests of their own."""
    free, memory = [0.0] * guests, [0.0] * crowded
    for job in jobs:
        ready = heapq.heappop(free) + SET_UP
        end = _take(memory, ready + job.seconds - job.crowded_seconds, job.crowded_seconds)
        heapq.heappush(free, end + TEAR_DOWN)
    return max(free, default=0.0)


class _PlayedGate:
    """Plays jobs by the rules of `NoiseGate`, on a clock of its own.

    Set-ups and teardowns go on while nobody measures; measurements begin together, as soon as no
    set-up or teardown is left to do; loud work follows them, and of that first what is alone.
    """

    def __init__(self, places: Places) -> None:
        self._places = places
        self._now = 0.0
        self._order = itertools.count()
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._jobs: deque[ForecastJob] = deque()
        # Those that wait, and how many go on; tear-downs go before set-ups.
        self._to_tear_down = 0
        self._to_set_up: deque[ForecastJob] = deque()
        self._to_measure: list[ForecastJob] = []
        self._to_be_loud: deque[ForecastJob] = deque()
        self._to_be_alone: deque[ForecastJob] = deque()
        self._disturbing = self._measuring = self._loud = 0
        self._alone = False

    def play(self, jobs: Sequence[ForecastJob]) -> float:
        """Return the seconds after which the last guest is torn down."""
        self._jobs = deque(jobs)
        for _ in range(min(self._places.guests, len(jobs))):
            self._to_set_up.append(self._jobs.popleft())
        self._open()
        while self._events:
            self._now, _, happen = heapq.heappop(self._events)
            happen()
            self._open()
        return self._now

    def _after(self, seconds: float, happen: Callable[[], None]) -> None:
        heapq.heappush(self._events, (self._now + seconds, next(self._order), happen))

    def _open(self) -> None:
        """Let those go on that may."""
        while self._may_disturb():
            if self._to_tear_down:
                self._to_tear_down -= 1
                self._disturbing += 1
                self._after(TEAR_DOWN, self._torn_down)
            elif self._to_set_up:
                job = self._to_set_up.popleft()
                self._disturbing += 1
                self._after(SET_UP, partial(self._was_set_up, job))
            else:
                break
        if not (self._disturbing or self._to_tear_down or self._to_set_up or self._loud):
            self._measure()
        if self._measuring or self._to_measure or self._alone:
            return
        if self._to_be_alone and not self._disturbing:
            self._open_alone()
            return
        while self._to_be_loud and self._loud < self._places.loud:
            job = self._to_be_loud.popleft()
            self._loud += 1
            self._after(job.loud_seconds, partial(self._was_loud, job))

    def _measure(self) -> None:
        """Let those measure that wait for it; their kills wait for the slots that they are dealt.

        All that are dealt slots at a time are here together, since none measures later than others.
        """
        turns = [job.kills for job in self._to_measure if job.kills]
        slots = iter(deal_slots(turns))
        for job in self._to_measure:
            waits = job.kills.wait(next(slots)[1]) if job.kills else 0.0
            self._measuring += 1
            self._after(job.quiet_seconds + waits, partial(self._measured, job))
        self._to_measure.clear()

    def _may_disturb(self) -> bool:
        if self._measuring or self._alone or self._disturbing >= self._places.set_ups:
            return False
        return not self._to_be_alone or bool(self._loud or self._to_measure)

    def _open_alone(self) -> None:
        if self._loud:
            return
        job = self._to_be_alone.popleft()
        self._alone = True
        self._after(job.alone_seconds, partial(self._was_alone, job))

    def _was_set_up(self, job: ForecastJob) -> None:
        self._disturbing -= 1
        if job.quiet_seconds:
            self._to_measure.append(job)
        else:
            self._go_on(job)

    def _measured(self, job: ForecastJob) -> None:
        self._measuring -= 1
        self._go_on(job)

    def _go_on(self, job: ForecastJob) -> None:
        """After quiet work comes loud work, and then the rest."""
        if job.loud_seconds:
            self._to_be_loud.append(job)
        else:
            self._rest(job)

    def _was_loud(self, job: ForecastJob) -> None:
        self._loud -= 1
        self._rest(job)

    def _rest(self, job: ForecastJob) -> None:
        """Do what disturbs nobody, and after it what is alone."""
        rest = job.seconds - job.quiet_seconds - job.loud_seconds - job.alone_seconds
        self._after(rest, partial(self._rested, job))

    def _rested(self, job: ForecastJob) -> None:
        if job.alone_seconds:
            self._to_be_alone.append(job)
        else:
            self._ended()

    def _was_alone(self, job: ForecastJob) -> None:
        self._alone = False
        self._ended()

    def _ended(self) -> None:
        self._to_tear_down += 1

    def _torn_down(self) -> None:
        self._disturbing -= 1
        if self._jobs:
            self._to_set_up.append(self._jobs.popleft())


def _take(places: list[float], earliest: float, seconds: float) -> float:
    """Take the place that is free first for some seconds; return when that is over."""
    heapq.heapify(places)
    end = max(heapq.heappop(places), earliest) + seconds
    heapq.heappush(places, end)
    return end
