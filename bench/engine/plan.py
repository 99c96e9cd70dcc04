"""What a run will do, guest by guest, and how long that takes."""

from __future__ import annotations

import math
import os
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from bench.engine.forecast import SET_UP, Places, crowded_guests, forecast
from bench.engine.guests.noise_gate import max_setups_at_once
from bench.model.events import Event
from bench.model.observation.latency import SlottedKills
from bench.model.run_file import FLOOR
from bench.model.scenario import CROWDED_AT_ONCE, SamplingEffort, Scenario, WorkUnit
from bench.model.selection.contenders import SelectedContender
from provision.guests.limit_class import LARGE, USUAL, LimitClass
from provision.sources.overlay import Overlay

# One guest that uses a whole processor does not slow another one down on another processor.
LOUD_AT_ONCE = os.cpu_count() or 1
# The scenario whose trials are counted while a run goes on.
RANKED = "restart"
# s that the floor alone is measured, before all others.
ALONE = 7.0
# The part of the longest job's seconds from which on the whole run may wait for a job.
LONGEST_SHARE = 0.9
# Multiples of `SamplingEffort.quiet_seconds` that are tried for a plan: the quickest one often lies
# between many guests and few.
QUIET_TIMES = (1.0, 1.5, 2.0, math.inf)
# A work unit longer than this, in seconds, gets a guest of its own if there may be more guests.
LONG_UNIT = 60.0


@dataclass(frozen=True)
class Job:
    """The work of one guest: units of one contender, done one after the other.

    replica: number of this guest among the contender's identical guests. attempt: how many guests
    failed before this one and left these units to it. quiet: scenarios that need a quiet host.
    """

    selected: SelectedContender
    replica: int
    units: tuple[WorkUnit, ...]
    attempt: int = 0
    quiet: frozenset[str] = frozenset()

    @property
    def seconds(self) -> float:
        """Expected duration of the units."""
        return sum(unit.seconds for unit in self.units)

    @property
    def min_seconds(self) -> float:
        """Minimum duration: waits that no implementation can avoid."""
        return sum(unit.min_seconds for unit in self.units)

    @property
    def trials(self) -> int:
        """Number of ranked restarts and those beside them."""
        return sum(unit.trials for unit in self.units if unit.scenario == RANKED)

    def seed(self, seed_of_run: int) -> int:
        """Return the seed of its random times, which no other guest of the contender has."""
        return seed_of_run * 1000 + self.replica

    @property
    def limit_class(self) -> LimitClass:
        """What the guest may take of the host: as much as any of its units needs."""
        return LARGE if any(unit.limit_class == LARGE for unit in self.units) else USUAL

    @property
    def quiet_seconds(self) -> float:
        """Expected seconds in which no other guest may be set up or torn down."""
        return sum(unit.seconds for unit in self.units if unit.scenario in self.quiet)

    @property
    def kills(self) -> SlottedKills | None:
        """Its kills that take turns with those of other guests."""
        return next((unit.slotted for unit in self.units if unit.slotted), None)

    @property
    def crowded_seconds(self) -> float:
        """Expected seconds for which it takes as much memory as many guests."""
        return sum(unit.crowded_seconds for unit in self.units)

    @property
    def loud_seconds(self) -> float:
        """Expected seconds in which it takes a processor."""
        return sum(unit.seconds for unit in self.units if unit.loud)

    @property
    def alone_seconds(self) -> float:
        """Expected seconds in which it takes all processors."""
        return sum(unit.alone_seconds for unit in self.units)


