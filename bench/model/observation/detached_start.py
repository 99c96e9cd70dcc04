"""A daemon that detaches itself, but not as quickly as its supervisor may expect."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from bench.model import steps
from bench.model.events import SNAPSHOT, STORM, Event
from bench.model.events.program import Snapshot
from bench.model.initial_state import FRESH
from bench.model.observation.evidence import Samples, number_samples, numbers
from bench.model.observation.processes import daemons
from bench.model.observation.timing import deadline, format_elapsed, look_seconds
from bench.model.scenario import (
    SamplingEffort,
    Scenario,
    ScenarioContext,
    Verdict,
    WorkUnit,
    reason_of_parent,
)
from bench.model.stages import label_events
from bench.model.statistics import Metric
from supervisors.contender import Contender
from supervisors.service import services_of

_SERVICE = "s2"


@dataclass(frozen=True)
class Delay:
    """What is late in one guest, for so many seconds: an option of testd in milliseconds."""

    option: str
    seconds: float
    behaviour: str


class DetachedStart(Scenario):
    """A monitor keeps one daemon that is late, before and after the kill of it."""

    # By the name of the stage; one guest each.
    delays: ClassVar[Mapping[str, Delay]]

    def inapplicable_reason(self, contender: Contender) -> str:
        return reason_of_parent(
            contender, "it runs from its first instruction, without a pid file."
        )

    def work_units(self, contender: Contender, effort: SamplingEffort) -> list[WorkUnit]:
        period = contender.period or 0.0
        if not effort.allows(2 * period):
            return []
        return [
            WorkUnit(
                self.name,
                2 * delay.seconds + 3.2 * period + 12,
                trials=1,
                parameters=stage,
                initial_state=FRESH,
            )
            for stage, delay in self.delays.items()
        ]

    def perform(self, context: ScenarioContext, unit: WorkUnit) -> list[Event]:
        stage, contender = unit.parameters_as(str), context.contender
        delay = self.delays[stage]
        options = (delay.option, f"{delay.seconds * 1000:.0f}")
        context.reconfigure(
            (*context.services, replace(services_of(contender, 2)[1], options=options))
        )
        wait, look = deadline(contender, services=1) + delay.seconds, look_seconds(contender)
        settled: list[steps.Step] = [steps.watch(delay.seconds + look), steps.snapshot()]
        plan = [
            steps.await_up([_SERVICE], wait), *settled, steps.storm([_SERVICE], wait), *settled,
        ]  # fmt: skip
        return label_events(stage, context.measure(plan, 2 * (wait + delay.seconds + look) + 60))

    def conclude(self, contender: Contender, samples: Sequence[Event]) -> list[Metric]:
        return []

    def judge(self, contender: Contender, samples: Sequence[Event]) -> list[Verdict]:
        numbered = number_samples(samples)
        return [
            _judge(delay.behaviour, stage_samples)
            for stage, delay in self.delays.items()
            if (stage_samples := numbered.of_stage(stage))
        ]


def _judge(behaviour: str, stage: Samples) -> Verdict:
    snapshots, storm = stage.all(SNAPSHOT), stage.first(STORM)
    evidence = numbers(snapshots, storm)
    if len(snapshots) < 2 or storm is None:
        return Verdict(behaviour, "not measured", "The daemon was not seen to start.", evidence)
    before, after = (_count(snapshot.event) for snapshot in snapshots[:2])
    sentence = f"After its first start {_describe(*before)}"
    if not storm.event["killed"]:
        return Verdict(behaviour, "no", f"{sentence}; there was none to kill.", evidence)
    kill = storm.event["killed"][0]
    if not kill["main_ns"]:
        sentence += f"; killed, it was not started again within {storm.event['deadline_s']:g} s."
        return Verdict(behaviour, "no", sentence, evidence)
    restart = format_elapsed(kill["kill_ns"], kill["main_ns"])
    later = (after[0], after[1] - before[1])
    sentence += f"; killed, it was back after {restart}, and then {_describe(*later)}."
    good = before == (1, 1) and later == (1, 1)
    return Verdict(behaviour, "yes" if good else "no", sentence, evidence)


def _count(snapshot: Snapshot) -> tuple[int, int]:
    """Return how many processes of the daemon there are, and its starts up to now."""
    running = [process for process in daemons(snapshot) if process["argv"][-1:] == [_SERVICE]]
    starts = next(
        (record["starts"] for record in snapshot["services"] if record["service"] == _SERVICE), 0
    )
    return len(running), starts


def _describe(running: int, starts: int) -> str:
    times = "once" if starts == 1 else f"{starts} times"
    return f"{running} of it ran, started {times}"
