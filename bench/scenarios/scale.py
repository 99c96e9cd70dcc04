"""From one service to more than a supervisor can keep."""

from __future__ import annotations

import itertools
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass

from bench.model import steps
from bench.model.events import (
    DIED,
    FOOTPRINT,
    GATHERED,
    GAVE_UP,
    RAN,
    RESTART,
    SNAPSHOT,
    Event,
    events_of_kind,
)
from bench.model.events.added import SupervisorDied
from bench.model.initial_state import FRESH_FIXED
from bench.model.observation.evidence import Samples, number_samples, numbers
from bench.model.observation.latency import long_uptimes, restart_latencies
from bench.model.observation.processes import live_processes
from bench.model.observation.timing import (
    NS_PER_MS,
    NS_PER_S,
    deadline,
    format_duration,
    start_spacing,
)
from bench.model.scenario import (
    CROWDED_AT_ONCE,
    Answer,
    SamplingEffort,
    Scenario,
    ScenarioContext,
    Verdict,
    WorkUnit,
)
from bench.model.statistics import Metric, single_value, summarize
from provision.errors import Problem
from provision.guests.limit_class import LARGE
from supervisors.contender import Contender
from supervisors.service import services_of

# A guest with more services than this takes much memory.
MANY = 100
# The last size is beyond every limit that is written into a supervisor here: one that keeps all of
# them has no limit that a single machine would meet.
SIZES = (1, 10, MANY, 990, 2000)
SIZES_QUICK = (1, 10)
TRIALS = 3
# s. A poller with a longer period gets one trial at each size.
SLOW = 10.0
# s in which the end of a guest that is full of services is noticed.
END_SEEN = 20.0
# kB of free memory below which the guest counts as full.
_LITTLE = 65536
_KEPT = frozenset(kind.name for kind in (GATHERED, FOOTPRINT, RAN, RESTART, GAVE_UP, DIED))
# By documented means: every process may open as many files as the guest's kernel allows.
_RAISE_FILE_LIMITS = (
    "most=$(ulimit -Hn); for each in /proc/[0-9]*; do"
    " prlimit --pid ${each#/proc/} --nofile=$most:$most; done 2> /dev/null; true"
)
# Print processes, pid_max, processes a user may have, files a process may open, free memory in kB.
_PRINT_ROOM = (
    "set -- /proc/[0-9]*; echo $# $(cat /proc/sys/kernel/pid_max) "
    " $(sed -n 's/Max processes *\\([0-9a-z]*\\).*/\\1/p' /proc/self/limits)"
    " $(ulimit -Hn) $(sed -n 's/MemAvailable: *\\([0-9]*\\).*/\\1/p' /proc/meminfo)"
)
_TIMEOUT = 3600.0  # s
# s that a monitor which polls takes for the start of a service, with those that it does not keep.
START_SECONDS = 0.05
# 2000 services in one guest were seen to take 0.35 GB.
_much_memory = threading.BoundedSemaphore(CROWDED_AT_ONCE)


@dataclass(frozen=True)
class Climb:
    """The sizes that one guest measures, one after the other, from `start` services on."""

    start: int
    sizes: tuple[int, ...]


