"""What a run is going to do, and how long that should take, before it does any of it."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from bench.model.scenario import SamplingEffort, Scenario, WorkUnit
from bench.model.selection import SelectedContender

# Two that take all of a processor each do each other no harm on two processors.
CPU_HEAVY_AT_ONCE = os.cpu_count() or 1


@dataclass(frozen=True)
class Job:
    """What one guest is going to do for a contender: its shares, one after the other.

    lost: how many guests before this one failed in a share, and left these to it.
    """

    selected: SelectedContender
    replica: int
    units: tuple[WorkUnit, ...]
    attempt: int = 0

    @property
    def seconds(self) -> float:
        """How long the shares should take."""
        return sum(share.seconds for share in self.units)

    @property
    def min_seconds(self) -> float:
        """Seconds of those that whoever measures cannot save."""
        return sum(share.min_seconds for share in self.units)

    @property
    def own_guest(self) -> bool:
        """Whether its guest is in no state to do anything more in the end, an orderly stop even."""
        return any(share.own_guest for share in self.units)

    @property
    def cpu_heavy(self) -> bool:
        """Whether it has to wait until all that are not loud are done."""
        return any(share.cpu_heavy for share in self.units)


@dataclass(frozen=True)
class Plan:
    """jobs: in the order in which they begin; skipped: (contender, scenario), status and reason.

    at_once: how many guests the provider can have.
    """

    jobs: tuple[Job, ...]
    skipped: dict[tuple[str, str], tuple[str, str]]
    at_once: int

    @property
    def seconds(self) -> float:
        """How long all jobs should take."""
        return self._lasting(lambda job: job.seconds)

    @property
    def min_seconds(self) -> float:
        """Seconds below which no measuring of this plan can get, whatever else it saves."""
        return self._lasting(lambda job: job.min_seconds)

    def _lasting(self, of: Callable[[Job], float]) -> float:
        """Seconds of all jobs: side by side, and then the loud ones."""
        calm = [of(job) for job in self.jobs if not job.cpu_heavy]
        loud = [of(job) for job in self.jobs if job.cpu_heavy]
        return _side_by_side(calm, self.at_once) + _side_by_side(
            loud, min(CPU_HEAVY_AT_ONCE, self.at_once)
        )

    def min_seconds_line(self) -> str:
        """The lower bound, and the guest that takes longest by it; empty where there is none."""
        if not self.min_seconds:
            return ""
        longest = max(self.jobs, key=lambda job: job.min_seconds)
        shares = ", ".join(
            f"{share.scenario} {share.min_seconds:.0f} s"
            for share in longest.units
            if share.min_seconds
        )
        return f"lower bound {self.min_seconds:.0f} s; most in a guest of {longest.selected.name}: {shares}"

    def lines(self) -> list[str]:
        """The arithmetic, a line a contender: guests x trials x period."""
        rows = []
        for entry in {job.selected.name: job.selected for job in self.jobs}.values():
            jobs = [job for job in self.jobs if job.selected.name == entry.name]
            shares = [share for job in jobs for share in job.units if share.trials > 1]
            trials = "+".join(str(share.trials) for share in shares) or "0"
            period = entry.contender.period
            look = f"period {period:g} s" if period else "event-driven"
            longest = max(job.seconds for job in jobs)
            guests = f"{len(jobs)} guest{'s' if len(jobs) > 1 else ''}"
            rows.append(f"{entry.name}: {guests}, trials {trials}, {look}, about {longest:.0f} s")
        return rows


def _side_by_side(seconds: Sequence[float], at_once: int) -> float:
    return max(sum(seconds) / at_once, max(seconds, default=0.0))


@dataclass(frozen=True)
class KeptResults:
    """What is kept of a contender: these scenarios, and the replicas below that number."""

    scenarios: frozenset[str] = frozenset()
    replicas: int = 0


def make_plan(
    entries: list[SelectedContender],
    scenarios: list[Scenario],
    depth: SamplingEffort,
    at_once: int,
    done: Mapping[str, KeptResults] = {},
) -> Plan:
    """Deal every scenario's shares out to guests, of which the provider can have some at once.

    done: by contender, what is not to be measured again.
    """
    jobs: list[Job] = []
    skipped: dict[tuple[str, str], tuple[str, str]] = {}
    for entry in entries:
        dealt: list[list[WorkUnit]] = []
        alone: list[list[WorkUnit]] = []
        before = done.get(entry.name, KeptResults())
        for scenario in scenarios:
            if scenario.name in before.scenarios:
                continue
            reason = scenario.inapplicable(entry.contender)
            shares = [] if reason else scenario.work_units(entry.contender, depth)
            if reason:
                skipped[entry.name, scenario.name] = ("not applicable", reason)
            elif not shares:
                skipped[entry.name, scenario.name] = ("not measured", _too_long(entry))
            _deal([share for share in shares if not share.own_guest], dealt, depth)
            alone += [[share] for share in shares if share.own_guest]
        jobs += [
            Job(entry, replica, tuple(shares))
            for replica, shares in enumerate([*dealt, *alone], before.replicas)
            if shares
        ]
    return Plan(tuple(_ordered(jobs, depth.seed, at_once)), skipped, at_once)


def _ordered(jobs: Sequence[Job], seed: int, at_once: int) -> list[Job]:
    """Longest first; where there is one guest at a time in rounds, each in an order of its own.

    So the machine's drift meets all contenders alike.
    """
    if at_once > 1:
        return sorted(jobs, key=lambda job: -job.seconds)
    draw = random.Random(seed)
    return sorted(jobs, key=lambda job: (job.replica, draw.random()))


def _deal(shares: list[WorkUnit], dealt: list[list[WorkUnit]], depth: SamplingEffort) -> None:
    """Several shares of one scenario go to guests of their own, a single one to the least busy."""
    if len(shares) > 1 or not dealt:
        dealt += [[] for _ in range(len(shares) - len(dealt))]
        for guest, share in zip(dealt, shares, strict=False):
            guest.append(share)
        return
    for share in shares:
        busy = [sum(each.seconds for each in guest) for guest in dealt]
        if share.seconds > 60 and len(dealt) < depth.replicas:
            dealt.append([share])
        else:
            dealt[busy.index(min(busy))].append(share)


def _too_long(entry: SelectedContender) -> str:
    period = entry.contender.period
    return f"period {period:g} s" if period else "too slow for a quick run"
