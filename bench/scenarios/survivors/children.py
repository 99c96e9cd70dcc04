"""The daemon leaves children behind when it dies."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bench.model import steps
from bench.model.events import SNAPSHOT, STORM, Event
from bench.model.events.program import Snapshot, StormEnded
from bench.model.initial_state import FRESH
from bench.model.observation.evidence import Samples, number_samples, numbers
from bench.model.observation.inherited_port import PORT_MODE, judge_port
from bench.model.observation.processes import (
    CHILD,
    CHILD_IN_SESSION,
    live_processes,
    names_by_pid,
)
from bench.model.observation.timing import deadline, format_elapsed, look_seconds, start_spacing
from bench.model.scenario import SamplingEffort, Scenario, ScenarioContext, Verdict, WorkUnit
from bench.model.stages import Stage, run_stages
from bench.model.statistics import Metric
from supervisors.contender import PROFILES, Contender

CHILDREN = 3
_BEHAVIOURS = {
    CHILD: "cleans up after a dead daemon",
    CHILD_IN_SESSION: "cleans up other sessions, too",
}
_PORT = "frees the port of a dead daemon"
_KINDS = {CHILD: "children", CHILD_IN_SESSION: "children in sessions of their own"}


class Children(Scenario):
    """Whether a dead daemon's children are ended, left alone, or doubled by its successor."""

    name = "children"
    title = "children that a dead daemon leaves behind"
    position = 12
    profiles = PROFILES

    def work_units(self, contender: Contender, effort: SamplingEffort) -> list[WorkUnit]:
        period = contender.period or 0.0
        if not effort.allows(2 * period):
            return []
        seconds = 18 + 5.5 * period + 2 * start_spacing(contender)
        return [WorkUnit(self.name, seconds, trials=1, initial_state=FRESH)]

    def perform(self, context: ScenarioContext, unit: WorkUnit) -> list[Event]:
        wait = deadline(context.contender, services=1)
        return run_stages(context, list(_stages(context)), 8 * wait + 60)

    def conclude(self, contender: Contender, samples: Sequence[Event]) -> list[Metric]:
        return []

    def judge(self, contender: Contender, samples: Sequence[Event]) -> list[Verdict]:
        numbered = number_samples(samples)
        return [
            *_judge_children(numbered.of_stage("children")),
            *_judge_port(numbered.of_stage("port")),
        ]


def _stages(context: ScenarioContext) -> Iterator[Stage]:
    service, wait = context.services[0].name, deadline(context.contender, services=1)
    rest = steps.watch(start_spacing(context.contender))
    look = steps.watch(look_seconds(context.contender))
    kill = steps.storm([service], wait)
    mode = f"--children {CHILDREN} --sessions {CHILDREN}"
    yield Stage(
        "children",
        (
            steps.set_mode(service, mode), rest, kill, rest, steps.snapshot(),
            kill, look, steps.snapshot(),
        ),
    )  # fmt: skip
    clear = (steps.kill_processes(CHILD), steps.kill_processes(CHILD_IN_SESSION))
    start = context.supervisor.start_command(context.contender, context.services[0])
    # What takes a child for the daemon starts it once that has ended.
    up = steps.await_up([service], wait, otherwise=start)
    yield Stage("before port", (steps.set_mode(service, PORT_MODE), *clear, up, rest, kill, rest))
    yield Stage("port", (steps.snapshot(), kill, look, steps.snapshot()))


def _judge_children(samples: Samples) -> Iterator[Verdict]:
    kills, snapshots = samples.all(STORM), samples.all(SNAPSHOT)
    if len(kills) < 2 or len(snapshots) < 2:
        return
    evidence = numbers(kills[1:], snapshots)
    for name in _BEHAVIOURS:
        yield _verdict(name, kills[1].event, snapshots[0].event, snapshots[1].event, evidence)


def _verdict(
    name: str, kill: StormEnded, before: Snapshot, after: Snapshot, evidence: tuple[int, ...]
) -> Verdict:
    behaviour = _BEHAVIOURS[name]
    old, new = _parents_of_children(before, name), _parents_of_children(after, name)
    if len(old) != CHILDREN:
        sentence = f"The daemon had {len(old)} {_KINDS[name]}, not {CHILDREN}: nothing to judge."
        return Verdict(behaviour, "not measured", sentence, evidence)
    survivors = sorted(set(old) & set(new))
    time = format_elapsed(kill["begin_ns"], after["ns"])
    if not survivors:
        sentence = (
            f"{CHILDREN} {_KINDS[name]} of a killed daemon were gone {time} later;"
            f" its successor's {len(new)} ran."
        )
        return Verdict(behaviour, "yes", sentence, evidence)
    parents = sorted({new[pid] for pid in survivors})
    sentence = (
        f"{len(survivors)} of {CHILDREN} {_KINDS[name]} of a killed daemon still ran {time} later,"
        f" under {' and '.join(parents)}, "
    )
    if kill["killed"][0]["main_ns"]:
        sentence += f"beside its successor's {len(new) - len(survivors)}."
    else:
        sentence += f"and it was not started again within {kill['deadline_s']:g} s."
    return Verdict(behaviour, "no", sentence, evidence)


def _parents_of_children(snapshot: Snapshot, name: str) -> dict[int, str]:
    """Return the pids of the daemons' children of that name, each with its parent's name."""
    names = names_by_pid(snapshot)
    return {
        process["pid"]: names.get(process["ppid"], "nobody")
        for process in live_processes(snapshot, name)
    }


def _judge_port(stage: Samples) -> Iterator[Verdict]:
    kill, snapshots = stage.first(STORM), stage.all(SNAPSHOT)
    if kill is not None and len(snapshots) > 1:
        yield judge_port(_PORT, kill.event["begin_ns"], snapshots[0], snapshots[1])


SCENARIO = Children()