class Scale(Scenario):
    """Bringing up, memory and processes a service, and restart latency, size by size."""

    name = "scale"
    title = "from 1 to 2000 services"
    position = 16

    def work_units(self, contender: Contender, effort: SamplingEffort) -> list[WorkUnit]:
        period = contender.period or 0.0
        if not effort.allows(2 * period):
            return []
        if effort.quick:
            climbs = [Climb(0, SIZES_QUICK)]
        elif period > SLOW:
            # Each size takes some periods: two guests climb at the same time.
            few = SIZES[: SIZES.index(MANY) + 1]
            climbs = [Climb(0, few), Climb(MANY, SIZES[len(few) :])]
        else:
            climbs = [Climb(0, SIZES)]
        return [
            WorkUnit(
                self.name,
                _expected_seconds(contender, climb),
                trials=1,
                parameters=climb,
                initial_state=FRESH_FIXED,
                crowded_seconds=_crowded_seconds(contender, climb),
                limit_class=LARGE,
            )
            for climb in climbs
        ]

    def perform(self, context: ScenarioContext, unit: WorkUnit) -> list[Event]:
        with ExitStack() as places:
            return self._climb(context, unit.parameters_as(Climb), places)

    def _climb(self, context: ScenarioContext, climb: Climb, places: ExitStack) -> list[Event]:
        """Measure size by size; beyond MANY with a place among those that take much memory."""
        context.guest.run(_RAISE_FILE_LIMITS)
        if climb.start:
            context.measure(_steps_to_size(context, 0, climb.start), _TIMEOUT)
        events: list[Event] = []
        for before, size in itertools.pairwise((climb.start, *climb.sizes)):
            if before == MANY:
                places.enter_context(_much_memory)
            try:
                taken = _measure_size(context, before, size)
            except Problem:
                # A PID 1 that dies takes the measuring program with it before its end is seen.
                pid1 = context.contender.pid1
                if not (pid1 and context.guest.wait_for_end(time.monotonic() + END_SEEN)):
                    raise
                died: SupervisorDied = {"size": size, "event": "died"}
                return [*events, died]
            events += [{"size": size, **event} for event in taken if event["event"] in _KEPT]
            if _is_too_much(taken):
                break
        return events

    def conclude(self, contender: Contender, samples: Sequence[Event]) -> list[Metric]:
        numbered = number_samples(samples)
        return [metric for size in _sizes(samples) for metric in _metrics(size, numbered)]

    def judge(self, contender: Contender, samples: Sequence[Event]) -> list[Verdict]:
        numbered = number_samples(samples)
        return [_verdict(size, numbered) for size in _sizes(samples) if size >= 10]


def _expected_seconds(contender: Contender, climb: Climb) -> float:
    """Return the seconds that a guest takes for its sizes."""
    period = contender.period or 0.0
    each = 5 + period + _trial_count(contender) * (start_spacing(contender) + 1)
    in_turn = START_SECONDS * (climb.sizes[-1] - climb.start)
    starts = in_turn if _starts_in_turn(contender) else 0.0
    # A slow poller is waited for if it does not keep the last size.
    missing = _stall(contender, climb.sizes[-1]) if period > SLOW else 0.0
    return 30 + len(climb.sizes) * each + starts + missing


def _crowded_seconds(contender: Contender, climb: Climb) -> float:
    """Return how many of those seconds a guest has more than MANY services."""
    many = Climb(max(climb.start, MANY), tuple(size for size in climb.sizes if size > MANY))
    return _expected_seconds(contender, many) if many.sizes else 0.0


def _starts_in_turn(contender: Contender) -> bool:
    """Tell whether it starts its services one after the other, and waits for each."""
    looks = contender.role == "monitor" and contender.period is not None
    return looks and contender.start_limit is None


def _sizes(samples: Sequence[Event]) -> list[int]:
    return sorted({sample["size"] for sample in samples if "size" in sample})


def _is_too_much(events: Sequence[Event]) -> bool:
    """Tell whether the supervisor died, or does not keep all services."""
    if events_of_kind(events, DIED):
        return True
    return any(gathered["down"] > 0 for gathered in events_of_kind(events, GATHERED))


def _trial_count(contender: Contender) -> int:
    return TRIALS if (contender.period or 0.0) < SLOW else 1


