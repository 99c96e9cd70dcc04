"""A daemon that detached itself, and a pid file that does not tell the truth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

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
from supervisors import supervisors
from supervisors.contender import Contender
from supervisors.service import Service, services_of

# The acts, one a guest, and what is asked of a supervisor in each.
_ACTS = {
    "detached": "follows a daemon that forks twice",
    "single": "follows a daemon that forks once",
    "stale": "sees through a stale pid file",
    "empty": "sees through an empty pid file",
    "stranger": "is not fooled by a stranger",
}
_SPARES = "spares a stranger when stopping"
_LIES = {
    "stale": "sh -c 'echo $$' > {pidfile}",
    "empty": ": > {pidfile}",
    "stranger": "cat /run/stranger.pid > {pidfile}",
}
# A child of PID 1 that has nothing to do with any service; it prints its pid.
_BEGIN_STRANGER = (
    "mkfifo /run/stranger.fifo; setsid -f bash -c 'echo $$ > /run/stranger.pid;"
    ' exec -a "{looks}" cat\' 0<> /run/stranger.fifo > /dev/null 2>&1;'
    " until [ -s /run/stranger.pid ]; do sleep 0.05; done; cat /run/stranger.pid"
)


class Tracking(Scenario):
    """Whether a monitor watches the right process, whatever it is told."""

    name = "tracking"
    title = "daemons that detach themselves, and pid files that lie"
    rank = 11

    def inapplicable(self, contender: Contender) -> str:
        if contender.role == "monitor":
            return ""
        return (
            "It is the parent of a daemon that stays in the foreground:"
            " it needs no pid file, and nothing detaches itself."
        )

    def work_units(self, contender: Contender, depth: SamplingEffort) -> list[WorkUnit]:
        if depth.budget is not None and 2 * (contender.period or 0.0) > depth.budget:
            return []
        seconds = 30 + 6 * (contender.period or 0.0)
        return [
            WorkUnit(self.name, seconds, 1, {"act": each}, own_guest=True)
            for each in _acts(contender)
        ]

    def perform(self, turn: ScenarioContext, share: WorkUnit) -> list[Event]:
        name, service, contender = share.work["act"], turn.services[0], turn.contender
        wait, look = patience(contender), one_look(contender)
        if name == "single":
            service = replace(services_of(contender, 2)[1], fork_count=1)
            turn.keep((*turn.services, service))
        steps: list[Step] = [{"do": "watch", "seconds": contender.settled_uptime}]
        if name == "stranger":
            steps.append(_run(_BEGIN_STRANGER.format(looks=_looks(turn, service))))
        if name in _LIES and turn.supervisor.tracks_service_by == "pid file":
            steps.append(_run(_LIES[name].format(pidfile=service.pidfile)))
        if name in _LIES:
            steps += _look(look)
        steps += [{"do": "storm", "services": [service.name], "deadline": wait}, *_look(look)]
        if name == "stranger":
            steps += [_run(turn.supervisor.stop_command(contender, service)), *_look(look)]
        return marked(name, turn.measure(steps, 3 * look + wait + 150))

    def conclude(self, contender: Contender, samples: Sequence[Event]) -> list[Metric]:
        return []

    def judge(self, contender: Contender, samples: Sequence[Event]) -> list[Verdict]:
        verdicts: list[Verdict] = []
        for name, behaviour in _ACTS.items():
            if name not in _acts(contender):
                reason = "It reads no pid file: it looks for the daemon's command line."
                verdicts.append(Verdict(behaviour, "not applicable", reason))
            elif of_act(samples, name):
                verdicts.append(_verdict(name, contender, samples))
        if of_act(samples, "stranger"):
            verdicts.append(_spares(samples))
        return verdicts


def _acts(contender: Contender) -> list[str]:
    return [each for each in _ACTS if _by_pidfile(contender) or each not in ("stale", "empty")]


def _by_pidfile(contender: Contender) -> bool:
    return supervisors()[contender.supervisor].tracks_service_by == "pid file"


def _looks(turn: ScenarioContext, service: Service) -> str:
    """A stranger's command line: the daemon's own, for those who go by that."""
    return "stranger" if turn.supervisor.tracks_service_by == "pid file" else service.command


def _run(command: str) -> Step:
    return {"do": "run", "command": command, "deadline": 100}


def _look(seconds: float) -> list[Step]:
    """Time for a supervisor to find something, and what it then has done."""
    return [{"do": "watch", "seconds": seconds}, {"do": "snapshot"}]


def _verdict(name: str, contender: Contender, samples: Sequence[Event]) -> Verdict:
    pictures = find(samples, "processes", act=name)
    storms = find(samples, "storm", act=name)
    before, after = pictures[0][1], pictures[1 if name in _LIES else 0][1]
    # The first service goes on beside the one that forks once.
    storm, count = storms[0][1], len(daemons(after)) - (name == "single")
    killed = storm["killed"][0]
    said = [_told(name, contender), _while_it_ran(daemons(before))] if name in _LIES else []
    if killed["main_ns"]:
        time = duration(killed["main_ns"] - killed["kill_ns"])
        said.append(f"Killed, the daemon was back after {time}, and then {count} of it ran.")
    else:
        said.append(f"Killed, it was not started again within {storm['deadline_s']:g} s.")
    doubled = name in _LIES and len(daemons(before)) > 1
    answer: Answer = "yes" if killed["main_ns"] and count == 1 and not doubled else "no"
    return Verdict(_ACTS[name], answer, " ".join(said), numbers(storms, pictures[:2]))


def _told(name: str, contender: Contender) -> str:
    if not _by_pidfile(contender):
        return "A stranger with the daemon's command line ran beside it."
    content = {"stale": "a dead process", "empty": "nothing", "stranger": "a stranger"}[name]
    return f"While the daemon ran, its pid file came to name {content}."


def _while_it_ran(running: Sequence[Event]) -> str:
    if len(running) > 1:
        return f"It started the daemon again beside the living one: {len(running)} ran."
    return "It left the daemon alone."


def _spares(samples: Sequence[Event]) -> Verdict:
    ran = find(samples, "ran", act="stranger")
    pictures = find(samples, "processes", act="stranger")
    stranger = int(ran[0][1]["output"])
    lived = [alive(picture, stranger) for _, picture in pictures]
    left = len(daemons(pictures[-1][1]))
    evidence = numbers(ran[-1:], pictures)
    if all(lived):
        said = f"Asked to stop the service, it left the stranger alone; {left} daemons still ran."
        return Verdict(_SPARES, "yes", said, evidence)
    when = "when asked to stop the service" if lived[-2] else "before it was asked to stop anything"
    said = f"It ended the stranger {when}; {left} daemons still ran."
    return Verdict(_SPARES, "no", said, evidence)


SCENARIO = Tracking()
