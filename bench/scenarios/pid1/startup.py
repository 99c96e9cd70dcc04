"""A container is started again and again: what its PID 1 adds to the start of the program."""

from __future__ import annotations

from collections.abc import Sequence

from bench.model.events import WITNESSED, Event
from bench.model.initial_state import RUNNING
from bench.model.observation.evidence import number_samples
from bench.model.observation.timing import NS_PER_MS
from bench.model.observation.witness import (
    as_events,
    boot_ended_guest,
    read_notes,
    restart,
    restore,
    run_witness,
)
from bench.model.scenario import SamplingEffort, Scenario, ScenarioContext, WorkUnit
from bench.model.statistics import Metric, summarize
from provision.errors import Problem
from supervisors.contender import Contender

STARTS, STARTS_QUICK = 30, 6
# ms for which the program runs: LXC has to see the container before it ends.
_LIFE = 200
_PATIENCE = 20.0


class Startup(Scenario):
    """The time from the engine's exec of PID 1 to main() of the program."""

    name = "startup"
    title = "what a container's PID 1 adds to the start of its program"
    position = 35
    of_inits = True
    roles = frozenset({"init"})

    def work_units(self, contender: Contender, effort: SamplingEffort) -> list[WorkUnit]:
        starts = STARTS_QUICK if effort.quick else STARTS
        return [
            WorkUnit(
                self.name, 0.5 * starts + 2, trials=1, parameters=starts, initial_state=RUNNING
            )
        ]

    def perform(self, context: ScenarioContext, unit: WorkUnit) -> list[Event]:
        guest = context.guest
        run_witness(context, "--exit-after", str(_LIFE))
        for number in range(unit.parameters_as(int)):
            if number:
                restart(context)
            guest.disconnect()
            if not guest.wait_for_pid1(_PATIENCE):
                raise Problem(f"PID 1 of guest {guest.name} does not end with its program.")
        with context.disturbing():
            boot_ended_guest(guest)
        notes = [note for note in read_notes(guest) if note["what"] in ("entry", "main")]
        restore(context)
        return as_events(notes)

    def conclude(self, contender: Contender, samples: Sequence[Event]) -> list[Metric]:
        numbered = number_samples(samples)
        executed = [note.event["ns"] for note in numbered.all(WITNESSED, what="entry")]
        begun = [note.event["ns"] for note in numbered.all(WITNESSED, what="main")]
        times = [(end - begin) / NS_PER_MS for begin, end in zip(executed, begun, strict=True)]
        return [summarize("startup", "ms", times)] if times else []


SCENARIO = Startup()
