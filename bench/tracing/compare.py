"""The suite's stamps of each restart beside what the kernel's tracepoints say of the same one."""

from __future__ import annotations

import statistics
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from operator import attrgetter
from typing import Any, cast

from bench.model.events import RESTART, Event, events_of_kind
from bench.model.events.program import Restart
from bench.model.run_file import RESTART_PARTS
from bench.model.selection import SelectedContender
from bench.model.statistics import MIN_SAMPLES_FOR_P99, Metric, summarize
from bench.recording.aggregate import compare_with_floor, warnings
from bench.recording.store import Record
from bench.tracing.parser import Life, Trace, TraceEvent, events, lack, tracing, within
from provision.errors import Problem
from provision.provider import Notify, Provider

# The kernel's stamps are cut to whole microseconds, ours are not.
_GRAIN = 1000
# What a trace tells and no sample does.
_OF_TRACES = ("unattributed", "lost_events")
_SUFFIXES = {"long": "", "short": "_short"}
# A guest: its contender and replica.
_Place = tuple[str, int]
_METRICS = frozenset(f"restart_{part}{end}" for part in RESTART_PARTS for end in _SUFFIXES.values())


@dataclass(frozen=True)
class KernelStamps:
    """One restart as the kernel saw it; stamps in ns of CLOCK_MONOTONIC.

    kill: the signal was generated; death: the daemon began to exit; awake: the process that forked
    the successor was woken up; fork: its first child; exec: of the daemon; None: not seen.
    """

    kill: int | None
    death: int | None
    awake: int | None
    fork: int | None
    exec: int | None


def by_guest(samples: Iterable[Event]) -> dict[_Place, list[Restart]]:
    """The kills of `restart` by contender and replica, warm-up and censored ones among them."""
    found: dict[_Place, list[Restart]] = defaultdict(list)
    for each in events_of_kind(samples, RESTART):
        if each["scenario"] == "restart":
            found[each["contender"], each["replica"]].append(each)
    return found


class Guest:
    """One guest's part of a trace. inode: its pid namespace's."""

    def __init__(self, trace: Trace, inode: int) -> None:
        self.trace = trace
        self.hosts = trace.inner(inode)
        own = {trace.life(each.pid, each.ns) for each in trace.of_namespace.get(inode, ())}
        self.kills = _of(trace.killed, own)
        self.ends = _of(trace.ended, own)
        self.execs = trace.executed_in.get(inode, [])

    def witness(self, samples: Iterable[Restart]) -> None:
        """Add to each restart what the kernel saw of it, as `witness`."""
        for sample in samples:
            if not sample["censored"]:
                sample["witness"] = self.seen(sample).__dict__

    def seen(self, sample: Restart) -> KernelStamps:
        """What the kernel saw of one sample's restart."""
        begin, end = sample["kill_ns"] - _GRAIN, sample["up_ns"] or sample["kill_ns"] + 10**9
        old = self.hosts.get(sample["old_pid"], [])
        kill = _first(self.kills, old, begin, end)
        death = _first(self.ends, old, begin, end)
        fork, family = self._origin(sample, begin, end)
        main = (sample["main_ns"] or 0) + _GRAIN
        executed = [each for each in within(self.execs, begin, main) if each.pid in family]
        return KernelStamps(
            kill,
            death,
            self._awake(fork, death) if fork and death else None,
            fork.ns if fork else None,
            executed[-1].ns if executed else None,
        )

    def _origin(self, sample: Restart, begin: int, end: int) -> tuple[TraceEvent | None, set[int]]:
        """The supervisor's fork that led to the successor, and the pids from there to it."""
        first: TraceEvent | None = None
        for host in self.hosts.get(sample["new_pid"] or 0, []):
            family: set[int] = set()
            while fork := _last(self.trace.born.get(host, []), begin, end):
                family.add(host)
                # Its parent was forked before: pids that come round lead in no circle.
                first, host, end = fork, fork.pid, fork.ns
            if family:
                return first, family
        return None, set()

    def _awake(self, fork: TraceEvent, death: int) -> int | None:
        """When the forking process was woken up, first after the death."""
        stamps = self.trace.wakings.get(fork.pid, [])
        at = bisect_left(stamps, death)
        return stamps[at] if at < len(stamps) and stamps[at] <= fork.ns else None


def begun(sample: Restart, seen: KernelStamps) -> int | None:
    """When the daemon began to work towards main(): its own stamp, else the kernel's of its exec.

    Its entry point stamps on x86-64. The kernel's tracepoint is earlier: what the process was
    before is put away after it.
    """
    return sample.get("begun_ns") or seen.exec


