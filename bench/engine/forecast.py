"""How long a plan will take: its jobs in the scheduler's order, with the suite's own costs."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

# s that setting up and tearing down a guest of this host takes, as a mean of 288 guests.
SET_UP, TEAR_DOWN = 0.9, 0.3


class ForecastJob(Protocol):
    """What a forecast has to know of the work of one guest."""

    @property
    def quiet_seconds(self) -> float:
        """Seconds in which no other guest may be set up or torn down."""

    @property
    def loud_seconds(self) -> float:
        """Seconds in which it takes a processor."""

    @property
    def crowded_seconds(self) -> float:
        """Seconds for which it takes as much memory as many guests."""

    @property
    def seconds(self) -> float:
        """Seconds of all its units."""


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

    As in the noise gate, the guests of the first round are set up before quiet work begins, and
    nobody is torn down before it ends; loud work follows.
    """
    if places.guests == 1:
        return sum(job.seconds for job in jobs)
    own = crowded_guests(jobs, places.guests, places.crowded)
    return max(
        _forecast_crowded([job for job in jobs if job.crowded_seconds], own, places.crowded),
        _forecast_others(
            [job for job in jobs if not job.crowded_seconds],
            replace(places, guests=places.guests - own),
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


def _forecast_others(jobs: Sequence[ForecastJob], places: Places) -> float:
    if not jobs:
        return 0.0
    set_ups = [0.0] * places.set_ups
    loud = [0.0] * places.loud
    first = _first_round(jobs, places, set_ups)
    all_ready = max(first)
    began = list(zip(jobs, first, strict=False))
    quiet_end = all_ready + max((job.quiet_seconds for job, _ in began), default=0.0)
    ends: list[float] = []
    for job, ready in began:
        end = _end(job, all_ready if job.quiet_seconds else ready, quiet_end, loud)
        if end >= all_ready:
            ends.append(max(end, quiet_end))
    heapq.heapify(ends)
    for job in jobs[len(first) :]:
        free = heapq.heappop(ends)
        ready = _take(set_ups, free + TEAR_DOWN, SET_UP)
        heapq.heappush(ends, _end(job, ready, quiet_end, loud))
    return max(ends, default=all_ready) + TEAR_DOWN * len(ends) / places.set_ups


def _first_round(jobs: Sequence[ForecastJob], places: Places, set_ups: list[float]) -> list[float]:
    """Return when each guest of the first round is set up; quiet work begins after them.

    A guest that ends before that frees its place for another one.
    """
    ready: list[float] = []
    done: list[float] = []
    for job in jobs:
        free = 0.0
        if len(ready) >= places.guests:
            if not done or done[0] > max(set_ups):
                break
            free = heapq.heappop(done) + TEAR_DOWN
        ready.append(_take(set_ups, free, SET_UP))
        if not (job.quiet_seconds or job.loud_seconds):
            heapq.heappush(done, ready[-1] + job.seconds)
    return ready


def _end(job: ForecastJob, begin: float, quiet_end: float, loud: list[float]) -> float:
    """Return when a job ends that begins then."""
    if job.loud_seconds:
        rest = job.seconds - job.loud_seconds
        return _take(loud, max(begin, quiet_end), job.loud_seconds) + rest
    return begin + job.seconds


def _take(places: list[float], earliest: float, seconds: float) -> float:
    """Take the place that is free first for some seconds; return when that is over."""
    heapq.heapify(places)
    end = max(heapq.heappop(places), earliest) + seconds
    heapq.heappush(places, end)
    return end
