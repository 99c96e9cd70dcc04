"""Thousands of orphaned processes end, and PID 1 has to reap them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bench.model import steps
from bench.model.events import FOOTPRINT, REAPED, SIGNALLED, Event
from bench.model.events.program import FootprintTaken, OrphansReaped, SignalSent
from bench.model.initial_state import FRESH
from bench.model.observation.evidence import number_samples, numbers
from bench.model.observation.timing import deadline, format_elapsed, start_spacing
from bench.model.scenario import SamplingEffort, Scenario, ScenarioContext, Verdict, WorkUnit
from bench.model.statistics import Metric, single_value
from provision.guests.limit_class import LARGE
from supervisors.contender import Contender

_DEADLINE = 60  # s for PID 1 to reap all of them
_PID1: steps.Tree = {"root": [1]}


@dataclass(frozen=True)
class OrphanCounts:
    """How many orphans end one after the other, and at once: the kernel merges such signals."""

    stream: int
    burst: int


FULL, QUICK = OrphanCounts(stream=3000, burst=1000), OrphanCounts(stream=300, burst=100)


class Orphans(Scenario):
    """Whether PID 1 reaps what it did not start, how fast, and how much memory it keeps."""

    name = "orphans"
    title = "orphans that PID 1 has to reap"
    position = 14

    def inapplicable_reason(self, contender: Contender) -> str:
        return "" if contender.pid1 else "It is not PID 1: orphans are its host's children."

    def work_units(self, contender: Contender, effort: SamplingEffort) -> list[WorkUnit]:
        counts = QUICK if effort.quick else FULL
        return [
            WorkUnit(
                self.name, 12, trials=1, parameters=counts, initial_state=FRESH, limit_class=LARGE
            )
        ]

    def perform(self, context: ScenarioContext, unit: WorkUnit) -> list[Event]:
        service = context.services[0].name
        wait = deadline(context.contender, services=1)
        plan = _plan(service, wait, start_spacing(context.contender), unit)
        with context.disturbing():
            return context.measure(plan, 3 * wait + 2 * _DEADLINE + 60)

    def conclude(self, contender: Contender, samples: Sequence[Event]) -> list[Metric]:
        numbered = number_samples(samples)
        stream = numbered.first(REAPED, comm="testd-orphan")
        sizes = numbered.all(FOOTPRINT)
        metrics = []
        if stream is not None and not stream.event["left"]:
            metrics.append(single_value("orphans_zombies", "", stream.event["most_zombies"]))
        if len(sizes) == 2:
            before, after = (_memory(size.event) for size in sizes)
            metrics.append(single_value("orphans_memory", "kB", after - before))
        return metrics

    def judge(self, contender: Contender, samples: Sequence[Event]) -> list[Verdict]:
        numbered = number_samples(samples)
        reaped, sizes = numbered.all(REAPED), numbered.all(FOOTPRINT)
        if len(reaped) < 2 or len(sizes) < 2:
            return []
        stream, burst = (one.event for one in reaped)
        killed = numbered.all(SIGNALLED)
        before, after = (_memory(size.event) for size in sizes[:2])
        sentence = (
            f"{_describe_stream(stream)} at most {stream['most_zombies']} waited at once."
            f" {_describe_burst(killed[0].event, burst)}"
            f" VmRSS of PID 1: {before} kB before, {after} kB after."
        )
        good = not stream["left"] and not burst["left"]
        evidence = numbers(reaped, killed, sizes)
        return [Verdict("reaps orphans", "yes" if good else "no", sentence, evidence)]


def _plan(service: str, wait: float, spacing: float, unit: WorkUnit) -> list[steps.Step]:
    counts = unit.parameters_as(OrphanCounts)
    rest, kill = steps.watch(spacing), steps.storm([service], wait)
    return [
        steps.measure_footprint(1, _PID1, "before"),
        steps.set_mode(service, f"--orphans {counts.stream}"),
        rest,
        kill,
        steps.reap("testd-orphan", _DEADLINE, after=service),
        steps.set_mode(service, f"--children {counts.burst}"),
        rest,
        kill,
        # Time for the daemon to fork all of them, and for each to take its name.
        steps.watch(5),
        steps.set_mode(service, ""),
        kill,
        steps.kill_processes("testd-child"),
        steps.reap("testd-child", _DEADLINE),
        steps.watch(1),
        steps.measure_footprint(1, _PID1, "after"),
    ]


def _describe_stream(stream: OrphansReaped) -> str:
    if stream["left"]:
        return f"{stream['left']} of the orphans were left after {_DEADLINE} s;"
    made_ns = stream["made_ns"]
    assert made_ns is not None
    time = format_elapsed(min(made_ns, stream["end_ns"]), stream["end_ns"])
    return f"All orphans that ended one by one were reaped {time} after the last was made;"


def _describe_burst(killed: SignalSent, burst: OrphansReaped) -> str:
    count = len(killed["pids"])
    if not count:
        return "Those that were to be killed at once it had ended itself, with their parent."
    if burst["left"]:
        return f"Of {count} killed at once {burst['left']} were left after {_DEADLINE} s."
    time = format_elapsed(killed["begin_ns"], burst["end_ns"])
    return f"{count} killed at once were all reaped {time} after the first was killed."


def _memory(footprint: FootprintTaken) -> int:
    """Return VmRSS of PID 1 in kB."""
    pid1 = next(process for process in footprint["processes"] if process["pid"] == 1)
    size = pid1["VmRSS"]
    assert size is not None
    return size


SCENARIO = Orphans()
