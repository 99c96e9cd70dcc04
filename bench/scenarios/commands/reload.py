"""Services are added, changed and removed beside one that is not to be touched."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bench.model import steps
from bench.model.events import (
    ALIVE,
    DOWN,
    GONE,
    IN_FORCE,
    RAN,
    SNAPSHOT,
    STARTED,
    UP,
    Event,
    events_of_kind,
)
from bench.model.events.added import ChangeInForce
from bench.model.events.program import Snapshot
from bench.model.initial_state import FRESH
from bench.model.observation.evidence import Numbered, Samples, number_samples, numbers
from bench.model.observation.timing import deadline, elapsed, format_duration, format_elapsed
from bench.model.scenario import SamplingEffort, Scenario, ScenarioContext, Verdict, WorkUnit
from bench.model.stages import Stage, run_stages
from bench.model.statistics import Metric, single_value
from provision.errors.text import count_words
from supervisors.contender import Contender
from supervisors.service import Service, services_of

# The changed service's command line has this more than before; it changes nothing else.
OPTION = ("--ready-after", "1")
ADDS, CHANGES, REMOVES, SPARES = (
    "takes up an added one",
    "takes up a changed one",
    "lets go of a removed one",
    "leaves the others alone",
)
_COMMAND = 60.0  # s that any command may take
_SETTLE = steps.watch(2.5)


class Reload(Scenario):
    """The article's "reload of watched services"."""

    name = "reload"
    title = "services added, changed, removed"
    position = 7

    def work_units(self, contender: Contender, effort: SamplingEffort) -> list[WorkUnit]:
        expected = 3 * deadline(contender) + 10
        if not effort.allows(expected, times=4):
            return []
        # Most changes are taken up long before the deadline.
        return [WorkUnit(self.name, seconds=0.5 * expected, trials=1, initial_state=FRESH)]

    def perform(self, context: ScenarioContext, unit: WorkUnit) -> list[Event]:
        first, second, third = services_of(context.contender, 3)
        changed = replace(second, options=OPTION)
        before = run_stages(context, [Stage("before", (steps.snapshot(),))], _COMMAND)
        context.services = (first, second, third)
        return [
            *before,
            *_add(context, (first, second, third)),
            *_change(context, (first, changed, third)),
            *_remove(context, third, (first, changed)),
        ]

    def conclude(self, contender: Contender, samples: Sequence[Event]) -> list[Metric]:
        seconds = _added_after(number_samples(samples).of_stage("added"))
        if seconds is None:
            return [Metric("reload_added", "s", status="not measured", note="not taken up")]
        return [single_value("reload_added", "s", seconds)]

    def judge(self, contender: Contender, samples: Sequence[Event]) -> list[Verdict]:
        numbered = number_samples(samples)
        return [
            _judge_addition(numbered.of_stage("added")),
            _judge_change(numbered.of_stage("changed"), numbered.of_stage("restarted")),
            _judge_removal(numbered.of_stage("removed")),
            _judge_others(numbered),
        ]


def _run(command: str) -> steps.RunCommandStep:
    return steps.run_command(command, _COMMAND)


def _reload(context: ScenarioContext, kept: Sequence[Service]) -> list[steps.Step]:
    command = context.supervisor.reload_command(context.contender, kept)
    return [] if command is None else [_run(command)]


def _timeout(context: ScenarioContext) -> float:
    return 4 * deadline(context.contender) + 4 * _COMMAND


def _add(context: ScenarioContext, kept: Sequence[Service]) -> list[Event]:
    """Add all services but the first."""
    context.guest.write(context.supervisor.files(context.contender, kept))
    enable = [context.supervisor.enable_command(context.contender, service) for service in kept[1:]]
    names = [service.name for service in kept[1:]]
    stage = Stage(
        "added",
        (
            *(_run(command) for command in enable if command),
            *_reload(context, kept),
            steps.await_up(names, deadline(context.contender)),
            _SETTLE,
        ),
    )
    return run_stages(context, [stage], _timeout(context))


def _change(context: ScenarioContext, kept: Sequence[Service]) -> list[Event]:
    """Reload alone first; where that leaves the old daemon running, stop and start the service."""
    context.guest.write(context.supervisor.files(context.contender, kept))
    service, wait = kept[1], deadline(context.contender)
    restart = steps.await_restart([service.name], wait)
    reload = Stage("changed", (*_reload(context, kept), restart, _SETTLE, steps.snapshot()))
    events = run_stages(context, [reload], _timeout(context))
    if _is_in_force(events, service):
        return [*events, _in_force("changed", service)]
    stop = _run(context.supervisor.stop_command(context.contender, service))
    start = _run(context.supervisor.start_command(context.contender, service))
    forced = Stage(
        "restarted",
        (
            stop,
            steps.await_end(service.name, wait),
            # god loses a start that it is asked for before it has seen the end of what it stopped.
            _SETTLE,
            start,
            steps.await_up([service.name], wait),
            _SETTLE,
            steps.snapshot(),
        ),
    )
    events += run_stages(context, [forced], _timeout(context))
    return [*events, _in_force("restarted", service)] if _is_in_force(events, service) else events


def _in_force(stage: str, service: Service) -> ChangeInForce:
    return {"act": stage, "event": "in force", "service": service.name}


