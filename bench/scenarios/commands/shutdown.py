"""The machine is asked to switch itself off while services run."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bench.model import steps
from bench.model.events import OFF, TERMS_NOTED, Event, events_of_kind
from bench.model.events.added import MachineOff, TermNoted
from bench.model.initial_state import FRESH
from bench.model.observation.evidence import Samples, number_samples, numbers
from bench.model.observation.timing import deadline, format_elapsed
from bench.model.rejections import visible
from bench.model.scenario import SamplingEffort, Scenario, ScenarioContext, Verdict, WorkUnit
from bench.model.stages import label_events
from bench.model.statistics import Metric, single_value
from provision.errors import Problem
from provision.guests.guest import Guest
from supervisors import supervisors
from supervisors.contender import PROFILES, Contender
from supervisors.service import TESTD_FOLDER

SERVICES = 5
STUBBORN = "s3"
# s. Longer than the longest timeout that a manual here names: systemd's TimeoutStopSec of 90 s.
PATIENCE = 150.0
_STAGES = ("obedient", "stubborn")
_EXPECTED = {"obedient": 10.0, "stubborn": 100.0}  # s
_ENDLESS = "As PID 1 it knows no end: nothing in its manual switches a machine off."


class Shutdown(Scenario):
    """Whether every service gets SIGTERM, in which order, and how long the shutdown takes."""

    name = "shutdown"
    title = "power-off with services up"
    position = 15
    profiles = PROFILES

    def inapplicable_reason(self, contender: Contender) -> str:
        if not contender.pid1:
            return "It is not PID 1: switching off is its host's task."
        if supervisors()[contender.supervisor].power_off_command is None:
            return super().inapplicable_reason(contender) or _ENDLESS
        return ""

    def work_units(self, contender: Contender, effort: SamplingEffort) -> list[WorkUnit]:
        stages = _STAGES[:1] if effort.quick else _STAGES
        return [
            WorkUnit(self.name, _EXPECTED[stage], trials=1, parameters=stage, initial_state=FRESH)
            for stage in stages
        ]

    def perform(self, context: ScenarioContext, unit: WorkUnit) -> list[Event]:
        stage, guest = unit.parameters_as(str), context.guest
        names = [f"s{number}" for number in range(1, SERVICES + 1)]
        stubborn = STUBBORN if stage == "stubborn" else ""
        events = _start_services(context, names, stubborn)
        command = context.supervisor.power_off_command
        assert command is not None
        seconds = guest.power_off(command, PATIENCE)
        if seconds is not None:
            # The notes are read after the guest's end, under the system's own init.
            with context.disturbing():
                guest.reboot()
        off: MachineOff = {
            "event": "off", "command": command, "seconds": seconds, "stubborn": stubborn,
        }  # fmt: skip
        notes = [_read_terms(guest, name) for name in names]
        return label_events(stage, [*events, off, *notes])

    def conclude(self, contender: Contender, samples: Sequence[Event]) -> list[Metric]:
        return [_duration(off) for off in events_of_kind(samples, OFF)]

    def judge(self, contender: Contender, samples: Sequence[Event]) -> list[Verdict]:
        numbered = number_samples(samples)
        verdicts = []
        if obedient := numbered.of_stage("obedient"):
            verdicts.append(_judge_obedient(obedient))
        if stubborn := numbered.of_stage("stubborn"):
            verdicts.append(_judge_stubborn(stubborn))
        return verdicts


def _start_services(context: ScenarioContext, names: list[str], stubborn: str) -> list[Event]:
    """Start services that note each SIGTERM, one of which ignores it; return the samples."""
    wait, settled = deadline(context.contender, SERVICES), context.contender.settled_uptime
    modes = [
        steps.set_mode(name, "--note-term" + (" --ignore-term" if name == stubborn else ""))
        for name in names
    ]
    # A daemon reads its mode when it starts: each is killed once.
    context.keep_services(SERVICES)
    plan: list[steps.Step] = [
        steps.await_up(names, wait),
        *modes,
        steps.watch(settled),
        steps.storm(names, wait),
        steps.await_up(names, wait),
        steps.watch(settled),
        steps.snapshot(),
    ]
    return context.measure(plan, 3 * wait + 60)


def _read_terms(guest: Guest, service: str) -> TermNoted:
    """Read when (ns) the service's daemon noted a SIGTERM. Raises Problem for other text."""
    notes = guest.run(f"cat {TESTD_FOLDER}/{service}.term", check=False).stdout
    if not re.fullmatch(r"([0-9]{1,10} [0-9]{1,18}\n)*", notes):
        raise Problem(f"{service}.term is not what the test daemon writes.", known=visible(notes))
    terms = [int(line.split()[1]) for line in notes.splitlines()]
    return {"event": "told", "service": service, "terms": terms}


def _duration(off: MachineOff) -> Metric:
    name, seconds = f"shutdown_{off['act']}", off["seconds"]
    if seconds is None:
        return Metric(name, "s", n=1, censored=1)
    return single_value(name, "s", seconds)


def _judge_obedient(stage: Samples) -> Verdict:
    behaviour = "tells every service at power-off"
    off, notes = stage.all(OFF), stage.all(TERMS_NOTED)
    evidence = numbers(off, notes)
    seconds = off[0].event["seconds"]
    end = f"off after {seconds:.1f} s" if seconds is not None else f"not off after {PATIENCE:g} s"
    first_terms = {
        note.event["service"]: note.event["terms"][0] for note in notes if note.event["terms"]
    }
    missing = [note.event["service"] for note in notes if not note.event["terms"]]
    if missing:
        sentence = f"SIGTERM did not reach {', '.join(missing)} of {len(notes)} services; {end}."
        return Verdict(behaviour, "partly" if first_terms else "no", sentence, evidence)
    order = " ".join(sorted(first_terms, key=lambda name: first_terms[name]))
    spread = format_elapsed(min(first_terms.values()), max(first_terms.values()))
    sentence = f"SIGTERM reached all {len(notes)} within {spread}, in the order {order}; {end}."
    return Verdict(behaviour, "yes" if seconds is not None else "no", sentence, evidence)


def _judge_stubborn(stage: Samples) -> Verdict:
    behaviour = "powers off despite a stubborn service"
    off, notes = stage.all(OFF), stage.all(TERMS_NOTED)
    evidence = numbers(off, notes)
    seconds = off[0].event["seconds"]
    terms = {note.event["service"]: note.event["terms"] for note in notes}
    others = sum(bool(terms[name]) for name in terms if name != STUBBORN)
    sentence = (
        f"One of {SERVICES} services ignored SIGTERM;"
        f" SIGTERMs that it got: {len(terms[STUBBORN])};"
        f" {others} of the {SERVICES - 1} others got theirs"
    )
    if seconds is None:
        return Verdict(behaviour, "no", f"{sentence}; not off after {PATIENCE:g} s.", evidence)
    return Verdict(behaviour, "yes", f"{sentence}; off after {seconds:.1f} s.", evidence)


SCENARIO = Shutdown()
