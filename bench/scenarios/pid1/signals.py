"""Every signal is sent to PID 1 from outside the container, as its engine does."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import inf

from bench.model.events import SENT, Event
from bench.model.events.containers import MEMBERS, Member, SignalToPid1, WitnessNote
from bench.model.initial_state import RUNNING
from bench.model.observation.evidence import Numbered, Samples, number_samples, numbers
from bench.model.observation.timing import NS_PER_S, format_duration
from bench.model.observation.witness import (
    as_events,
    await_members,
    boot_ended_guest,
    name_members,
    notes_between,
    read_notes,
    receivers,
    restart,
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
from provision.errors.text import count_words
from supervisors.contender import Contender

KILL, STOP, CONT = signal.SIGKILL.value, signal.SIGSTOP.value, signal.SIGCONT.value
# Of the real-time signals, 32 and 33 are the C library's own.
STANDARD, REAL_TIME = range(1, 32), range(34, 65)
# What people and engines send to the PID 1 of a container to stop it, reload it or ask it.
SENT_TO_SUPERVISORS = (1, 2, 3, 10, 12, 15, 18, 28, 30, 37, 38)
# Signals that nothing passes on: the kernel acts on these two itself, and SIGCHLD is PID 1's own.
_NEVER_PASSED = {
    KILL: "The kernel ends PID 1, and with it the container",
    STOP: "The kernel stops PID 1",
    signal.SIGCHLD.value: "It tells PID 1 that a child has changed",
}
# HUP, INT, QUIT and TERM, which people and programs send to end a program.
_ENDING = frozenset({1, 2, 3, 15})
_RESUME = "resume"
# s in which a note of a signal is written, however busy the host is.
_LATEST = 1.0
_GROUP_BEHAVIOURS: dict[Member, str] = {
    "group": "its group gets them",
    "session": "its session gets them",
    "apart": "a session apart gets them",
}


@dataclass(frozen=True)
class SignalPlan:
    """Which signals are sent, and how.

    window: seconds until each has had its effect. patience: the same of those that end programs:
    Python waits for its child before it does. fresh: each is sent to a new PID 1, because one
    signal changes what the next one does. program: the witness's options.
    """

    numbers: tuple[int, ...]
    window: float
    patience: float
    fresh: bool = False
    program: tuple[str, ...] = ("--relatives",)

    def seconds(self, number: int) -> float:
        """Return how long the effect of that signal is awaited."""
        return self.patience if number in _ENDING else self.window


# SIGKILL is the last: nothing but a new container follows it.
FULL = SignalPlan((*(n for n in (*STANDARD, *REAL_TIME) if n != KILL), KILL), 0.15, 1.0)
QUICK = SignalPlan((*(n for n in (*STANDARD, 34, 64) if n != KILL), KILL), 0.1, 0.5)
OF_SUPERVISORS = SignalPlan(
    SENT_TO_SUPERVISORS, 4.0, 4.0, fresh=True, program=("--relatives", "--obey")
)


class Signals(Scenario):
    """Who gets a signal that is sent to PID 1: the program, its relatives, nobody."""

    name = "signals"
    title = "signals sent to a container's PID 1"
    position = 30
    of_inits = True
    roles = frozenset({"init", "runner"})

    def inapplicable_reason(self, contender: Contender) -> str:
        return "" if contender.pid1 else "It is not PID 1."

    def work_units(self, contender: Contender, effort: SamplingEffort) -> list[WorkUnit]:
        of_inits = QUICK if effort.quick else FULL
        plan = of_inits if contender.role == "init" else OF_SUPERVISORS
        set_up = 1.0 if plan.fresh else 0.02
        seconds = sum(plan.seconds(number) + set_up for number in plan.numbers) + 3
        if not effort.allows(seconds):
            return []
        return [WorkUnit(self.name, seconds, trials=1, parameters=plan, initial_state=RUNNING)]

    def perform(self, context: ScenarioContext, unit: WorkUnit) -> list[Event]:
        plan, guest = unit.parameters_as(SignalPlan), context.guest
        run_witness(context, *plan.program)
        await_members(guest)
        events: list[Event] = []
        for number in plan.numbers:
            # A connection is a process in the container: it would keep PID 1 from ending.
            guest.disconnect()
            events += self._send(context, number, plan.seconds(number))
            if number == plan.numbers[-1]:
                break
            if guest.pid1_is_gone() or plan.fresh:
                since_ns = time.monotonic_ns()
                restart(context)
                await_members(guest, since_ns)
        guest.disconnect()
        boot_ended_guest(guest)
        notes = as_events(read_notes(guest))
        restore(context)
        return [*events, *notes]

    def _send(self, context: ScenarioContext, number: int, window: float) -> list[Event]:
        events: list[Event] = [_send(context, number, window)]
        if number == STOP:  # from outside, nothing but the kernel lets it go on
            events += label_events(_RESUME, [_send(context, CONT, window)])
        return events

    def conclude(self, contender: Contender, samples: Sequence[Event]) -> list[Metric]:
        fates = _fates(number_samples(samples))
        sent = [fate for fate in fates if fate.number not in _NEVER_PASSED]
        lost = sum(not fate.passed and not fate.others for fate in sent)
        if not sent:
            return []
        return [
            single_value("signals_lost", "", lost, note=f"of {len(sent)} that can be passed on")
        ]

    def judge(self, contender: Contender, samples: Sequence[Event]) -> list[Verdict]:
        numbered = number_samples(samples)
        fates = _fates(numbered)
        if not fates:
            return []
        # Each of the few that are sent to a supervisor has a meaning of its own, such as systemd's.
        together = REAL_TIME if contender.role == "init" else ()
        real_time = [fate for fate in fates if fate.number in together]
        verdicts = [_judge_signal(fate) for fate in fates if fate not in real_time]
        if real_time:
            verdicts.append(_judge_real_time(real_time))
        return [*_judge_relatives(fates), *verdicts]


@dataclass(frozen=True)
class Fate:
    """What became of one signal that was sent to PID 1."""

    sent: Numbered[SignalToPid1]
    notes: tuple[Numbered[WitnessNote], ...]

    @property
    def number(self) -> int:
        """The signal's number."""
        return self.sent.event["number"]

    @property
    def passed(self) -> list[Member]:
        """Who got this very signal."""
        return receivers([note for note in self.notes if _is_signal(note)], self.number)

    @property
    def others(self) -> list[int]:
        """Numbers of other signals that the program got in its place."""
        got = {note.event["number"] for note in self.notes if note.event["who"] == "child"}
        return sorted(got - {self.number})

    @property
    def evidence(self) -> tuple[int, ...]:
        """Numbers of the samples that show it."""
        return numbers(self.sent, self.notes)


