"""Comparison of samples with a trace: how far the suite's stamps agree with the kernel's."""

from __future__ import annotations

import statistics
from collections import Counter, defaultdict
from collections.abc import Container, Iterable, Mapping, Sequence
from typing import TypedDict

from bench.model.events import RESTART, Event, events_of_kind
from bench.model.events.program import RestartTrial
from bench.model.run_file import Run, TraceAgreement
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
    """Return the samples of scenario `restart` by guest, warm-up and censored ones included."""
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
    """Add the kernel's stamps to a guest's restarts; returns how many the samples lack."""
    stamped = guest.add_stamps(restarts)
    if not stamped:
        return 0
    begin = min(restart["kill_ns"] for restart in restarts)
    end = max(restart["main_ns"] or 0 for restart in restarts)
    return max(0, len(events_between(guest.execs, begin, end + TRUNCATION)) - stamped)


def agreement_stats(
    run: Run, samples: Iterable[Event], traces: Iterable[TraceCounts | TraceAgreement]
) -> TraceAgreement:
    """Return how far a run's samples agree with the kernel's stamps that were added to them.

    traces: the counts of each trace, which are summed up.
    """
    kill: list[float] = []
    execs: dict[str, list[float]] = defaultdict(list)
    spawns: dict[str, list[float]] = defaultdict(list)
    counts: Counter[str] = Counter()
    for restart in events_of_kind(samples, RESTART):
        stamps = restart.get("witness")
        if stamps is None:
            continue
        counts["restarts"] += 1
        counts["invented"] += stamps["exec"] is None
        counts["unmatched_kills"] += stamps["kill"] is None
        counts["unstamped"] += not restart.get("begun_ns")
        if stamps["kill"] is not None:
            kill.append((stamps["kill"] - restart["kill_ns"]) / 1e3)
        main, start = restart["main_ns"], daemon_start(restart, stamps)
        ranked = restart["group"] == "long" and not restart["warmup"]
        if ranked and stamps["exec"] and main is not None and start is not None:
            execs[restart["contender"]].append((main - stamps["exec"]) / 1e3)
            spawns[restart["contender"]].append((main - start) / 1e3)
    for trace in traces:
        counts["unattributed"] += trace.get("unattributed", 0)
        counts["lost_events"] += trace.get("lost_events", 0)
    spawn_spread, spawn_apart = _spawn_difference(spawns)
    return {
        "restarts": counts["restarts"],
        "missing": _missing(run),
        "invented": counts["invented"],
        "unmatched_kills": counts["unmatched_kills"],
        "unstamped": counts["unstamped"],
        "unattributed": counts["unattributed"],
        "lost_events": counts["lost_events"],
        "kill_us": distribution(kill),
        "exec_us": {name: distribution(values) for name, values in sorted(execs.items())},
        "spawn_us": {name: distribution(values) for name, values in sorted(spawns.items())},
        "spawn_spread": spawn_spread,
        "spawn_apart_us": spawn_apart,
    }


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
