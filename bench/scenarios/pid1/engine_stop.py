"""A container is stopped as an engine does it: SIGTERM, a grace of 10 s, SIGKILL."""

from __future__ import annotations

import signal
import time
from collections.abc import Sequence

from bench.model.events import CONTAINER_ENDED, SENT, Event, events_of_kind
from bench.model.events.containers import MEMBERS, ContainerEnded, SignalToPid1
from bench.model.initial_state import RUNNING
from bench.model.observation.evidence import Samples, number_samples, numbers
from bench.model.observation.timing import format_duration
from bench.model.observation.witness import (
    as_events,
    await_members,
    boot_ended_guest,
    name_members,
    notes_between,
    read_notes,
    receivers,
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
from bench.model.stages import label_events
from bench.model.statistics import Metric, single_value
from provision.errors import Problem
from supervisors.contender import Contender

TERM, KILL = signal.SIGTERM.value, signal.SIGKILL.value
# s that docker stop and podman stop give a container, and what SIGKILL may take at most.
GRACE, _PATIENCE = 10.0, 10.0
# By stage: what the program does at SIGTERM.
STAGES = {"handler": "--obey", "plain": "--plain"}
_PROGRAMS = {"handler": "a program with a handler", "plain": "a program without a handler"}


class EngineStop(Scenario):
    """How long a container takes to stop, and who in it is told."""

    name = "engine-stop"
    title = "a container stopped by its engine: SIGTERM, 10 s, SIGKILL"
    position = 31
    of_inits = True
    roles = frozenset({"init", "runner"})

    def inapplicable_reason(self, contender: Contender) -> str:
        return "" if contender.pid1 else "It is not PID 1."

    def work_units(self, contender: Contender, effort: SamplingEffort) -> list[WorkUnit]:
        return [WorkUnit(self.name, 2 * GRACE + 4, trials=1, initial_state=RUNNING)]

    def perform(self, context: ScenarioContext, unit: WorkUnit) -> list[Event]:
        guest = context.guest
        events: list[Event] = []
        for stage, option in STAGES.items():
            run_witness(context, "--relatives", option)
            await_members(guest)
            # A connection is a process in the container: it would keep PID 1 from ending.
            guest.disconnect()
            stopped = stop_as_an_engine(context)
            with context.disturbing():
                boot_ended_guest(guest)
            notes = as_events(read_notes(guest))
            events += label_events(stage, [*stopped, *notes])
        restore(context)
        return events

    def conclude(self, contender: Contender, samples: Sequence[Event]) -> list[Metric]:
        return [
            single_value(f"engine_stop_{end['act']}", "s", end["seconds"])
            for end in events_of_kind(samples, CONTAINER_ENDED)
        ]

    def judge(self, contender: Contender, samples: Sequence[Event]) -> list[Verdict]:
        numbered = number_samples(samples)
        stages = [(name, numbered.of_stage(name)) for name in STAGES]
        ends = [_judge_end(name, stage) for name, stage in stages if stage]
        handler = numbered.of_stage("handler")
        return [*ends, *([_judge_receivers(handler)] if handler else [])]


def stop_as_an_engine(context: ScenarioContext) -> list[Event]:
    """Send SIGTERM to PID 1, and SIGKILL after the grace. Raises Problem where it stays."""
    guest, begin = context.guest, time.monotonic()
    sent: SignalToPid1 = {
        "event": SENT.name, "number": TERM, "ns": time.monotonic_ns(),
        "ended": False, "seconds": 0.0,
    }  # fmt: skip
    guest.signal_pid1(TERM)
    ended = guest.wait_for_pid1(GRACE)
    if not ended:
        guest.signal_pid1(KILL)
        if not guest.wait_for_pid1(_PATIENCE):
            raise Problem(f"PID 1 of guest {guest.name} is there {_PATIENCE:g} s after SIGKILL.")
    seconds = time.monotonic() - begin
    end: ContainerEnded = {
        "event": CONTAINER_ENDED.name, "seconds": seconds, "killed": not ended,
        "status": guest.pid1_status(), "expected": None,
    }  # fmt: skip
    sent["ended"], sent["seconds"] = ended, min(seconds, GRACE)
    return [sent, end]


def _judge_end(name: str, stage: Samples) -> Verdict:
    behaviour = f"ends in time, {_PROGRAMS[name]}"
    (end,) = stage.all(CONTAINER_ENDED)
    status = f"exit status {end.event['status']}"
    if end.event["killed"]:
        sentence = f"SIGTERM did not end it: killed after {GRACE:g} s, {status}."
        return Verdict(behaviour, "no", sentence, numbers(end, stage.all(SENT)))
    sentence = f"Gone {format_duration(end.event['seconds'])} after SIGTERM, {status}."
    return Verdict(behaviour, "yes", sentence, numbers(end, stage.all(SENT)))


def _judge_receivers(stage: Samples) -> Verdict:
    behaviour = "tells everybody"
    (sent,), (end,) = stage.all(SENT), stage.all(CONTAINER_ENDED)
    begin_ns = sent.event["ns"]
    notes = notes_between(stage, begin_ns, begin_ns + end.event["seconds"] * 1e9)
    reached = receivers(notes, TERM)
    answer: Answer = "yes" if len(reached) == len(MEMBERS) else "partly" if reached else "no"
    sentence = f"SIGTERM reached {name_members(reached)}"
    if rest := [member for member in MEMBERS if member not in reached]:
        sentence += f"; {name_members(rest)} ended without a word"
    return Verdict(behaviour, answer, f"{sentence}.", numbers(sent, end, notes))


SCENARIO = EngineStop()