def _is_in_force(events: Sequence[Event], service: Service) -> bool:
    """Tell whether the newest snapshot shows the changed service, and no old one."""
    snapshot = events_of_kind(events, SNAPSHOT)[-1]
    lines = [
        process["argv"]
        for process in snapshot["processes"]
        if process["comm"] == "testd" and service.name in process["argv"]
    ]
    return len(lines) == 1 and all(word in lines[0] for word in OPTION)


def _remove(context: ScenarioContext, service: Service, kept: Sequence[Service]) -> list[Event]:
    period = context.contender.period or 0.0
    stage = Stage(
        "removed",
        (
            steps.watch(0.2),
            _run(context.supervisor.disable_command(context.contender, service)),
            *_reload(context, kept),
            steps.await_end(service.name, deadline(context.contender)),
            steps.watch(max(5.0, 1.1 * period)),
            steps.snapshot(),
        ),
    )
    return run_stages(context, [stage], _timeout(context))


def _commands(stage: Samples) -> str:
    """Return the commands that were run, in their order."""
    commands = [ran.event["command"] for ran in stage.all(RAN)]
    lines = [line for command in commands if command != "true" for line in command.splitlines()]
    return "; ".join(lines) or "nothing: it looks by itself"


def _added_after(stage: Samples) -> float | None:
    """Return the seconds from the last command until both new services ran; None: they did not."""
    command, ups = stage.last(RAN), stage.all(UP)
    if command is None or stage.first(DOWN) or not ups:
        return None
    return elapsed(command.event["begin_ns"], max(up.event["main_ns"] for up in ups))


def _judge_addition(stage: Samples) -> Verdict:
    command, seconds, down = stage.last(RAN), _added_after(stage), stage.first(DOWN)
    if command is None:
        return Verdict(ADDS, "not measured", "No service was added.")
    if seconds is None:
        waited = format_duration(down.event["deadline_s"]) if down else "the time given"
        sentence = f"Not within {waited}: {_commands(stage)}."
        return Verdict(ADDS, "no", sentence, numbers(command, down))
    sentence = f"Two new ones ran after {format_duration(seconds)}: {_commands(stage)}."
    return Verdict(ADDS, "yes", sentence, numbers(command, stage.all(UP)))


def _judge_change(stage: Samples, forced: Samples) -> Verdict:
    command = stage.first(RAN)
    if command is None:
        return Verdict(CHANGES, "not measured", "No service was changed.")
    if stage.first(IN_FORCE):
        up = stage.first(UP)
        begin_ns = command.event["begin_ns"]
        after = format_elapsed(begin_ns, up.event["main_ns"]) if up else "some time"
        sentence = f"It ran as changed after {after}: {_commands(stage)}."
        return Verdict(CHANGES, "yes", sentence, numbers(command, up))
    if not forced.first(IN_FORCE):
        sentence = f"Neither by: {_commands(stage)}; nor by: {_commands(forced)}."
        return Verdict(CHANGES, "no", sentence, numbers(command, forced.all(RAN)))
    sentence = f"The old one runs on after: {_commands(stage)}; it took: {_commands(forced)}."
    return Verdict(CHANGES, "partly", sentence, numbers(command, forced.first(UP)))


def _judge_removal(stage: Samples) -> Verdict:
    command, alive = stage.first(RAN), stage.first(ALIVE)
    gone = stage.first(GONE, service="s3")
    if command is None:
        return Verdict(REMOVES, "not measured", "No service was removed.")
    if alive is not None or gone is None:
        sentence = f"It runs on after: {_commands(stage)}."
        return Verdict(REMOVES, "no", sentence, numbers(command, alive))
    starts = stage.all(STARTED, service="s3")
    again = next((start for start in starts if start.number > gone.number), None)
    if again is not None:
        sentence = f"It ended, and was started again: {_commands(stage)}."
        return Verdict(REMOVES, "no", sentence, numbers(command, gone, again))
    after = format_elapsed(command.event["begin_ns"], gone.event["seen_ns"])
    sentence = f"It ended after {after}, for good: {_commands(stage)}."
    return Verdict(REMOVES, "yes", sentence, numbers(command, gone))


def _judge_others(numbered: Samples) -> Verdict:
    """Judge whether the first service, which nothing changed, was left alone."""
    snapshots = numbered.all(SNAPSHOT)
    if len(snapshots) < 2:
        return Verdict(SPARES, "not measured", "Nothing happened beside the untouched service.")
    first, last = snapshots[0], snapshots[-1]
    more = _starts(last) - _starts(first)
    if not more:
        sentence = "The untouched service was not started again throughout."
        return Verdict(SPARES, "yes", sentence, numbers(first, last))
    changes = numbers(numbered.all(GONE, service="s1"), numbered.all(STARTED, service="s1"))
    sentence = f"The untouched service was started {count_words(more, 'time')} more."
    return Verdict(SPARES, "no", sentence, changes[:4] or numbers(first, last))


def _starts(snapshot: Numbered[Snapshot]) -> int:
    """Return how often the first service was started."""
    records = snapshot.event["services"]
    return next(record["starts"] for record in records if record["service"] == "s1")


SCENARIO = Reload()
