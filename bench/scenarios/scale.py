"""From one service to more than a supervisor can keep."""

from __future__ import annotations

import itertools
import sys
import time
from collections.abc import Sequence

from bench.model.evidence import duration, find, numbers, patience, spacing
from bench.model.scenario import (
    Event,
    SamplingEffort,
    Scenario,
    ScenarioContext,
    Step,
    Verdict,
    WorkUnit,
)
from bench.model.statistics import Metric, single, summary
from provision.errors import Problem
from supervisors.contender import Contender
from supervisors.service import services_of

# The last one is beyond every ceiling that is written into a supervisor here; whoever keeps all of
# them has none that a single machine would meet.
SIZES = (1, 10, 100, 990, 2000)
SIZES_QUICK = (1, 10)
ASKED = 990
TRIALS = 3
# A poller that looks more seldom than this is watched once at each size.
SLOW = 10.0
# Seconds within which the end of a guest that is full of services is seen.
END_SEEN = 20.0
# By documented means: what a process may open is raised to what the guest's kernel allows.
_RAISE = (
    "most=$(ulimit -Hn); for each in /proc/[0-9]*; do"
    " prlimit --pid ${each#/proc/} --nofile=$most:$most; done 2> /dev/null; true"
)
_ROOM = (
    "set -- /proc/[0-9]*; echo $# $(cat /proc/sys/kernel/pid_max) "
    " $(sed -n 's/Max processes *\\([0-9a-z]*\\).*/\\1/p' /proc/self/limits)"
    " $(ulimit -Hn) $(sed -n 's/MemAvailable: *\\([0-9]*\\).*/\\1/p' /proc/meminfo)"
)


class Scale(Scenario):
    """Bringing up, memory and processes a service, and restart latency, size by size."""

    name = "scale"
    title = "from 1 to 2000 services"
    rank = 16

    def work_units(self, contender: Contender, depth: SamplingEffort) -> list[WorkUnit]:
        period = contender.period or 0.0
        if depth.budget is not None and 2 * period > depth.budget:
            return []
        sizes = SIZES if depth.budget is None else SIZES_QUICK
        seconds = 60 + len(sizes) * (5 + 2 * period + _trials(contender) * (spacing(contender) + 1))
        return [WorkUnit(self.name, seconds, 1, {"sizes": sizes}, own_guest=True, cpu_heavy=True)]

    def perform(self, turn: ScenarioContext, share: WorkUnit) -> list[Event]:
        turn.guest.run(_RAISE)
        events: list[Event] = []
        for before, size in itertools.pairwise((0, *share.work["sizes"])):
            try:
                taken = self._at(turn, before, size)
            except Problem:
                # A PID 1 that dies takes the measuring program with it before its end is seen.
                if not (
                    turn.contender.pid1 and turn.guest.wait_for_end(time.monotonic() + END_SEEN)
                ):
                    raise
                return [*events, {"size": size, "event": "died"}]
            events += [{"size": size, **event} for event in taken if event["event"] in _KEPT]
            if any(_too_much(event) for event in taken):
                break
        return events

    def _at(self, turn: ScenarioContext, before: int, size: int) -> list[Event]:
        contender, tree = turn.contender, sorted(turn.supervisor.process_names)
        steps: list[Step] = []
        if size > 1:
            steps += _bring_up(turn, size)
        names = [service.name for service in turn.services]
        # Nothing new for that long: none of those missing is going to come.
        stall = patience(contender) + (30 if size > 100 else 0)
        steps += [
            {"do": "gather", "services": names, "new": names[before:], "stall": stall},
            {"do": "watch", "seconds": spacing(contender) + 1},
            {"do": "run", "command": _ROOM, "deadline": 60},
            {"do": "snapshot"},
        ]
        events = turn.measure(steps, 3600)
        if not contender.pid1 and not _supervisors(tree, events):
            return [*events, {"event": "died"}]
        more: list[Step] = [
            {"do": "footprint", "root": tree, "pid1": contender.pid1, "services": size},
            {
                "do": "trials",
                # A fresh one each time, for limits of starts, and one that was up before.
                "service": names[before if size <= SIZES_QUICK[-1] else before - 1],
                "groups": [
                    {"name": str(size), "trials": _trials(contender), "uptime": _uptimes(contender)}
                ],
                "deadline": stall,
                "limit": contender.periodic_limit,
            },
        ]
        return [*events, *turn.measure(more, 3600)]

    def conclude(self, contender: Contender, samples: Sequence[Event]) -> list[Metric]:
        sizes = sorted({each["size"] for each in samples})
        return [metric for size in sizes for metric in _metrics(size, samples)]

    def judge(self, contender: Contender, samples: Sequence[Event]) -> list[Verdict]:
        sizes = sorted({each["size"] for each in samples})
        asked = [size for size in sizes if size >= 10]
        return [_verdict(size, samples) for size in asked]


# Less memory than this, in kB, is none.
_LITTLE = 65536
_KEPT = frozenset({"gathered", "footprint", "ran", "sample", "gaveup", "died"})


def _too_much(event: Event) -> bool:
    return event["event"] == "died" or bool(event["event"] == "gathered" and event["down"] > 0)


def _supervisors(names: Sequence[str], events: Sequence[Event]) -> list[Event]:
    """The supervisor's own processes in the last snapshot."""
    picture = find(events, "processes")[-1][1]
    return [each for each in picture["processes"] if each["comm"] in names and each["state"] != "Z"]


def _trials(contender: Contender) -> int:
    return TRIALS if (contender.period or 0.0) < SLOW else 1


def _uptimes(contender: Contender) -> list[float]:
    return [contender.settled_uptime, contender.settled_uptime + (contender.period or 1.0)]