def _of(events: Mapping[Life, Sequence[TraceEvent]], lives: set[Life]) -> list[TraceEvent]:
    found = [each for life in lives for each in events.get(life, ())]
    return sorted(found, key=attrgetter("ns"))


def _last(forks: list[TraceEvent], begin: int, end: int) -> TraceEvent | None:
    found = within(forks, begin, end)
    return found[-1] if found else None


def _first(events: list[TraceEvent], pids: Sequence[int], begin: int, end: int) -> int | None:
    return next((each.ns for each in within(events, begin, end) if each.pid in pids), None)


def inodes(run: Mapping[str, Any]) -> dict[_Place, int]:
    """(contender, replica) -> inode of the pid namespace, of each guest with restarts."""
    return {
        (contender["name"], guest["replica"]): guest["measurer"]["pidns"]
        for contender in run["contenders"]
        for guest in contender["guests"]
        # Others of that replica did what was left where something failed.
        if guest.get("measurer", {}).get("pidns") and "restart" in guest.get("load", {})
    }


def match_samples(
    run: Mapping[str, Any], samples: Sequence[Event], trace: Trace, before: Container[_Place] = ()
) -> dict[str, int]:
    """Add to each restart what the kernel saw of it, and count what no sample can tell.

    Returns unattributed: daemons of which it is not known in which guest they were, or whether in
    any; lost_events: dropped by the kernel. Each contender gets, beside its restarts, `missing`:
    those that the kernel saw between a guest's first and last kill and no sample has. before:
    guests (contender, replica) of before the trace.
    """
    of_guests = by_guest(samples)
    missing: Counter[str] = Counter()
    for (contender, replica), inode in inodes(run).items():
        if (contender, replica) in before:
            continue
        guest = Guest(trace, inode)
        of_guest = of_guests[contender, replica]
        guest.witness(of_guest)
        done = sum("witness" in each for each in of_guest)
        missing[contender] += _missing(guest, of_guest, done)
    for each in run["contenders"]:
        if each["name"] in missing:
            each["scenarios"]["restart"]["missing"] = missing[each["name"]]
    unattributed = len(trace.executed.keys() - trace.homes.keys())
    return {"unattributed": unattributed, "lost_events": trace.lost}


def agreement_stats(
    run: Mapping[str, Any], samples: Iterable[Event], told: Iterable[Mapping[str, int]]
) -> dict[str, Any]:
    """How far a run's stamps agree with those of the kernel that were added to its samples.

    told: what `confront` returned, of each trace; it is summed up. Differences are in us, the
    suite's stamp subtracted: kill (stamp before the call, to signal_generate), and by contender, of
    the trials that are ranked, exec (to the stamp in main()) and spawn (the same from when the
    daemon began), with how far the latter's medians lie apart, as a share of the smallest and in
    us. invented: samples of restarts that the kernel did not see; unstamped: of a daemon that has
    no stamp before main().
    """
    kill: list[float] = []
    execs: dict[str, list[float]] = defaultdict(list)
    spawn: dict[str, list[float]] = defaultdict(list)
    kinds = ("restarts", "missing", "invented", "unmatched_kills", "unstamped", *_OF_TRACES)
    counts = Counter(dict.fromkeys(kinds, 0))
    for sample in events_of_kind(samples, RESTART):
        if "witness" not in sample:
            continue
        seen = KernelStamps(**sample["witness"])
        counts["restarts"] += 1
        counts["invented"] += seen.exec is None
        counts["unmatched_kills"] += seen.kill is None
        counts["unstamped"] += not sample.get("begun_ns")
        if seen.kill is not None:
            kill.append((seen.kill - sample["kill_ns"]) / 1e3)
        main_ns, begun_ns = sample["main_ns"], begun(sample, seen)
        ranked = sample["group"] == "long" and not sample["warmup"]
        if ranked and seen.exec and begun_ns and main_ns is not None:
            execs[sample["contender"]].append((main_ns - seen.exec) / 1e3)
            spawn[sample["contender"]].append((main_ns - begun_ns) / 1e3)
    for each in run["contenders"]:
        counts["missing"] += each["scenarios"].get("restart", {}).get("missing", 0)
    for each in told:
        counts.update({kind: each.get(kind, 0) for kind in _OF_TRACES})
    return {
        **counts,
        "kill_us": figures(kill),
        "exec_us": {name: figures(values) for name, values in sorted(execs.items())},
        "spawn_us": {name: figures(values) for name, values in sorted(spawn.items())},
        **_spread(spawn),
    }


def _missing(guest: Guest, samples: Sequence[Restart], done: int) -> int:
    """Executions between the first kill and the last restart that no sample has."""
    if not samples or not done:
        return 0
    begin = min(each["kill_ns"] for each in samples)
    end = max(each["main_ns"] or 0 for each in samples)
    return max(0, len(within(guest.execs, begin, end + _GRAIN)) - done)