def _measure_size(context: ScenarioContext, before: int, size: int) -> list[Event]:
    """Bring up services until there are so many, and measure what they cost."""
    contender = context.contender
    is_loud = size >= MANY and not _starts_in_turn(contender)
    with context.loud(False) if is_loud else nullcontext():
        events = context.measure(_steps_to_size(context, before, size), _TIMEOUT)
    names = [service.name for service in context.services]
    settle = steps.watch(start_spacing(contender) + 1)
    room = steps.run_command(_PRINT_ROOM, 60)
    events += context.measure([settle, room, steps.snapshot()], _TIMEOUT)
    if not contender.pid1 and not _supervisor_lives(context, events):
        died: SupervisorDied = {"event": "died"}
        return [*events, died]
    trials: steps.TrialsStep = {
        "do": "trials",
        # One that was not killed before, for limits of starts, and that was up before.
        "service": names[before if size <= SIZES_QUICK[-1] else before - 1],
        "groups": [
            {
                "name": str(size),
                "trials": _trial_count(contender),
                "uptime": long_uptimes(contender),
            }
        ],
        "deadline": _stall(contender, size),
        "limit": contender.limit_that_lifts,
    }
    costs = context.measure([steps.measure_footprint(size, context.tree), trials], _TIMEOUT)
    return [*events, *costs]


def _steps_to_size(context: ScenarioContext, before: int, size: int) -> list[steps.Step]:
    """Return the steps that bring up services until there are so many, and wait for them."""
    bring_up = _bring_up(context, size) if size > 1 else []
    names = [service.name for service in context.services]
    gather: steps.GatherStep = {
        "do": "gather", "services": names, "new": names[before:],
        "stall": _stall(context.contender, size),
    }  # fmt: skip
    return [*bring_up, gather]


def _stall(contender: Contender, size: int) -> float:
    """Return the seconds without a start after which none of the missing ones comes."""
    return deadline(contender, services=1) + (30 if size > MANY else 0)


def _bring_up(context: ScenarioContext, size: int) -> list[steps.Step]:
    """Configure so many services; return the steps by which the supervisor takes them up."""
    kept = services_of(context.contender, size)
    command = context.supervisor.reload_command(context.contender, kept)
    if command is None:
        context.keep_services(size)
        return []
    context.services = kept
    context.supervisor.configure(context.guest, context.contender, kept)
    return [steps.run_command(command, 1200)]


def _supervisor_lives(context: ScenarioContext, events: Sequence[Event]) -> bool:
    """Tell whether the last snapshot shows a process of the supervisor."""
    snapshot = events_of_kind(events, SNAPSHOT)[-1]
    return bool(live_processes(snapshot, *context.supervisor.process_names))


def _metrics(size: int, numbered: Samples) -> list[Metric]:
    gathered = [one.event for one in numbered.all(GATHERED, size=size)]
    if not gathered:
        return []
    metrics = [
        single_value(f"scale_up_{size}", "", event["asked"] - event["down"]) for event in gathered
    ]
    metrics.append(single_value(f"scale_lost_{size}", "", _starts_so_far(size, numbered)[1]))
    brought_up_ns = _bring_up_ns(size, numbered)
    if brought_up_ns is not None:
        metrics.append(single_value(f"scale_seconds_{size}", "s", brought_up_ns / NS_PER_S))
    for footprint in numbered.all(FOOTPRINT, size=size):
        total = footprint.event["total"]
        metrics.append(single_value(f"scale_processes_{size}", "", total["processes"]))
        if total["Private_Dirty"] is not None:
            private = total["Private_Dirty"]
            metrics.append(single_value(f"scale_private_dirty_{size}", "kB", private))
        if total["Pss"] is not None:
            metrics.append(single_value(f"scale_pss_{size}", "kB", total["Pss"]))
    trials = [
        trial.event for trial in numbered.all(RESTART, size=size) if not trial.event["warmup"]
    ]
    latencies = restart_latencies(trials)
    censored = len(trials) - len(latencies)
    return [*metrics, summarize(f"scale_restart_{size}", "ms", latencies, censored)]


def _starts_so_far(size: int, numbered: Samples) -> tuple[int, int]:
    """Return the number of starts up to that size, and of how many no stamp is known.

    Services start when they are brought up, and after a kill.
    """
    gathered = [one.event for one in numbered.all(GATHERED) if one.event["size"] <= size]
    restarts = [
        trial.event
        for trial in numbered.all(RESTART, censored=False)
        if trial.event["size"] <= size
    ]
    starts = len(restarts) + sum(event["starts"] for event in gathered)
    lost = sum(event["lost"] for event in gathered)
    return starts, lost + sum(trial["starts_missed"] for trial in restarts)