def _bring_up(turn: ScenarioContext, size: int) -> list[Step]:
    """Configure so many services; the steps by which the supervisor takes them up."""
    wanted = services_of(turn.contender, size)
    command = turn.supervisor.reload_command(turn.contender, wanted)
    if command is None:
        turn.grow(size)
        return []
    turn.services = wanted
    turn.supervisor.configure(turn.guest, turn.contender, wanted)
    return [{"do": "run", "command": command, "deadline": 1200}]


def _metrics(size: int, samples: Sequence[Event]) -> list[Metric]:
    gathered = find(samples, "gathered", size=size)
    if not gathered:
        return []
    sizes = find(samples, "footprint", size=size)
    trials = [each for _, each in find(samples, "sample", size=size) if not each["warmup"]]
    latencies = [
        (each["main_ns"] - each["kill_ns"]) / 1e6 for each in trials if not each["censored"]
    ]
    found = [single(f"scale_up_{size}", "", each["asked"] - each["down"]) for _, each in gathered]
    found.append(single(f"scale_lost_{size}", "", _starts(size, samples)[1]))
    took = _bringing_up(size, samples)
    if took is not None:
        found.append(single(f"scale_seconds_{size}", "s", took / 1e9))
    for _, each in sizes:
        found.append(single(f"scale_processes_{size}", "", each["total"]["processes"]))
        if each["total"]["Pss"] is not None:
            found.append(single(f"scale_pss_{size}", "kB", each["total"]["Pss"]))
    return [
        *found,
        summary(f"scale_restart_{size}", "ms", latencies, len(trials) - len(latencies)),
    ]


def _starts(size: int, samples: Sequence[Event]) -> tuple[int, int]:
    """How often services were started up to that size, and of how many no stamp is known.

    They were started to bring them up, and after a kill.
    """
    known = [each for each in samples if each["size"] <= size]
    gathered, trials = find(known, "gathered"), find(known, "sample", censored=False)
    starts = len(trials) + sum(each["starts"] for _, each in gathered)
    lost = [each["lost"] for _, each in gathered] + [each["starts_missed"] for _, each in trials]
    return starts, sum(lost)


def _bringing_up(size: int, samples: Sequence[Event]) -> int | None:
    """Nanoseconds from the request, or from the first start, to the last start of the new ones."""
    gathered = find(samples, "gathered", size=size)
    if size == 1 or not gathered or gathered[0][1]["last_ns"] is None:
        return None
    # Who restarts to take up services has no request; a scanner may find them before it is made.
    asked = [each["begin_ns"] for _, each in find(samples, "ran", size=size)]
    first = int(gathered[0][1]["first_ns"])
    begin = min(first, asked[0]) if len(asked) == 2 else first
    return int(gathered[0][1]["last_ns"]) - begin


def _verdict(size: int, samples: Sequence[Event]) -> Verdict:
    behaviour = f"keeps {size} services"
    gathered, sizes = find(samples, "gathered", size=size), find(samples, "footprint", size=size)
    trials, ran = find(samples, "sample", size=size), find(samples, "ran", size=size)
    died = find(samples, "died", size=size)
    evidence = numbers(gathered, sizes, trials, ran, died)
    if not gathered:
        sentence = "PID 1 died while it took them up, and the machine with it."
        return Verdict(behaviour, "no", sentence, evidence)
    there = gathered[0][1]["asked"] - gathered[0][1]["down"]
    took = _bringing_up(size, samples)
    said = [f"{there} of {size} ran" + (f" {duration(took)} after the request" if took else "")]
    starts, lost = _starts(size, samples)
    said.append(f"{lost or 'no'} stamp{'s' if lost > 1 else ''} lost of {starts} starts so far")
    said += _cost(size, there, samples)
    seen = [each for _, each in trials if not each["warmup"] and not each["censored"]]
    if seen:
        slowest = max(each["main_ns"] - each["kill_ns"] for each in seen)
        said.append(f"one killed was back after {duration(slowest)} at the latest")
    elif trials:
        said.append("one killed was not back in time")
    if died:
        said.append("the supervisor itself has died of it")
    if there < size and ran and sizes:
        most = max(each["fds"] or 0 for each in sizes[0][1]["processes"])
        said.append(_room(ran[-1][1]["output"], most))
    good = there == size and bool(seen)
    return Verdict(behaviour, "yes" if good else "no", "; ".join(said) + ".", evidence)


def _cost(size: int, there: int, samples: Sequence[Event]) -> list[str]:
    """What each service more costs, beyond what one costs."""
    one, many = (find(samples, "footprint", size=each) for each in (1, size))
    if not one or not many or there < 2:
        return []
    few, total = one[0][1]["total"], many[0][1]["total"]
    processes = (total["processes"] - few["processes"]) / (there - 1)
    if few["Pss"] is None or total["Pss"] is None:
        return [f"{processes:.2f} processes more for each"]
    memory = (total["Pss"] - few["Pss"]) / (there - 1)
    return [f"{processes:.2f} processes and {round(memory)} kB (Pss) more for each"]


def _room(output: str, files: int) -> str:
    """Whether it was the guest that gave out; files: the most that any supervising process has."""
    processes, pids, of_user, most_files, memory = (
        int(word) if word.isdigit() else sys.maxsize for word in output.split()
    )
    most = min(pids, of_user)
    tight = processes > 0.95 * most or files > 0.95 * most_files or memory < _LITTLE
    return (
        f"the guest {'gave out' if tight else 'had room'}: {processes} of {most} processes,"
        f" {files} of {most_files} open files in the busiest process, {memory >> 10} MiB free"
    )


SCENARIO = Scale()
