"""The program of a container ends, and the engine learns with what."""

from __future__ import annotations

import signal
import time
from collections.abc import Sequence
from dataclasses import replace

from bench.model.events import CONTAINER_ENDED, Event
from bench.model.events.containers import ContainerEnded
from bench.model.initial_state import RUNNING
from bench.model.observation.evidence import number_samples, numbers
from bench.model.observation.witness import restore, run_program
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

# How the program ends: the test daemon's options -> the status that container engines write.
CASES = {
    ("--exit-code", "0"): 0,
    ("--exit-code", "3"): 3,
    ("--exit-signal", str(signal.SIGTERM.value)): 128 + signal.SIGTERM,
    ("--exit-signal", str(signal.SIGKILL.value)): 128 + signal.SIGKILL,
    ("--exit-signal", str(signal.SIGSEGV.value)): 128 + signal.SIGSEGV,
}
# ms for which the program runs; s after which a container with an ended program does not end.
_LIFE, _PATIENCE = 300, 10.0
_BEHAVIOURS = {0: "tells 0", 3: "tells 3"}
_OF_SIGNAL = "tells which signal"


class ExitStatus(Scenario):
    """Whether PID 1 tells truly with what its program ended."""

    name = "exit-status"
    title = "the exit status that a container's engine is told"
    position = 32
    of_inits = True
    roles = frozenset({"init"})

    def work_units(self, contender: Contender, effort: SamplingEffort) -> list[WorkUnit]:
        return [WorkUnit(self.name, 1.5 * len(CASES) + 1, trials=1, initial_state=RUNNING)]

    def perform(self, context: ScenarioContext, unit: WorkUnit) -> list[Event]:
        guest = context.guest
        events: list[Event] = []
        for options, expected in CASES.items():
            life = ("--exit-after", str(_LIFE))
            run_program(context, replace(context.services[0], options=(*life, *options)))
            guest.disconnect()
            begin = time.monotonic()
            ended = guest.wait_for_pid1(_PATIENCE)
            end: ContainerEnded = {
                "event": CONTAINER_ENDED.name,
                "seconds": time.monotonic() - begin,
                "killed": False,
                "status": guest.pid1_status() if ended else None,
                "expected": expected,
            }
            events.append(end)
        restore(context)
        return events

    def conclude(self, contender: Contender, samples: Sequence[Event]) -> list[Metric]:
        return []

    def judge(self, contender: Contender, samples: Sequence[Event]) -> list[Verdict]:
        ends = number_samples(samples).all(CONTAINER_ENDED)
        by_behaviour: dict[str, list[int]] = {}
        for index, end in enumerate(ends):
            behaviour = _BEHAVIOURS.get(end.event["expected"] or 0, _OF_SIGNAL)
            by_behaviour.setdefault(behaviour, []).append(index)
        return [
            _judge(behaviour, contender, [ends[index].event for index in indices],
                   numbers(*(ends[index] for index in indices)))
            for behaviour, indices in by_behaviour.items()
        ]  # fmt: skip


def _judge(
    behaviour: str,
    contender: Contender,
    ends: Sequence[ContainerEnded],
    evidence: tuple[int, ...],
) -> Verdict:
    true = [end for end in ends if end["status"] == end["expected"]]
    statuses = ", ".join(f"{_words(end['status'])} for {end['expected']}" for end in ends)
    sentence = f"The engine was told {statuses}."
    if contender.becomes_program and behaviour == _OF_SIGNAL:
        sentence += " The kernel lets no PID 1 end itself by a signal."
    answer: Answer = "yes" if len(true) == len(ends) else "partly" if true else "no"
    return Verdict(behaviour, answer, sentence, evidence)


def _words(status: int | None) -> str:
    return "nothing" if status is None else str(status)


SCENARIO = ExitStatus()