@dataclass(frozen=True)
class Plan:
    """All jobs of a run in the order in which they start.

    skipped: by (contender, scenario), the status and the reason. at_once: how many guests the
    provider can run in parallel.
    """

    jobs: tuple[Job, ...]
    skipped: dict[tuple[str, str], tuple[str, str]]
    at_once: int

    @property
    def seconds(self) -> float:
        """Expected duration of the whole plan, with the set-up of its guests."""
        places = Places(self.at_once, max_setups_at_once(), LOUD_AT_ONCE, CROWDED_AT_ONCE)
        alone = ALONE if self.at_once > 1 and find_baseline_job(self.jobs) else 0.0
        return alone + self.forecast(places)

    def pools(self) -> tuple[tuple[Sequence[Job], int], ...]:
        """Return the jobs that share places, and how many: what takes much memory has its own.

        It would keep the places of others while it waits.
        """
        if self.at_once == 1:
            return ((self.jobs, 1),)
        own = crowded_guests(self.jobs, self.at_once, CROWDED_AT_ONCE)
        return (
            ([job for job in self.jobs if job.crowded_seconds], own),
            ([job for job in self.jobs if not job.crowded_seconds], self.at_once - own),
        )

    def forecast(self, places: Places) -> float:
        """Return the expected seconds of all jobs with so many places."""
        return forecast(self.jobs, places)

    @property
    def min_seconds(self) -> float:
        """Minimum duration: the mandatory waits of its slowest guest, or of all guests together."""
        shortest = [job.min_seconds for job in self.jobs]
        return max(sum(shortest) / self.at_once, max(shortest, default=0.0))

    def seconds_line(self) -> str:
        """Say the expected duration of the whole plan; empty without work."""
        if not self.jobs:
            return ""
        seconds, guests = f"about {self.seconds:.0f} s", f"{len(self.jobs)} guests"
        if self.at_once == 1:
            return f"{seconds} and the start of {guests}, one after the other"
        return f"{seconds}: {guests}, {self.at_once} at once"

    def min_seconds_line(self) -> str:
        """Say the minimum duration and which guest decides it; empty without a minimum."""
        if not self.min_seconds:
            return ""
        longest = max(self.jobs, key=lambda job: job.min_seconds)
        units = ", ".join(
            f"{unit.scenario} {unit.min_seconds:.0f} s"
            for unit in longest.units
            if unit.min_seconds
        )
        return (
            f"lower bound {self.min_seconds:.0f} s;"
            f" most in a guest of {longest.selected.name}: {units}"
        )

    def lines(self) -> list[str]:
        """Say for each contender: guests, trials, period, expected duration, large limits."""
        contenders = {job.selected.name: job.selected for job in self.jobs}
        return [self._line(selected) for selected in contenders.values()]

    def _line(self, selected: SelectedContender) -> str:
        jobs = [job for job in self.jobs if job.selected.name == selected.name]
        trials = sum(job.trials for job in jobs)
        period = selected.contender.period
        detection = f"period {period:g} s" if period else "event-driven"
        guests = f"{len(jobs)} guest{'s' if len(jobs) > 1 else ''}"
        longest = max(job.seconds for job in jobs)
        large = [unit.scenario for job in jobs if job.limit_class == LARGE for unit in job.units]
        build = f" ({selected.source})" if selected.source.kind == Overlay.kind else ""
        return (
            f"{selected.name}{build}: {guests}, trials {trials}, {detection}, about {longest:.0f} s"
            + (f", large limits for {', '.join(large)}" if large else "")
        )


def find_baseline_job(jobs: Sequence[Job]) -> Job | None:
    """Choose a floor's job that measures restarts; a hosted floor, as most contenders are."""
    floors = [
        job
        for job in jobs
        if job.selected.supervisor.name == FLOOR
        and any(unit.scenario == RANKED for unit in job.units)
        # A person's own program may end more slowly than testd: its restarts are no baseline.
        and job.selected.contender.own_daemon is None
    ]
    return min(floors, key=lambda job: job.selected.contender.pid1, default=None)


@dataclass(frozen=True)
class KeptResults:
    """Results of a contender that a resumed run keeps.

    scenarios: not measured again. first_free_replica: earlier guests have the numbers below it.
    samples: of scenarios of which only the other trials are measured.
    """

    scenarios: frozenset[str] = frozenset()
    first_free_replica: int = 0
    samples: Mapping[str, Sequence[Event]] = field(default_factory=dict)


def make_plan(
    contenders: Sequence[SelectedContender],
    scenarios: Sequence[Scenario],
    effort: SamplingEffort,
    at_once: int,
    kept: Mapping[str, KeptResults] = {},
) -> Plan:
    """Distribute the work units of every scenario over guests.

    at_once: how many guests the provider can run in parallel. kept: by contender, what an earlier
    part of a resumed run has measured already.
    """
    plans = (
        _make_plan(contenders, scenarios, variant, at_once, kept) for variant in efforts(effort)
    )
    return min(plans, key=lambda plan: plan.seconds)


