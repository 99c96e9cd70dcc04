"""The supervisor's own processes are killed."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from bench.model import steps
from bench.model.events import CUT, GONE, OFF, SIGNALLED, SNAPSHOT, STARTED, Event, events_of_kind
from bench.model.events.added import MachineOff, MeasurementCut
from bench.model.initial_state import FRESH
from bench.model.observation.evidence import Samples, number_samples, numbers
from bench.model.observation.processes import daemons, is_alive, live_processes, names_by_pid
from bench.model.observation.timing import deadline, format_elapsed, look_seconds
from bench.model.scenario import (
    Answer,
    SamplingEffort,
    Scenario,
    ScenarioContext,
    Verdict,
    WorkUnit,
)
from bench.model.stages import label_events
from bench.model.statistics import Metric
from provision.errors import Problem
from supervisors import supervisors
from supervisors.contender import Contender

# s in which the host has started it again: inittab does at once, scanners every 5 s.
_BACK = 15.0


class SupervisorKilled(Scenario):
    """What becomes of services whose supervisor dies, and whether they are supervised again."""

    name = "supervisor-killed"
    title = "the supervisor itself is killed"
    position = 13

    def inapplicable_reason(self, contender: Contender) -> str:
        if _killable(contender):
            return ""
        return "PID 1 alone supervises, and the kernel lets nobody in its guest kill that."

    def work_units(self, contender: Contender, effort: SamplingEffort) -> list[WorkUnit]:
        period = contender.period or 0.0
        if not effort.allows(2 * period):
            return []
        seconds = 20 + _BACK + 3 * period
        return [
            WorkUnit(self.name, seconds, trials=1, parameters=name, initial_state=FRESH)
            for name in _killable(contender)
        ]

    def perform(self, context: ScenarioContext, unit: WorkUnit) -> list[Event]:
        name, contender = unit.parameters_as(str), context.contender
        wait, look = deadline(contender, services=1), look_seconds(contender)
        settle: list[steps.Step] = [steps.watch(contender.settled_uptime), steps.snapshot()]
        before = context.measure(settle, 60)
        meanwhile = _kill(context, name, _BACK + look)
        if events_of_kind(meanwhile, OFF):
            return label_events(name, [*before, *meanwhile])
        after = context.measure(
            [
                steps.snapshot(),
                steps.kill_processes("testd"),
                steps.watch(look),
                steps.await_up([context.services[0].name], wait),
                steps.snapshot(),
            ],
            look + wait + 60,
        )
        return label_events(name, [*before, *meanwhile, *after])

    def conclude(self, contender: Contender, samples: Sequence[Event]) -> list[Metric]:
        return []

    def judge(self, contender: Contender, samples: Sequence[Event]) -> list[Verdict]:
        numbered = number_samples(samples)
        stages = {name: numbered.of_stage(name) for name in _killable(contender)}
        performed = {name: stage for name, stage in stages.items() if stage}
        if not performed:
            return []
        judges = (
            ("comes back itself", _judge_return),
            ("services outlive it", _judge_survival),
            ("no service comes twice", _judge_uniqueness),
            ("services are supervised again", _judge_supervision),
        )
        return [
            _combine(behaviour, [judge(name, stage) for name, stage in performed.items()])
            for behaviour, judge in judges
        ]


@dataclass(frozen=True)
class _Finding:
    """Whether the death of one process was dealt with well, in one respect."""

    good: bool
    sentence: str
    evidence: tuple[int, ...]


def _killable(contender: Contender) -> tuple[str, ...]:
    """Return the names of the supervisor's processes that can be killed."""
    return supervisors()[contender.supervisor].supervising_processes(contender)


