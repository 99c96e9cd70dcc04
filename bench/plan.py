"""What a run is going to do, and how long that should take, before it does any of it."""

from __future__ import annotations

import os
from dataclasses import dataclass

from bench.scenario import Depth, Scenario, Share
from bench.selection import Entry

# Two that take all of a processor each do each other no harm on two processors.
LOUD_AT_ONCE = os.cpu_count() or 1


@dataclass(frozen=True)
class Job:
    """What one guest is going to do for a contender: its shares, one after the other."""

    entry: Entry
    replica: int
    shares: tuple[Share, ...]

    @property
    def seconds(self) -> float:
        """How long the shares should take."""
        return sum(share.seconds for share in self.shares)

    @property
    def fresh(self) -> bool:
        """Whether its guest is in no state to do anything more in the end, an orderly stop even."""
        return any(share.fresh for share in self.shares)

    @property
    def loud(self) -> bool:
        """Whether it has to wait until all that are not loud are done."""
        return any(share.loud for share in self.shares)


@dataclass(frozen=True)
class Plan:
    """jobs: longest first; skipped: (contender, scenario) with status and reason."""

    jobs: tuple[Job, ...]
    skipped: dict[tuple[str, str], tuple[str, str]]

    @property
    def seconds(self) -> float:
        """How long all jobs take: side by side, and then the loud ones."""
        calm = max((job.seconds for job in self.jobs if not job.loud), default=0.0)
        loud = [job.seconds for job in self.jobs if job.loud]
        return calm + max(sum(loud) / LOUD_AT_ONCE, max(loud, default=0.0))

    def lines(self) -> list[str]:
        """The arithmetic, a line a contender: guests x trials x period."""
        rows = []
        for entry in {job.entry.name: job.entry for job in self.jobs}.values():
            jobs = [job for job in self.jobs if job.entry.name == entry.name]
            shares = [share for job in jobs for share in job.shares if share.trials > 1]
            trials = "+".join(str(share.trials) for share in shares) or "0"
            period = entry.contender.period
            look = f"period {period:g} s" if period else "event-driven"
            longest = max(job.seconds for job in jobs)
            guests = f"{len(jobs)} guest{'s' if len(jobs) > 1 else ''}"
            rows.append(f"{entry.name}: {guests}, trials {trials}, {look}, about {longest:.0f} s")
        return rows


def plan(entries: list[Entry], scenarios: list[Scenario], depth: Depth) -> Plan:
    """Deal every scenario's shares out to guests."""
    jobs: list[Job] = []
    skipped: dict[tuple[str, str], tuple[str, str]] = {}
    for entry in entries:
        dealt: list[list[Share]] = []
        alone: list[list[Share]] = []
        for scenario in scenarios:
            reason = scenario.inapplicable(entry.contender)
            shares = [] if reason else scenario.shares(entry.contender, depth)
            if reason:
                skipped[entry.name, scenario.name] = ("not applicable", reason)
            elif not shares:
                skipped[entry.name, scenario.name] = ("not measured", _too_long(entry))
            _deal([share for share in shares if not share.fresh], dealt, depth)
            alone += [[share] for share in shares if share.fresh]
        jobs += [
            Job(entry, replica, tuple(shares))
            for replica, shares in enumerate([*dealt, *alone])
            if shares
        ]
    return Plan(tuple(sorted(jobs, key=lambda job: -job.seconds)), skipped)


def _deal(shares: list[Share], dealt: list[list[Share]], depth: Depth) -> None:
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


def _too_long(entry: Entry) -> str:
    period = entry.contender.period
    return f"period {period:g} s" if period else "too slow for a quick run"