def efforts(effort: SamplingEffort) -> Iterator[SamplingEffort]:
    """Yield the ways to deal the same trials to guests: what is quicker depends on their number.

    More guests for quiet trials save time until they take places of others.
    """
    if math.isinf(effort.quiet_seconds):
        yield effort
        return
    for times in QUIET_TIMES:
        yield replace(effort, quiet_seconds=times * effort.quiet_seconds)


def _make_plan(
    contenders: Sequence[SelectedContender],
    scenarios: Sequence[Scenario],
    effort: SamplingEffort,
    at_once: int,
    kept: Mapping[str, KeptResults],
) -> Plan:
    jobs: list[Job] = []
    skipped: dict[tuple[str, str], tuple[str, str]] = {}
    for selected in contenders:
        earlier = kept.get(selected.name, KeptResults())
        guests: list[list[WorkUnit]] = []
        own_guests: list[list[WorkUnit]] = []
        for scenario in scenarios:
            if scenario.name in earlier.scenarios:
                continue
            reason = scenario.why_not(selected.contender)
            samples = earlier.samples.get(scenario.name, ())
            units = [] if reason else _units(scenario, selected, effort, samples)
            if reason:
                skipped[selected.name, scenario.name] = ("not applicable", reason)
            elif not units and not samples:
                skipped[selected.name, scenario.name] = ("not measured", _too_slow(selected))
            _distribute([unit for unit in units if not unit.own_guest], guests, effort)
            own_guests += [[unit] for unit in units if unit.own_guest]
        quiet = frozenset(
            candidate.name for candidate in scenarios if candidate.needs_quiet(selected.contender)
        )
        jobs += [
            Job(selected, replica, tuple(units), quiet=quiet)
            for replica, units in enumerate([*guests, *own_guests], earlier.first_free_replica)
            if units
        ]
    return Plan(tuple(start_order(jobs, effort.seed, at_once)), skipped, at_once)


def _units(
    scenario: Scenario, selected: SelectedContender, effort: SamplingEffort, kept: Sequence[Event]
) -> list[WorkUnit]:
    if kept:
        return scenario.remaining_units(selected.contender, effort, kept)
    return scenario.work_units(selected.contender, effort)


def start_order(jobs: Sequence[Job], seed: int, at_once: int) -> list[Job]:
    """Start the longest first; one guest at a time, shuffle the rounds of replicas.

    What needs a quiet host waits until all guests of the first round are set up: it is among them,
    behind those that begin at once. What is done by then leaves its place to another one. What
    takes much memory has places of its own. Shuffling the rounds makes host drift affect all
    contenders equally.
    """
    if at_once == 1:
        generator = random.Random(seed)
        return sorted(jobs, key=lambda job: (job.replica, generator.random()))
    by_length = sorted(jobs, key=lambda job: -job.seconds)
    crowded = [job for job in by_length if job.crowded_seconds]
    quiet = [job for job in by_length if job.quiet_seconds]
    others = [job for job in by_length if not (job.quiet_seconds or job.crowded_seconds)]
    set_ups = SET_UP * len(jobs) / max_setups_at_once()
    brief = [job for job in others if job.seconds < set_ups]
    if len(brief) > at_once / 2:
        brief = []
    waiting = [job for job in others if job not in brief]
    own = crowded_guests(jobs, at_once, CROWDED_AT_ONCE)
    beside = max(0, at_once - own - len(quiet))
    # Those that the run waits for begin at once, even before the brief ones.
    first = [job for job in waiting[:beside] if job.seconds > LONGEST_SHARE * by_length[0].seconds]
    return [*crowded, *first, *brief, *waiting[len(first) : beside], *quiet, *waiting[beside:]]


def _distribute(
    units: Sequence[WorkUnit], guests: list[list[WorkUnit]], effort: SamplingEffort
) -> None:
    """Give several units of one scenario to one guest each, a single unit to the least busy one.

    guests: the units of each guest so far; changed in place.
    """
    if len(units) > 1 or not guests:
        guests += [[] for _ in range(len(units) - len(guests))]
        for guest, unit in zip(guests, units, strict=False):
            guest.append(unit)
        return
    for unit in units:
        if unit.seconds > LONG_UNIT and len(guests) < effort.max_guests:
            guests.append([unit])
        else:
            min(guests, key=lambda guest: sum(other.seconds for other in guest)).append(unit)


def _too_slow(selected: SelectedContender) -> str:
    period = selected.contender.period
    return f"period {period:g} s" if period else "too slow for a quick run"
