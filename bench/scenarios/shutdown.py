"""The machine is asked to switch itself off while services run."""

from __future__ import annotations

from collections.abc import Sequence

from bench.model.evidence import duration, find, marked, numbers, of_act, patience
from bench.model.scenario import Event, SamplingEffort, Scenario, ScenarioContext, Verdict, WorkUnit
from bench.model.statistics import Metric, single
from provision.guest import Guest
from supervisors import supervisors
from supervisors.contender import Contender
from supervisors.service import TESTD

SERVICES = 5
STUBBORN = "s3"
# Beyond the longest that a manual here speaks of: systemd's TimeoutStopSec of 90 s.
PATIENCE = 150.0
_ACTS = ("obedient", "stubborn")
_ENDLESS = "As PID 1 it knows no end: nothing in its manual switches a machine off."


class Shutdown(Scenario):
    """Whether every service is told, in which order, and how long the end takes."""

    name = "shutdown"
    title = "power-off with services up"
    rank = 15

    def inapplicable(self, contender: Contender) -> str:
        if not contender.pid1:
            return "It is not PID 1: switching off is its host's task."
        if supervisors()[contender.supervisor].power_off_command is None:
            return super().inapplicable(contender) or _ENDLESS
        return ""

    def work_units(self, contender: Contender, depth: SamplingEffort) -> list[WorkUnit]:
        acts = _ACTS if depth.budget is None else _ACTS[:1]
        seconds = {"obedient": 30.0, "stubborn": 30.0 + PATIENCE}
        return [
            WorkUnit(self.name, seconds[each], 1, {"act": each}, own_guest=True) for each in acts
        ]

    def perform(self, turn: ScenarioContext, share: WorkUnit) -> list[Event]:
        name, guest, wait = share.work["act"], turn.guest, patience(turn.contender, SERVICES)
        names = [f"s{number}" for number in range(1, SERVICES + 1)]
        stubborn = STUBBORN if name == "stubborn" else ""
        steps: list[dict[str, object]] = [
            {
                "do": "mode",
                "service": each,
                "text": "--note-term" + (" --ignore-term" if each == stubborn else ""),
            }
            for each in names
        ]
        # The first one runs already, and takes up its mode when it starts again.
        steps += [
            {"do": "watch", "seconds": turn.contender.settled_uptime},
            {"do": "storm", "services": names[:1], "deadline": wait},
        ]
        turn.measure(steps, wait + 60)
        turn.grow(SERVICES)
        events = turn.measure(
            [
                {"do": "await", "services": names, "deadline": wait},
                {"do": "watch", "seconds": turn.contender.settled_uptime},
                {"do": "snapshot"},
            ],
            wait + 60,
        )
        command = turn.supervisor.power_off_command
        assert command is not None
        seconds = guest.power_off(command, PATIENCE)
        if seconds is not None:
            # What was noted is read after the guest's end, under the system's own init.
            with turn.noise():
                guest.reboot()
        off: Event = {"event": "off", "command": command, "seconds": seconds, "stubborn": stubborn}
        told: list[Event] = [
            {"event": "told", "service": each, "terms": _terms(guest, each)} for each in names
        ]
        return marked(name, [*events, off, *told])

    def conclude(self, contender: Contender, samples: Sequence[Event]) -> list[Metric]:
        offs = [off for _, off in find(samples, "off")]
        return [
            single(f"shutdown_{off['act']}", "s", off["seconds"])
            if off["seconds"] is not None
            else Metric(f"shutdown_{off['act']}", "s", n=1, censored=1)
            for off in offs
        ]

    def judge(self, contender: Contender, samples: Sequence[Event]) -> list[Verdict]:
        verdicts = []
        if of_act(samples, "obedient"):
            verdicts.append(_told_all(samples))
        if of_act(samples, "stubborn"):
            verdicts.append(_ended(samples))
        return verdicts


def _terms(guest: Guest, service: str) -> list[int]:
    """When (ns) that service's daemon noted a SIGTERM."""
    noted = guest.run(f"cat {TESTD}/{service}.term", check=False).stdout
    return [int(line.split()[1]) for line in noted.splitlines()]


def _told_all(samples: Sequence[Event]) -> Verdict:
    behaviour = "tells every service at power-off"
    off, told = find(samples, "off", act="obedient"), find(samples, "told", act="obedient")
    evidence = numbers(off, told)
    seconds = off[0][1]["seconds"]
    end = f"off after {seconds:.1f} s" if seconds is not None else f"not off after {PATIENCE:g} s"
    first = {each["service"]: each["terms"][0] for _, each in told if each["terms"]}
    order = sorted(first, key=lambda name: first[name])
    missing = [each["service"] for _, each in told if not each["terms"]]
    if missing:
        said = f"SIGTERM did not reach {', '.join(missing)} of {len(told)} services; {end}."
        return Verdict(behaviour, "partly" if first else "no", said, evidence)
    spread = duration(max(first.values()) - min(first.values()))
    said = (
        f"SIGTERM reached all {len(told)} within {spread}, in the order {' '.join(order)}; {end}."
    )
    return Verdict(behaviour, "yes" if seconds is not None else "no", said, evidence)


def _ended(samples: Sequence[Event]) -> Verdict:
    behaviour = "powers off despite a stubborn service"
    off, told = find(samples, "off", act="stubborn"), find(samples, "told", act="stubborn")
    evidence = numbers(off, told)
    seconds = off[0][1]["seconds"]
    times = next(len(each["terms"]) for _, each in told if each["service"] == STUBBORN)
    others = sum(bool(each["terms"]) for _, each in told if each["service"] != STUBBORN)
    said = (
        f"One of {SERVICES} services ignored SIGTERM; SIGTERMs that it got: {times};"
        f" {others} of the {SERVICES - 1} others got theirs"
    )
    if seconds is None:
        return Verdict(behaviour, "no", f"{said}; not off after {PATIENCE:g} s.", evidence)
    return Verdict(behaviour, "yes", f"{said}; off after {seconds:.1f} s.", evidence)


SCENARIO = Shutdown()
