"""A daemon that detached itself, and a pid file that does not tell the truth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bench.model import steps
from bench.model.events import RAN, SNAPSHOT, STORM, Event
from bench.model.events.program import StormEnded
from bench.model.initial_state import FRESH
from bench.model.observation.evidence import Samples, number_samples, numbers
from bench.model.observation.processes import daemons, is_alive
from bench.model.observation.timing import deadline, format_elapsed, look_seconds
from bench.model.scenario import (
    Answer,
    SamplingEffort,
    Scenario,
    ScenarioContext,
    Verdict,
    WorkUnit,
    reason_of_parent,
)
from bench.model.stages import label_events
from bench.model.statistics import Metric
from supervisors import supervisors
from supervisors.contender import Contender
from supervisors.service import Service, services_of

# The stages, one a guest, and the behaviour that each shows.
_BEHAVIOURS = {
    "detached": "follows a daemon that forks twice",
    "single": "follows a daemon that forks once",
    "stale": "sees through a stale pid file",
    "empty": "sees through an empty pid file",
    "stranger": "is not fooled by a stranger",
}
_SPARES = "spares a stranger when stopping"
# How a pid file comes to lie, as a shell command.
_LIES = {
    "stale": "sh -c 'echo $$' > {pidfile}",
    "empty": ": > {pidfile}",
    "stranger": "cat /run/stranger.pid > {pidfile}",
}
_CONTENT = {"stale": "a dead process", "empty": "nothing", "stranger": "a stranger"}
# Start a child of PID 1 that belongs to no service, and print its pid.
_START_STRANGER = (
    "mkfifo /run/stranger.fifo; setsid -f bash -c 'echo $$ > /run/stranger.pid;"
    ' exec -a "{command_line}" cat\' 0<> /run/stranger.fifo > /dev/null 2>&1;'
    " until [ -s /run/stranger.pid ]; do sleep 0.05; done; cat /run/stranger.pid"
)
_COMMAND_DEADLINE = 100  # s


class Tracking(Scenario):
    """Whether a monitor watches the right process, no matter what the pid file says."""

    name = "tracking"
    title = "daemons that detach themselves, and pid files that lie"
    position = 11

    def inapplicable_reason(self, contender: Contender) -> str:
        return reason_of_parent(contender, "it needs no pid file, and nothing detaches itself.")

    def work_units(self, contender: Contender, effort: SamplingEffort) -> list[WorkUnit]:
        period = contender.period or 0.0
        if not effort.allows(2 * period):
            return []
        return [
            WorkUnit(self.name, 12 + 3.2 * period, trials=1, parameters=stage, initial_state=FRESH)
            for stage in _stages(contender)
        ]

    def perform(self, context: ScenarioContext, unit: WorkUnit) -> list[Event]:
        stage, contender = unit.parameters_as(str), context.contender
        service = context.services[0]
        if stage == "single":
            service = replace(services_of(contender, 2)[1], fork_count=1)
            context.reconfigure((*context.services, service))
        wait, look = deadline(contender, services=1), look_seconds(contender)
        timeout = 3 * look + wait + 150
        return label_events(stage, context.measure(_plan(context, stage, service), timeout))

    def conclude(self, contender: Contender, samples: Sequence[Event]) -> list[Metric]:
        return []

    def judge(self, contender: Contender, samples: Sequence[Event]) -> list[Verdict]:
        numbered = number_samples(samples)
        verdicts: list[Verdict] = []
        for stage, behaviour in _BEHAVIOURS.items():
            of_stage = numbered.of_stage(stage)
            if stage not in _stages(contender):
                reason = "It reads no pid file: it looks for the daemon's command line."
                verdicts.append(Verdict(behaviour, "not applicable", reason))
            elif of_stage:
                verdicts.append(_judge_tracking(stage, contender, of_stage))
        if stranger := numbered.of_stage("stranger"):
            verdicts.append(_judge_sparing(stranger))
        return verdicts


def _stages(contender: Contender) -> list[str]:
    by_pidfile = _watches_pidfile(contender)
    return [stage for stage in _BEHAVIOURS if by_pidfile or stage not in ("stale", "empty")]


def _watches_pidfile(contender: Contender) -> bool:
    """Tell whether it goes by the pid file; otherwise it looks for the command line."""
    return supervisors()[contender.supervisor].tracks_service_by == "pid file"


def _plan(context: ScenarioContext, stage: str, service: Service) -> list[steps.Step]:
    contender, by_pidfile = context.contender, _watches_pidfile(context.contender)
    look: list[steps.Step] = [steps.watch(look_seconds(contender)), steps.snapshot()]
    plan: list[steps.Step] = [steps.watch(contender.settled_uptime)]
    if stage == "stranger":
        # It looks like the daemon to a supervisor that goes by the command line.
        command_line = "stranger" if by_pidfile else service.command
        plan.append(_run(_START_STRANGER.format(command_line=command_line)))
    if stage in _LIES and by_pidfile:
        plan.append(_run(_LIES[stage].format(pidfile=service.pidfile)))
    if stage in _LIES:
        plan += look
    plan += [steps.storm([service.name], deadline(contender, services=1)), *look]
    if stage == "stranger":
        plan += [_run(context.supervisor.stop_command(contender, service)), *look]
    return plan


def _run(command: str) -> steps.RunCommandStep:
    return steps.run_command(command, _COMMAND_DEADLINE)


def _judge_tracking(stage: str, contender: Contender, samples: Samples) -> Verdict:
    snapshots, storms = samples.all(SNAPSHOT), samples.all(STORM)
    lied = stage in _LIES
    before = len(daemons(snapshots[0].event))
    # The first service goes on beside the one that forks once.
    after = len(daemons(snapshots[1 if lied else 0].event)) - (stage == "single")
    storm = storms[0].event
    sentences = [_describe_lie(stage, contender), _describe_reaction(before)] if lied else []
    sentences.append(_describe_restart(storm, after))
    back, doubled = storm["killed"][0]["main_ns"], lied and before > 1
    answer: Answer = "yes" if back and after == 1 and not doubled else "no"
    evidence = numbers(storms, snapshots[:2])
    return Verdict(_BEHAVIOURS[stage], answer, " ".join(sentences), evidence)


def _describe_lie(stage: str, contender: Contender) -> str:
    if not _watches_pidfile(contender):
        return "A stranger with the daemon's command line ran beside it."
    return f"While the daemon ran, its pid file came to name {_CONTENT[stage]}."


def _describe_reaction(running: int) -> str:
    if running > 1:
        return f"It started the daemon again beside the living one: {running} ran."
    return "It left the daemon alone."


def _describe_restart(storm: StormEnded, running: int) -> str:
    kill = storm["killed"][0]
    if not kill["main_ns"]:
        return f"Killed, it was not started again within {storm['deadline_s']:g} s."
    time = format_elapsed(kill["kill_ns"], kill["main_ns"])
    return f"Killed, the daemon was back after {time}, and then {running} of it ran."


def _judge_sparing(samples: Samples) -> Verdict:
    """Judge whether the stranger survived a stop of the service."""
    commands, snapshots = samples.all(RAN), samples.all(SNAPSHOT)
    stranger = int(commands[0].event["output"])
    survived = [is_alive(snapshot.event, stranger) for snapshot in snapshots]
    running = len(daemons(snapshots[-1].event))
    evidence = numbers(commands[-1], snapshots)
    if all(survived):
        sentence = (
            f"Asked to stop the service, it left the stranger alone; {running} daemons still ran."
        )
        return Verdict(_SPARES, "yes", sentence, evidence)
    when = (
        "when asked to stop the service" if survived[-2] else "before it was asked to stop anything"
    )
    sentence = f"It ended the stranger {when}; {running} daemons still ran."
    return Verdict(_SPARES, "no", sentence, evidence)


SCENARIO = Tracking()
