"""Comparison of samples with a trace: how far suite and kernel agree."""

from __future__ import annotations

import statistics
from collections import Counter, defaultdict
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypedDict

from bench.model.events import RESTART, Event, events_of_kind
from bench.model.events.program import RestartTrial
from bench.model.run_file import Distribution, KernelStamps, Run, TraceAgreement
from bench.model.statistics import distribution
from bench.tracing.kernel_stamps import TRUNCATION, GuestTrace, daemon_start
from bench.tracing.trace import Trace, events_between

# A guest: its contender's name and its replica number.
GuestKey = tuple[str, int]


class TraceCounts(TypedDict):
    """What a trace shows and no sample does."""

    unattributed: int
    """Daemons whose guest is unknown."""
    lost_events: int
    """Events that the kernel dropped."""


def restarts_by_guest(samples: Iterable[Event]) -> dict[GuestKey, list[RestartTrial]]:
    """Return all samples of scenario `restart` by guest.

    Warm-up and censored ones are included.
    """
    restarts: dict[GuestKey, list[RestartTrial]] = defaultdict(list)
    for restart in events_of_kind(samples, RESTART):
        if restart["scenario"] == "restart":
            restarts[restart["contender"], restart["replica"]].append(restart)
    return restarts


def pid_namespaces(run: Run) -> dict[GuestKey, int]:
    """Return the inode of the pid namespace of each guest that measured restarts."""
    return {
        (contender["name"], guest["replica"]): inode
        for contender in run["contenders"]
        for guest in contender["guests"]
        # After a failure a further guest of the same replica number does the remaining work.
        if (inode := guest.get("measurer", {}).get("pidns")) and "restart" in guest.get("load", {})
    }


def match_samples(
    run: Run, samples: Iterable[Event], trace: Trace, earlier: Container[GuestKey] = ()
) -> TraceCounts:
    """Add the kernel's stamps to each restart, and count what no sample shows.

    Sets `missing` of each contender's scenario `restart`: restarts that the kernel saw between a
    guest's first and last kill, and no sample has. earlier: guests that ran before the trace.
    """
    restarts = restarts_by_guest(samples)
    missing: Counter[str] = Counter()
    for key, inode in pid_namespaces(run).items():
        if key not in earlier:
            missing[key[0]] += _match_guest(GuestTrace(trace, inode), restarts[key])
    for contender in run["contenders"]:
        if contender["name"] in missing:
            contender["scenarios"]["restart"]["missing"] = missing[contender["name"]]
    return {"unattributed": trace.unattributed, "lost_events": trace.lost}


def _match_guest(guest: GuestTrace, restarts: Sequence[RestartTrial]) -> int:
    """Add the kernel's stamps to a guest's restarts; return how many are missing."""
    stamped = guest.add_stamps(restarts)
    if not stamped:
        return 0
    begin = min(restart["kill_ns"] for restart in restarts)
    end = max(restart["main_ns"] or 0 for restart in restarts)
    return max(0, len(events_between(guest.execs, begin, end + TRUNCATION)) - stamped)


@dataclass
class _Comparison:
    """Counts of compared restarts, and differences in us: kernel's stamp minus the suite's.

    kill: from the stamp before a kill to the kernel's. By contender, of ranked trials: execs, from
    the kernel's exec to main(); spawns, from the daemon's start to main().
    """

    restarts: int = 0
    invented: int = 0
    unmatched_kills: int = 0
    unstamped: int = 0
    kill: list[float] = field(default_factory=list)
    execs: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    spawns: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    def add(self, restart: RestartTrial, stamps: KernelStamps) -> None:
        self.restarts += 1
        self.invented += stamps["exec"] is None
        self.unmatched_kills += stamps["kill"] is None
        self.unstamped += not restart.get("begun_ns")
        if stamps["kill"] is not None:
            self.kill.append((stamps["kill"] - restart["kill_ns"]) / 1e3)
        main, start = restart["main_ns"], daemon_start(restart, stamps)
        ranked = restart["group"] == "long" and not restart["warmup"]
        if ranked and stamps["exec"] and main is not None and start is not None:
            self.execs[restart["contender"]].append((main - stamps["exec"]) / 1e3)
            self.spawns[restart["contender"]].append((main - start) / 1e3)


def agreement_stats(
    run: Run, samples: Iterable[Event], traces: Sequence[TraceCounts | TraceAgreement]
) -> TraceAgreement:
    """Return how far samples agree with the kernel's stamps that they contain.

    traces: the counts of each trace, which are summed up.
    """
    comparison = _Comparison()
    for restart in events_of_kind(samples, RESTART):
        stamps = restart.get("witness")
        if stamps is not None:
            comparison.add(restart, stamps)
    spawn_spread, spawn_apart = _spawn_difference(comparison.spawns)
    return {
        "restarts": comparison.restarts,
        "missing": _missing(run),
        "invented": comparison.invented,
        "unmatched_kills": comparison.unmatched_kills,
        "unstamped": comparison.unstamped,
        "unattributed": sum(trace.get("unattributed", 0) for trace in traces),
        "lost_events": sum(trace["lost_events"] for trace in traces),
        "kill_us": distribution(comparison.kill),
        "exec_us": _by_contender(comparison.execs),
        "spawn_us": _by_contender(comparison.spawns),
        "spawn_spread": spawn_spread,
        "spawn_apart_us": spawn_apart,
    }


def _by_contender(values: Mapping[str, Sequence[float]]) -> dict[str, Distribution | None]:
    return {name: distribution(values[name]) for name in sorted(values)}


def _missing(run: Run) -> int:
    restarts = [contender["scenarios"].get("restart") for contender in run["contenders"]]
    return sum(result.get("missing", 0) for result in restarts if result)


def _spawn_difference(
    spawns: Mapping[str, Sequence[float]],
) -> tuple[float | None, float | None]:
    """Return how far apart the contenders' medians are: over the smallest, and in us."""
    medians = [statistics.median(values) for values in spawns.values() if values]
    if not medians:
        return None, None
    low, high = min(medians), max(medians)
    return high / low - 1, round(high - low, 2)
