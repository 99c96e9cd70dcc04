"""The supervisor's own processes are killed."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from bench.model.evidence import (
    alive,
    daemons,
    duration,
    find,
    marked,
    numbers,
    of_act,
    one_look,
    patience,
)
from bench.model.scenario import (
    Answer,
    Event,
    SamplingEffort,
    Scenario,
    ScenarioContext,
    Step,
    Verdict,
    WorkUnit,
)
from bench.model.statistics import Metric
from provision.errors import Problem
from supervisors import supervisors
from supervisors.contender import Contender

# Seconds after which whoever starts it again has done so: inittab at once, scanners every 5 s.
_BACK = 15.0
_SNAPSHOT: Step = {"do": "snapshot"}


class Amnesia(Scenario):
    """What becomes of services whose supervisor dies, and whether they are supervised again."""

    name = "amnesia"
    title = "the supervisor itself is killed"
    rank = 13

    def inapplicable(self, contender: Contender) -> str:
        if _mortal(contender):
            return ""
        return "PID 1 alone supervises, and the kernel lets nobody in its guest kill that."

    def work_units(self, contender: Contender, depth: SamplingEffort) -> list[WorkUnit]:
        if depth.budget is not None and 2 * (contender.period or 0.0) > depth.budget:
            return []
        seconds = 20 + _BACK + 3 * (contender.period or 0.0)
        return [
            WorkUnit(self.name, seconds, 1, {"act": each}, own_guest=True)
            for each in _mortal(contender)
        ]

    def perform(self, turn: ScenarioContext, share: WorkUnit) -> list[Event]:
        name, service, contender = share.work["act"], turn.services[0].name, turn.contender
        wait, look = patience(contender), one_look(contender)
        before = turn.measure([{"do": "watch", "seconds": contender.settled_uptime}, _SNAPSHOT], 60)
        meanwhile = _kill(turn, name, _BACK + look)
        if find(meanwhile, "off"):
            return marked(name, [*before, *meanwhile])
        after = turn.measure(
            [
                _SNAPSHOT,
                {"do": "signal", "target": "comm:testd", "signal": 9},
                {"do": "watch", "seconds": look},
                {"do": "await", "services": [service], "deadline": wait},
                _SNAPSHOT,
            ],
            look + wait + 60,
        )
        return marked(name, [*before, *meanwhile, *after])

    def conclude(self, contender: Contender, samples: Sequence[Event]) -> list[Metric]:
        return []

    def judge(self, contender: Contender, samples: Sequence[Event]) -> list[Verdict]:
        names = [name for name in _mortal(contender) if of_act(samples, name)]
        return [
            _together(behaviour, [tell(name, samples) for name in names])
            for behaviour, tell in (
                ("comes back itself", _returns),
                ("services outlive it", _outlives),
                ("no service comes twice", _single),
                ("services are supervised again", _supervised),
            )
            if names
        ]


@dataclass(frozen=True)
class _Told:
    """What the death of one process brought about."""

    good: bool
    sentence: str
    evidence: tuple[int, ...]


def _kill(turn: ScenarioContext, name: str, seconds: float) -> list[Event]:
    """Kill all processes of that name, and wait.

    What measures may be killed in return (an event "cut"), or the guest end (an event "off").
    """
    steps: list[Step] = [
        {"do": "watch", "seconds": 0},
        {"do": "signal", "target": f"comm:{name}", "signal": 9},
        {"do": "watch", "seconds": seconds},
    ]
    try:
        return turn.measure(steps, seconds + 20)
    except Problem as problem:
        turn.guest.disconnect()
        time.sleep(seconds)
        return [{"event": "off" if turn.guest.has_ended() else "cut", "why": str(problem)}]


def _mortal(contender: Contender) -> tuple[str, ...]:
    return supervisors()[contender.supervisor].supervising_processes(contender)


def _together(behaviour: str, told: Sequence[_Told]) -> Verdict:
    good = {each.good for each in told}
    answer: Answer = "partly" if len(good) == 2 else "yes" if True in good else "no"
    sentence = " ".join(each.sentence for each in told)
    evidence = sorted({number for each in told for number in each.evidence})
    return Verdict(behaviour, answer, sentence, tuple(evidence))


def _returns(name: str, samples: Sequence[Event]) -> _Told:
    off = find(samples, "off", act=name)
    if off:
        return _Told(False, f"{name} killed: the machine switched itself off.", numbers(off))
    before, meanwhile, _ = find(samples, "processes", act=name)
    names = {each["pid"]: each["comm"] for each in meanwhile[1]["processes"]}
    found = [
        each for each in meanwhile[1]["processes"] if each["comm"] == name and each["state"] != "Z"
    ]
    if not found:
        return _Told(False, f"{name} killed: no new one came.", numbers([before, meanwhile]))
    parents = sorted({names.get(each["ppid"], "nobody") for each in found})
    said = f"{name} killed: a new one ran under {' and '.join(parents)}."
    return _Told(True, said, numbers([before, meanwhile]))


def _outlives(name: str, samples: Sequence[Event]) -> _Told:
    pictures = find(samples, "processes", act=name)
    off, cut = find(samples, "off", act=name), find(samples, "cut", act=name)
    if off:
        return _Told(False, f"{name} killed: the machine switched itself off.", numbers(off))
    before, meanwhile, _ = pictures
    old = daemons(before[1])[0]["pid"]
    if cut:
        said = f"{name} killed: every process but PID 1 was killed, what measures among them."
        return _Told(False, said, numbers([before, meanwhile], cut))
    gone = find(samples, "gone", act=name, pid=old)[:1]
    killed = find(samples, "signalled", act=name)[0]
    evidence = numbers([before, killed, meanwhile], gone)
    if alive(meanwhile[1], old):
        return _Told(True, f"{name} killed: the daemon lived on.", evidence)
    after = duration(gone[0][1]["seen_ns"] - killed[1]["begin_ns"])
    return _Told(False, f"{name} killed: the daemon ended {after} later.", evidence)


def _single(name: str, samples: Sequence[Event]) -> _Told:
    off = find(samples, "off", act=name)
    if off:
        return _Told(True, f"{name} killed: nothing runs in a machine that is off.", numbers(off))
    before, meanwhile, _ = find(samples, "processes", act=name)
    count = len(daemons(meanwhile[1]))
    later = duration(meanwhile[1]["ns"] - before[1]["ns"])
    said = f"{name} killed: {count} of the daemon ran {later} later."
    return _Told(count <= 1, said, numbers([before, meanwhile]))


def _supervised(name: str, samples: Sequence[Event]) -> _Told:
    off = find(samples, "off", act=name)
    if off:
        return _Told(False, f"{name} killed: nothing comes back.", numbers(off))
    killed = find(samples, "signalled", act=name)[-1]
    after = find(samples, "processes", act=name)[2]
    starts = [
        (number, each)
        for number, each in find(samples, "start", act=name)
        if each["main_ns"] > killed[1]["begin_ns"]
    ]
    count = len(daemons(after[1]))
    evidence = numbers([killed, after], starts[:2])
    if not count:
        return _Told(False, f"{name} killed, then the daemon: it stayed down.", evidence)
    time = duration(min(each["main_ns"] for _, each in starts) - killed[1]["begin_ns"])
    said = f"{name} killed, then the daemon: back after {time}, {count} of it ran."
    return _Told(count == 1, said, evidence)


SCENARIO = Amnesia()
