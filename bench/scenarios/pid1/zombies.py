"""Thousands of processes end that nobody in the container waits for, but PID 1."""

from __future__ import annotations

from collections.abc import Sequence

from bench.model import steps
from bench.model.events import REAPED, WITNESSED, Event
from bench.model.initial_state import InitialState
from bench.model.observation.evidence import Samples, number_samples, numbers
from bench.model.observation.witness import as_events, await_note, read_notes, run_witness
from bench.model.scenario import (
    SamplingEffort,
    Scenario,
    ScenarioContext,
    Verdict,
    WorkUnit,
)
from bench.model.stages import label_events
from bench.model.statistics import Metric, single_value
from provision.errors import Problem
from provision.guests.limit_class import LARGE
from supervisors.contender import Contender

COUNT, COUNT_QUICK = 10_000, 1_000
# s until all of them are there; s that PID 1 then has for the rest of them.
_PATIENCE, _DEADLINE = 120.0, 5.0
# What takes a processor shares its guest with nothing else.
_OWN_GUEST = InitialState(first_life=True, settled=False)
# By stage: the processes' name, and what PID 1 has to do with them.
STAGES = {"orphans": "orphan", "zombies": "zombie"}
_BEHAVIOURS = {"orphans": "reaps orphans that end", "zombies": "reaps zombies that it inherits"}


class Zombies(Scenario):
    """Whether PID 1 reaps what it did not start: 10,000 orphans, and 10,000 zombies at once."""

    name = "zombies"
    title = "zombies that a container's PID 1 has to reap"
    position = 34
    of_inits = True
    roles = frozenset({"init", "runner"})

    def inapplicable_reason(self, contender: Contender) -> str:
        return "" if contender.pid1 else "It is not PID 1."

    def work_units(self, contender: Contender, effort: SamplingEffort) -> list[WorkUnit]:
        count = COUNT_QUICK if effort.quick else COUNT
        return [
            WorkUnit(
                self.name,
                6 + count / 500,
                trials=1,
                parameters=count,
                initial_state=_OWN_GUEST,
                limit_class=LARGE,
                loud=True,
            )
        ]

    def perform(self, context: ScenarioContext, unit: WorkUnit) -> list[Event]:
        count, guest = unit.parameters_as(int), context.guest
        events: list[Event] = []
        for stage, comm in STAGES.items():
            run_witness(context, f"--{stage}", str(count))
            if not await_note(guest, lambda note: note["what"] in ("left", "failed"), _PATIENCE):
                raise Problem(f"On guest {guest.name}, {count} processes were not made in time.")
            reaped = context.measure([steps.reap(comm, _DEADLINE)], _DEADLINE + 60)
            events += label_events(stage, [*reaped, *as_events(read_notes(guest))])
        return events

    def conclude(self, contender: Contender, samples: Sequence[Event]) -> list[Metric]:
        numbered = number_samples(samples)
        return [
            single_value(f"zombies_{stage}", "", reaped.event["left"])
            for stage in STAGES
            for part in [numbered.of_stage(stage)]
            for reaped in part.all(REAPED)
            if reaped.event["left"] or _all_were_made(part)
        ]

    def judge(self, contender: Contender, samples: Sequence[Event]) -> list[Verdict]:
        numbered = number_samples(samples)
        stages = ((stage, numbered.of_stage(stage)) for stage in STAGES)
        return [_judge(stage, part) for stage, part in stages if part]


def _all_were_made(samples: Samples) -> bool:
    orphans, failed = samples.all(WITNESSED, what="left"), samples.all(WITNESSED, what="failed")
    return bool(orphans) and not failed


def _judge(stage: str, samples: Samples) -> Verdict:
    (reaped,) = samples.all(REAPED)
    orphans = samples.all(WITNESSED, what="left")
    failed = samples.all(WITNESSED, what="failed")
    evidence = numbers(reaped, orphans, failed)
    left = reaped.event["left"]
    if not _all_were_made(samples):
        if not left:
            sentence = "Not all processes could be made; none of those made was left."
            return Verdict(_BEHAVIOURS[stage], "not measured", sentence, evidence)
        sentence = f"The container can make no more processes: {left:,} are left."
        return Verdict(_BEHAVIOURS[stage], "no", sentence, evidence)
    count = orphans[0].event["number"]
    if left:
        sentence = f"{left:,} of {count:,} were left after {_DEADLINE:g} s."
        return Verdict(_BEHAVIOURS[stage], "no", sentence, evidence)
    return Verdict(_BEHAVIOURS[stage], "yes", f"None of {count:,} was left.", evidence)


SCENARIO = Zombies()
