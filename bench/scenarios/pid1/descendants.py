"""The program of a container ends while processes that it has started still run."""

from __future__ import annotations

import time
from collections.abc import Sequence

from bench.model.events import CONTAINER_ENDED, WITNESSED, Event
from bench.model.events.containers import MEMBERS, ContainerEnded
from bench.model.initial_state import RUNNING
from bench.model.observation.evidence import number_samples, numbers
from bench.model.observation.timing import NS_PER_S, format_duration
from bench.model.observation.witness import (
    as_events,
    boot_ended_guest,
    name_members,
    notes_between,
    read_notes,
    restore,
    run_witness,
)
from bench.model.scenario import (
    Answer,
    SamplingEffort,
    Scenario,
    ScenarioContext,
    Verdict,
    WorkUnit,
)
from bench.model.statistics import Metric
from supervisors.contender import Contender

# ms for which the program runs; s after which a container whose program has ended does not end.
_LIFE, _PATIENCE = 500, 10.0
_TELLS, _ENDS = "tells who is left", "the container ends"


class Descendants(Scenario):
    """What becomes of a program's own processes when the program ends."""

    name = "descendants"
    title = "processes that a container's program leaves behind"
    position = 33
    of_inits = True
    roles = frozenset({"init"})

    def work_units(self, contender: Contender, effort: SamplingEffort) -> list[WorkUnit]:
        return [WorkUnit(self.name, 4, trials=1, initial_state=RUNNING)]

    def perform(self, context: ScenarioContext, unit: WorkUnit) -> list[Event]:
        guest = context.guest
        run_witness(context, "--relatives", "--exit-after", str(_LIFE))
        guest.disconnect()
        ended = guest.wait_for_pid1(_PATIENCE)
        gone_ns = time.monotonic_ns()
        status = guest.pid1_status() if ended else None
        with context.disturbing():
            boot_ended_guest(guest)
        notes = read_notes(guest)
        own_end = max(
            (note["ns"] for note in notes if _is_end(note["who"], note["what"])), default=0
        )
        end: ContainerEnded = {
            "event": CONTAINER_ENDED.name,
            "seconds": (gone_ns - own_end) / NS_PER_S if own_end else 0.0,
            "killed": not ended,
            "status": status,
            "expected": 0,
        }
        restore(context)
        return [end, *as_events(notes)]

    def conclude(self, contender: Contender, samples: Sequence[Event]) -> list[Metric]:
        return []

    def judge(self, contender: Contender, samples: Sequence[Event]) -> list[Verdict]:
        numbered = number_samples(samples)
        ends = numbered.all(CONTAINER_ENDED)
        own_end = numbered.first(WITNESSED, who="child", what="end")
        if not ends or own_end is None:
            return []
        (end,) = ends
        # dumb-init sends SIGTERM when it has seen the end: never before it.
        notes = notes_between(numbered, own_end.event["ns"], float("inf"))
        left = MEMBERS[1:]
        informed = [member for member in left if member in {note.event["who"] for note in notes}]
        evidence = numbers(end, own_end, notes)
        answer: Answer = "yes" if len(informed) == len(left) else "partly" if informed else "no"
        names = sorted({note.event["number"] for note in notes})
        sentence = f"Told before the kernel killed them: {name_members(informed)}"
        sentence += f" (signal {' and '.join(map(str, names))})." if names else "."
        return [Verdict(_TELLS, answer, sentence, evidence), _judge_end(end.event, evidence)]


def _is_end(who: str, what: str) -> bool:
    return (who, what) == ("child", "end")


def _judge_end(end: ContainerEnded, evidence: tuple[int, ...]) -> Verdict:
    if end["killed"]:
        sentence = f"PID 1 was still there {_PATIENCE:g} s after its program's end."
        return Verdict(_ENDS, "no", sentence, evidence)
    time_to_end = format_duration(max(end["seconds"], 0.0))
    return Verdict(_ENDS, "yes", f"Gone {time_to_end} after the program's end.", evidence)


SCENARIO = Descendants()