def _bring_up_ns(size: int, numbered: Samples) -> int | None:
    """Return the ns from the request, or the first start, to the last start of the new ones."""
    gathered = numbered.first(GATHERED, size=size)
    if size == 1 or gathered is None:
        return None
    first_ns, last_ns = gathered.event["first_ns"], gathered.event["last_ns"]
    if first_ns is None or last_ns is None:
        return None
    # Without a request, the supervisor was restarted; with one, a scanner may find them earlier.
    commands = [ran.event["begin_ns"] for ran in numbered.all(RAN, size=size)]
    begin_ns = min(first_ns, commands[0]) if len(commands) == 2 else first_ns
    return last_ns - begin_ns


def _verdict(size: int, numbered: Samples) -> Verdict:
    behaviour = f"keeps {size} services"
    gathered, footprints = numbered.all(GATHERED, size=size), numbered.all(FOOTPRINT, size=size)
    trials, commands = numbered.all(RESTART, size=size), numbered.all(RAN, size=size)
    died = numbered.all(DIED, size=size)
    evidence = numbers(gathered, footprints, trials, commands, died)
    if not gathered:
        sentence = "PID 1 died while it took them up, and the machine with it."
        return Verdict(behaviour, "no", sentence, evidence)
    up = gathered[0].event["asked"] - gathered[0].event["down"]
    took_ns = _bring_up_ns(size, numbered)
    after = f" {format_duration(took_ns / NS_PER_S)} after the request" if took_ns else ""
    starts, lost = _starts_so_far(size, numbered)
    stamps = f"{lost or 'no'} stamp{'s' if lost > 1 else ''} lost of {starts} starts so far"
    phrases = [f"{up} of {size} ran{after}", stamps, *_describe_cost(size, up, numbered)]
    latencies = restart_latencies(trial.event for trial in trials if not trial.event["warmup"])
    if latencies:
        slowest = format_duration(max(latencies) * NS_PER_MS / NS_PER_S)
        phrases.append(f"one killed was back after {slowest} at the latest")
    elif trials:
        phrases.append("one killed was not back in time")
    if died:
        phrases.append("the supervisor itself has died of it")
    if up < size and commands and footprints:
        files = max(process["fds"] or 0 for process in footprints[0].event["processes"])
        phrases.append(_describe_room(commands[-1].event["output"], files))
    answer: Answer = "yes" if up == size and latencies else "no"
    return Verdict(behaviour, answer, "; ".join(phrases) + ".", evidence)


def _describe_cost(size: int, up: int, numbered: Samples) -> list[str]:
    """Say what each further service costs beyond the first."""
    one, many = (numbered.first(FOOTPRINT, size=count) for count in (1, size))
    if one is None or many is None or up < 2:
        return []
    of_one, of_many = one.event["total"], many.event["total"]
    processes = (of_many["processes"] - of_one["processes"]) / (up - 1)
    private_of_one, private_of_many = of_one["Private_Dirty"], of_many["Private_Dirty"]
    if private_of_one is None or private_of_many is None:
        return [f"{processes:.2f} processes more for each"]
    memory = (private_of_many - private_of_one) / (up - 1)
    return [f"{processes:.2f} processes and {round(memory)} kB of private memory more for each"]


def _describe_room(room: str, files: int) -> str:
    """Say whether the guest was full; files: the most that one supervising process has open."""
    processes, pids, of_user, most_files, memory = (
        int(word) if word.isdigit() else sys.maxsize for word in room.split()
    )
    most = min(pids, of_user)
    full = processes > 0.95 * most or files > 0.95 * most_files or memory < _LITTLE
    return (
        f"the guest {'gave out' if full else 'had room'}: {processes} of {most} processes,"
        f" {files} of {most_files} open files in the busiest process, {memory >> 10} MiB free"
    )


SCENARIO = Scale()
