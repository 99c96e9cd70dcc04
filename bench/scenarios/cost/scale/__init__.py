"""From one service to more than a supervisor can keep."""

from __future__ import annotations

import itertools
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
from bench.model.observation.evidence import number_samples
from bench.model.observation.latency import long_uptimes
from bench.model.observation.processes import live_processes
from bench.model.observation.timing import deadline, start_spacing
from bench.model.scenario import (
    CROWDED_AT_ONCE,
    SamplingEffort,
    Scenario,
    ScenarioContext,
    Verdict,
    WorkUnit,
)
from bench.model.statistics import Metric
from bench.scenarios.cost.scale.outcome import size_metrics, size_verdict
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
_KEPT = frozenset(kind.name for kind in (GATHERED, FOOTPRINT, RAN, RESTART, GAVE_UP, DIED))
# By documented means: every process may open as many files as the guest's kernel allows.
_RAISE_FILE_LIMITS = (
    "most=$(ulimit -Hn); for process in /proc/[0-9]*; do"
    " prlimit --pid ${process#/proc/} --nofile=$most:$most; done 2> /dev/null; true"
)
# Print processes, pid_max, processes a user may have, files a process may open, free memory in kB.
_PRINT_ROOM = (
    "set -- /proc/[0-9]*; echo $# $(cat /proc/sys/kernel/pid_max) "
    " $(sed -n 's/Max processes *\\([0-9a-z]*\\).*/\\1/p' /proc/self/limits)"
    " $(ulimit -Hn) $(sed -n 's/MemAvailable: *\\([0-9]*\\).*/\\1/p' /proc/meminfo)"
)
_TIMEOUT = 3600.0  # s
# s that a monitor which polls usually takes for the start of a service; it may take far longer.
_USUAL_START = 0.05
# 2000 services in one guest were seen to take 0.35 GB.
_much_memory = threading.BoundedSemaphore(CROWDED_AT_ONCE)


@dataclass(frozen=True)
class RampUp:
    """The numbers of services that one guest measures, rising from `start`."""

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
            ramp_ups = [RampUp(0, SIZES_QUICK)]
        elif period > SLOW:
            # Each size takes some periods: two guests share the sizes and run at the same time.
            few = SIZES[: SIZES.index(MANY) + 1]
            ramp_ups = [RampUp(0, few), RampUp(MANY, SIZES[len(few) :])]
        else:
            ramp_ups = [RampUp(0, SIZES)]
        return [
            WorkUnit(
                self.name,
                _expected_seconds(contender, ramp_up),
                trials=1,
                parameters=ramp_up,
                initial_state=FRESH_FIXED,
                crowded_seconds=_crowded_seconds(contender, ramp_up),
                limit_class=LARGE,
            )
            for ramp_up in ramp_ups
        ]

    def perform(self, context: ScenarioContext, unit: WorkUnit) -> list[Event]:
        with ExitStack() as places:
            return self._measure_sizes(context, unit.parameters_as(RampUp), places)

    def _measure_sizes(
        self, context: ScenarioContext, ramp_up: RampUp, places: ExitStack
    ) -> list[Event]:
        """Measure size by size; beyond MANY with a place among those that take much memory."""
        context.guest.run(_RAISE_FILE_LIMITS)
        if ramp_up.start:
            context.measure(_steps_to_size(context, 0, ramp_up.start), _TIMEOUT)
        events: list[Event] = []
        for before, size in itertools.pairwise((ramp_up.start, *ramp_up.sizes)):
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
        return [metric for size in _sizes(samples) for metric in size_metrics(size, numbered)]

    def judge(self, contender: Contender, samples: Sequence[Event]) -> list[Verdict]:
        numbered = number_samples(samples)
        return [size_verdict(size, numbered) for size in _sizes(samples) if size >= 10]


def _expected_seconds(contender: Contender, ramp_up: RampUp) -> float:
    """Return the seconds that a guest takes for its sizes."""
    period = contender.period or 0.0
    size_seconds = 5 + period + _trial_count(contender) * (start_spacing(contender) + 1)
    in_turn = _USUAL_START * (ramp_up.sizes[-1] - ramp_up.start)
    starts = in_turn if _starts_in_turn(contender) else 0.0
    # A slow poller is waited for if it does not keep the last size.
    missing = _stall(contender, ramp_up.sizes[-1]) if period > SLOW else 0.0
    return 30 + len(ramp_up.sizes) * size_seconds + starts + missing


def _crowded_seconds(contender: Contender, ramp_up: RampUp) -> float:
    """Return how many of those seconds a guest has more than MANY services."""
    many = RampUp(max(ramp_up.start, MANY), tuple(size for size in ramp_up.sizes if size > MANY))
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
    # What starts one service after the other, each by a client, uses a fifth of a processor.
    in_turn = _starts_in_turn(contender) or context.supervisor.forked_by_client
    is_loud = size >= MANY and not in_turn
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


SCENARIO = Scale()