def _kill(context: ScenarioContext, name: str, seconds: float) -> list[Event]:
    """Kill all processes of that name, and wait.

    The supervisor's end may take the measuring program along (an event "cut"), or the machine (an
    event "off").
    """
    kill: list[steps.Step] = [steps.watch(0), steps.kill_processes(name), steps.watch(seconds)]
    try:
        return context.measure(kill, seconds + 20)
    except Problem as problem:
        context.guest.disconnect()
        time.sleep(seconds)
        off: MachineOff = {"event": "off", "why": str(problem)}
        cut: MeasurementCut = {"event": "cut", "why": str(problem)}
        return [off if context.guest.has_ended() else cut]


def _combine(behaviour: str, findings: Sequence[_Finding]) -> Verdict:
    good = [finding.good for finding in findings]
    answer: Answer = "yes" if all(good) else "partly" if any(good) else "no"
    sentence = " ".join(finding.sentence for finding in findings)
    evidence = {number for finding in findings for number in finding.evidence}
    return Verdict(behaviour, answer, sentence, tuple(sorted(evidence)))


def _judge_return(name: str, stage: Samples) -> _Finding:
    if off := stage.all(OFF):
        return _Finding(False, f"{name} killed: the machine switched itself off.", numbers(off))
    before, meanwhile, _ = stage.all(SNAPSHOT)
    names, evidence = names_by_pid(meanwhile.event), numbers(before, meanwhile)
    successors = live_processes(meanwhile.event, name)
    if not successors:
        return _Finding(False, f"{name} killed: no new one came.", evidence)
    parents = sorted({names.get(process["ppid"], "nobody") for process in successors})
    sentence = f"{name} killed: a new one ran under {' and '.join(parents)}."
    return _Finding(True, sentence, evidence)


def _judge_survival(name: str, stage: Samples) -> _Finding:
    if off := stage.all(OFF):
        return _Finding(False, f"{name} killed: the machine switched itself off.", numbers(off))
    before, meanwhile, _ = stage.all(SNAPSHOT)
    if cut := stage.all(CUT):
        sentence = f"{name} killed: every process but PID 1 was killed, what measures among them."
        return _Finding(False, sentence, numbers(before, meanwhile, cut))
    old = daemons(before.event)[0]["pid"]
    gone, killed = stage.first(GONE, pid=old), stage.all(SIGNALLED)[0]
    evidence = numbers(before, killed, meanwhile, gone)
    if is_alive(meanwhile.event, old):
        return _Finding(True, f"{name} killed: the daemon lived on.", evidence)
    assert gone is not None
    later = format_elapsed(killed.event["begin_ns"], gone.event["seen_ns"])
    return _Finding(False, f"{name} killed: the daemon ended {later} later.", evidence)


def _judge_uniqueness(name: str, stage: Samples) -> _Finding:
    if off := stage.all(OFF):
        sentence = f"{name} killed: nothing runs in a machine that is off."
        return _Finding(True, sentence, numbers(off))
    before, meanwhile, _ = stage.all(SNAPSHOT)
    count = len(daemons(meanwhile.event))
    later = format_elapsed(before.event["ns"], meanwhile.event["ns"])
    sentence = f"{name} killed: {count} of the daemon ran {later} later."
    return _Finding(count <= 1, sentence, numbers(before, meanwhile))


def _judge_supervision(name: str, stage: Samples) -> _Finding:
    if off := stage.all(OFF):
        return _Finding(False, f"{name} killed: nothing comes back.", numbers(off))
    killed, after = stage.all(SIGNALLED)[-1], stage.all(SNAPSHOT)[2]
    kill_ns = killed.event["begin_ns"]
    starts = [start for start in stage.all(STARTED) if start.event["main_ns"] > kill_ns]
    evidence = numbers(killed, after, starts[:2])
    count = len(daemons(after.event))
    if not count:
        return _Finding(False, f"{name} killed, then the daemon: it stayed down.", evidence)
    back = format_elapsed(kill_ns, min(start.event["main_ns"] for start in starts))
    sentence = f"{name} killed, then the daemon: back after {back}, {count} of it ran."
    return _Finding(count == 1, sentence, evidence)


SCENARIO = SupervisorKilled()