def signal_name(number: int) -> str:
    """Return a signal's name without SIG, as kill(1) lists it."""
    if number in REAL_TIME:
        return f"RTMIN+{number - REAL_TIME.start}" if number > REAL_TIME.start else "RTMIN"
    return "IO" if number == signal.SIGIO.value else signal.Signals(number).name.removeprefix("SIG")


def _send(context: ScenarioContext, number: int, window: float) -> SignalToPid1:
    ns = time.monotonic_ns()
    context.guest.signal_pid1(number)
    ended = context.guest.wait_for_pid1(window)
    seconds = (time.monotonic_ns() - ns) / NS_PER_S
    return {"event": SENT.name, "number": number, "ns": ns, "ended": ended, "seconds": seconds}


def _is_signal(note: Numbered[WitnessNote]) -> bool:
    return note.event["what"] == "signal"


def _fates(samples: Samples) -> list[Fate]:
    """Return each signal's fate: the notes of this very signal, and what else came in its window.

    On a busy host a note may come late, when the next signal has been sent.
    """
    sent = samples.all(SENT)
    notes: list[list[Numbered[WitnessNote]]] = [[] for _ in sent]
    for note in notes_between(samples, 0, inf):
        earlier = [
            i for i, sent_signal in enumerate(sent) if sent_signal.event["ns"] <= note.event["ns"]
        ]
        if earlier:
            same = [i for i in earlier if _may_be_of(note.event, sent[i].event)]
            notes[max(same or earlier)].append(note)
    return [
        Fate(sent_signal, tuple(of_it))
        for sent_signal, of_it in zip(sent, notes, strict=True)
        if sent_signal.event.get("act") != _RESUME
    ]


def _may_be_of(note: WitnessNote, sent: SignalToPid1) -> bool:
    late = (note["ns"] - sent["ns"]) / NS_PER_S
    return note["what"] == "signal" and note["number"] == sent["number"] and late < _LATEST


def _end(fate: Fate) -> str:
    """Say in a part of a sentence whether PID 1 has ended; empty where it has not."""
    event = fate.sent.event
    return f"; PID 1 ended after {format_duration(event['seconds'])}" if event["ended"] else ""


def _judge_signal(fate: Fate) -> Verdict:
    name = signal_name(fate.number)
    if fate.number in _NEVER_PASSED:
        sentence = f"{_NEVER_PASSED[fate.number]}{_end(fate)}."
        return Verdict(name, "not applicable", sentence, fate.evidence)
    if "child" in fate.passed:
        sentence = f"Passed on to {name_members(fate.passed)}{_end(fate)}."
        return Verdict(name, "yes", sentence, fate.evidence)
    if fate.others:
        others = " and ".join(signal_name(number) for number in fate.others)
        got = receivers(fate.notes, fate.others[0])
        sentence = f"{others} in its place, to {name_members(got)}{_end(fate)}."
        return Verdict(name, "partly", sentence, fate.evidence)
    return Verdict(name, "no", f"Lost: nobody got a signal{_end(fate)}.", fate.evidence)


def _judge_real_time(fates: Sequence[Fate]) -> Verdict:
    passed = sum("child" in fate.passed for fate in fates)
    answer: Answer = "yes" if passed == len(fates) else "partly" if passed else "no"
    sentence = f"The program got {passed} of {len(fates)} real-time signals."
    return Verdict("real-time", answer, sentence, numbers(*(fate.sent for fate in fates)))


def _judge_relatives(fates: Sequence[Fate]) -> Iterator[Verdict]:
    """Judge whether the program's relatives get what the program gets."""
    passed = [fate for fate in fates if "child" in fate.passed]
    for member in MEMBERS[1:]:
        behaviour = _GROUP_BEHAVIOURS[member]
        if not passed:
            sentence = "The program itself got no signal that was sent to PID 1."
            yield Verdict(behaviour, "no", sentence, numbers(*(fate.sent for fate in fates)))
            continue
        too = sum(member in fate.passed for fate in passed)
        answer: Answer = "yes" if too == len(passed) else "partly" if too else "no"
        sentence = f"{too} of {count_words(len(passed), 'signal')} that the program got."
        yield Verdict(behaviour, answer, sentence, numbers(*(fate.sent for fate in passed)))


SCENARIO = Signals()
