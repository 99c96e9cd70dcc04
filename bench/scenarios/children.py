"""The daemon leaves children behind when it dies."""

from __future__ import annotations

from collections.abc import Sequence

from bench.model import steps
from bench.model.events import SNAPSHOT, STORM, Event
from bench.model.events.program import Snapshot, StormEnded
from bench.model.initial_state import FRESH
from bench.model.observation.evidence import number_samples, numbers
from bench.model.observation.processes import daemon_children, names_by_pid
from bench.model.observation.timing import deadline, format_elapsed, look_seconds, start_spacing
from bench.model.scenario import SamplingEffort, Scenario, ScenarioContext, Verdict, WorkUnit
from bench.model.statistics import Metric
from supervisors.contender import Contender

CHILDREN = 3
_BEHAVIOUR = "cleans up after a dead daemon"


class Children(Scenario):
    """Whether a dead daemon's children are ended, left alone, or doubled by its successor."""

    name = "children"
    title = "children that a dead daemon leaves behind"
    position = 12

    def work_units(self, contender: Contender, effort: SamplingEffort) -> list[WorkUnit]:
        period = contender.period or 0.0
        if not effort.allows(2 * period):
            return []
        return [WorkUnit(self.name, 9 + 3.2 * period, trials=1, initial_state=FRESH)]

    def perform(self, context: ScenarioContext, unit: WorkUnit) -> list[Event]:
        service, wait = context.services[0].name, deadline(context.contender, services=1)
        rest = steps.watch(start_spacing(context.contender))
        kill = steps.storm([service], wait)
        return context.measure(
            [
                steps.set_mode(service, f"--children {CHILDREN}"),
                rest,
                kill,
                rest,
                steps.snapshot(),
                kill,
                steps.watch(look_seconds(context.contender)),
                steps.snapshot(),
            ],
            4 * wait + 60,
        )

    def conclude(self, contender: Contender, samples: Sequence[Event]) -> list[Metric]:
        return []

    def judge(self, contender: Contender, samples: Sequence[Event]) -> list[Verdict]:
        numbered = number_samples(samples)
        kills, snapshots = numbered.all(STORM), numbered.all(SNAPSHOT)
        if len(kills) < 2 or len(snapshots) < 2:
            return []
        evidence = numbers(kills[1:], snapshots)
        return [_verdict(kills[1].event, snapshots[0].event, snapshots[1].event, evidence)]


def _verdict(
    kill: StormEnded, before: Snapshot, after: Snapshot, evidence: tuple[int, ...]
) -> Verdict:
    old, new = _parents_of_children(before), _parents_of_children(after)
    if len(old) != CHILDREN:
        sentence = f"The daemon had {len(old)} children, not {CHILDREN}: nothing to judge."
        return Verdict(_BEHAVIOUR, "not measured", sentence, evidence)
    survivors = sorted(set(old) & set(new))
    time = format_elapsed(kill["begin_ns"], after["ns"])
    if not survivors:
        sentence = (
            f"{CHILDREN} children of a killed daemon were gone {time} later;"
            f" its successor's {len(new)} ran."
        )
        return Verdict(_BEHAVIOUR, "yes", sentence, evidence)
    parents = sorted({new[pid] for pid in survivors})
    sentence = (
        f"{len(survivors)} of {CHILDREN} children of a killed daemon still ran {time} later, under"
        f" {' and '.join(parents)}, "
    )
    if kill["killed"][0]["main_ns"]:
        sentence += f"beside its successor's {len(new) - len(survivors)}."
    else:
        sentence += f"and it was not started again within {kill['deadline_s']:g} s."
    return Verdict(_BEHAVIOUR, "no", sentence, evidence)


def _parents_of_children(snapshot: Snapshot) -> dict[int, str]:
    """Return the pids of the daemons' children, each with its parent's name."""
    names = names_by_pid(snapshot)
    return {
        process["pid"]: names.get(process["ppid"], "nobody")
        for process in daemon_children(snapshot)
    }


SCENARIO = Children()