def _spread(spawn: Mapping[str, Sequence[float]]) -> dict[str, float | None]:
    medians = [statistics.median(values) for values in spawn.values() if values]
    if not medians:
        return {"spawn_spread": None, "spawn_apart_us": None}
    low, high = min(medians), max(medians)
    return {"spawn_spread": high / low - 1, "spawn_apart_us": round(high - low, 2)}


def figures(values: Sequence[float]) -> dict[str, float | None] | None:
    """n, median, p99 (None of fewer than 100), min and max; None where there is nothing."""
    if not values:
        return None
    import numpy as np  # slow, and a run that is complete needs no figures

    enough = len(values) >= MIN_SAMPLES_FOR_P99
    return {
        "n": len(values),
        "median": round(statistics.median(values), 2),
        "p99": round(float(np.quantile(values, 0.99)), 2) if enough else None,
        "min": round(min(values), 2),
        "max": round(max(values), 2),
    }


def parts(samples: Sequence[Event]) -> list[Metric]:
    """Where the time of restarts goes: metrics restart_death and so on, in ms.

    Those of a daemon that was killed soon after its start end with _short: then hold-offs show.
    death: SIGKILL to the daemon's exit; reaction: until the supervisor's process is woken; holdoff:
    until it forks; child: from fork to the daemon's begin; spawn: from that to main(). The five of
    one trial add up to its latency, their medians need not.
    """
    found = []
    for group, suffix in _SUFFIXES.items():
        rows = [row for each in events_of_kind(samples, RESTART) if (row := _row(each, group))]
        found += [
            summarize(f"restart_{part}{suffix}", "ms", values)
            for part, values in zip(RESTART_PARTS, zip(*rows, strict=True), strict=bool(rows))
        ]
    return found


def _row(sample: Restart, group: str) -> tuple[float, ...] | None:
    if not sample.get("witness") or sample["warmup"] or sample["group"] != group:
        return None
    seen = KernelStamps(**sample["witness"])
    if None in (seen.kill, seen.death, seen.awake, seen.fork, seen.exec):
        return None
    start = begun(sample, seen)
    stamps = [sample["kill_ns"], seen.death, seen.awake, seen.fork, start, sample["main_ns"]]
    known = [stamp for stamp in stamps if stamp is not None]
    if len(known) < len(stamps):
        return None
    return tuple((after - before) / 1e6 for before, after in pairwise(known))


def check_traceable(provider: Provider) -> None:
    """Raises Problem where the kernel of its guests cannot be traced."""
    why = lack() if provider.shares_kernel else f"guests of {provider.name} have their own kernels"
    if why:
        raise Problem(
            f"--trace is not possible here: {why}.",
            advice="Leave it out; ./inv calibrate does what can be done without.",
            usage=True,
        )


@contextmanager
def witnessed(record: Record, asked: Iterable[SelectedContender], say: Notify) -> Iterator[None]:
    """Trace a run for the time of the block, then add to its record what the kernel saw.

    say: told before that, which can take half a minute.
    """
    who = {entry.supervisor for entry in asked}
    names = {name for each in who for name in each.process_names | each.thread_patterns}
    logs = record.folder / "logs"
    output = logs / f"trace-{1 + len(list(logs.glob('trace-*')))}.txt"
    before, taken = inodes(record.run), None
    try:
        with tracing(output, events(names)) as taken:
            yield
    finally:
        # Also after Ctrl-C: what was measured until then is kept, and so is what the kernel saw.
        if taken and taken.lost is not None:
            say("reading what the kernel saw")
            attach(record, taken.read(), f"logs/{output.name}.gz", before)


def attach(record: Record, trace: Trace, file: str, before: Container[_Place]) -> None:
    """Add the kernel's stamps to the samples of a run, and what they come to.

    before: the guests of what is gone on with.
    """
    samples = cast(list[Event], record.samples())
    run = record.run
    told = [run["trace"]] if run.get("trace") else []
    told.append(match_samples(run, samples, trace, before))
    run["trace"] = {**agreement_stats(run, samples, told), "file": file}
    record.rewrite(samples)
    for contender in run["contenders"]:
        part = contender["scenarios"].get("restart")
        if part:
            own = [
                sample
                for sample in samples
                if sample["contender"] == contender["name"] and sample["scenario"] == "restart"
            ]
            others = [each for each in part["metrics"] if each["metric"] not in _METRICS]
            part["metrics"] = [*others, *(metric.as_dict() for metric in parts(own))]
    compare_with_floor(run)
    run["warnings"] = warnings(run)
    record.save()
