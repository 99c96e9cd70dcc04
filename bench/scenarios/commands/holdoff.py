"""Commands given while a service waits to be started again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bench.model import steps
from bench.model.events import DOWN, RAN, SIGNALLED, SNAPSHOT, STARTED, Event
from bench.model.events.program import CommandRan, ServiceEvent
from bench.model.initial_state import FRESH
from bench.model.observation.evidence import Numbered, Samples, number_samples, numbers
from bench.model.observation.latency import SHORT_UPTIME
from bench.model.observation.processes import daemons
from bench.model.observation.timing import (
    deadline,
    format_duration,
    format_elapsed,
    has_long_limit,
)
from bench.model.scenario import (
    Answer,
    SamplingEffort,
    Scenario,
    ScenarioContext,
    Verdict,
    WorkUnit,
)
from bench.model.stages import Stage, run_stages
from bench.model.statistics import Metric
from supervisors.contender import Contender

# What is asked in the hold-off, and the behaviour that each shows.
_BEHAVIOURS = {
    "stop": "obeys a stop",
    # A restart of the supervisor's own counts: only that the command does no harm is seen.
    "start": "runs after a start",
    "restart": "runs after a stop and a start",
}
# How often it is asked to stop and start, where that takes seconds: a race may decide.
ROUNDS = 3
# s: a supervisor with a longer period gets a guest for each command.
_LONG_PERIOD = 3.0
_COMMAND_DEADLINE = 100.0  # s
# s from the daemon's end to the command: enough for its supervisor to learn of the end.
_PAUSE = 0.03


class Holdoff(Scenario):
    """A young daemon ends, and its supervisor is asked for something before it has restarted it."""

    name = "holdoff"
    title = "commands while a service waits for its restart"
    position = 7

    def work_units(self, contender: Contender, effort: SamplingEffort) -> list[WorkUnit]:
        stages = _stage_names(contender, effort)
        stage_seconds = 2.5 * (contender.period or 0.0) + _watch_seconds(contender)
        stage_seconds += _settle_seconds(contender) + 1
        together = (contender.period or 0.0) <= _LONG_PERIOD
        guests = [stages] if together else [(name,) for name in stages]
        if not effort.allows(stage_seconds * len(guests[0]), times=3):
            return []
        return [
            WorkUnit(
                self.name,
                stage_seconds * len(names),
                trials=1,
                parameters=names,
                initial_state=FRESH,
            )
            for names in guests
        ]

    def perform(self, context: ScenarioContext, unit: WorkUnit) -> list[Event]:
        stages = [
            stage for name in unit.parameters_as(tuple) for stage in _stages(context, str(name))
        ]
        return run_stages(context, stages, len(stages) * (4 * deadline(context.contender) + 120))

    def conclude(self, contender: Contender, samples: Sequence[Event]) -> list[Metric]:
        return []

    def judge(self, contender: Contender, samples: Sequence[Event]) -> list[Verdict]:
        numbered = number_samples(samples)
        verdicts: list[Verdict] = []
        for command, behaviour in _BEHAVIOURS.items():
            rounds = [numbered.of_stage(f"{command} {number}") for number in range(ROUNDS)]
            judged = [_judge_round(behaviour, command, stage) for stage in rounds if stage]
            verdicts.append(_combine(behaviour, judged))
        return verdicts


def _stage_names(contender: Contender, effort: SamplingEffort) -> tuple[str, ...]:
    """Return the rounds of each command; a limit of starts for good leaves room for one only."""
    once = effort.quick or has_long_limit(contender) or (contender.period or 0.0) > _LONG_PERIOD
    rounds = {"restart": 1 if once else ROUNDS}
    return tuple(
        f"{command} {number}" for command in _BEHAVIOURS for number in range(rounds.get(command, 1))
    )


def _watch_seconds(contender: Contender) -> float:
    """Return the seconds after which a start that was held off would have come."""
    return max(3.0, contender.settled_uptime + 1, 1.2 * (contender.period or 0.0))


def _settle_seconds(contender: Contender) -> float:
    """Return the seconds after which neither the uptime nor a limit holds a start off."""
    limit = contender.limit_that_lifts
    if limit is None or has_long_limit(contender):
        return contender.settled_uptime
    return max(contender.settled_uptime, limit[1])


def _stages(context: ScenarioContext, name: str) -> Iterator[Stage]:
    contender, service, wait = context.contender, context.services[0], deadline(context.contender)
    stop = context.supervisor.stop_command(contender, service)
    start = context.supervisor.start_command(contender, service)
    command = {"stop": stop, "start": start, "restart": f"{stop}\n{start}"}[name.split()[0]]
    kill = steps.kill_service("s1")
    yield Stage("young", (kill, steps.await_restart(["s1"], wait), steps.watch(SHORT_UPTIME)))
    # The daemon has until after the last start that may come to be what it was asked to be.
    watched: list[steps.Step] = [
        kill,
        steps.sleep(_PAUSE),
        steps.run_command(command, _COMMAND_DEADLINE),
        steps.watch(_watch_seconds(contender)),
    ]
    if command == stop:
        yield Stage(name, (*watched, steps.snapshot()))
        yield Stage("again", (steps.run_command(start, _COMMAND_DEADLINE),))
    else:
        yield Stage(name, (*watched, steps.await_up(["s1"], wait)))
    settle = steps.watch(_settle_seconds(contender))
    yield Stage("settled", (steps.await_up(["s1"], wait, otherwise=start), settle))


def _judge_round(behaviour: str, command: str, stage: Samples) -> Verdict:
    kill, ran = stage.first(SIGNALLED), stage.first(RAN)
    if kill is None or not kill.event["pids"] or ran is None:
        return Verdict(behaviour, "not measured", "There was no young daemon to kill.")
    killed_ns, asked_ns = kill.event["begin_ns"], ran.event["begin_ns"]
    starts = [start for start in stage.all(STARTED) if start.event["main_ns"] > killed_ns]
    if starts and starts[0].event["main_ns"] < asked_ns:
        after = format_elapsed(killed_ns, starts[0].event["main_ns"])
        sentence = f"It was back after {after}: there was no time for a command."
        return Verdict(behaviour, "not applicable", sentence, numbers(kill, starts[0]))
    if command == "stop":
        return _judge_stop(behaviour, stage, ran)
    return _judge_start(behaviour, stage, ran, starts)


def _judge_stop(behaviour: str, stage: Samples, command: Numbered[CommandRan]) -> Verdict:
    snapshot = stage.first(SNAPSHOT)
    if snapshot is None:
        return Verdict(behaviour, "not measured", "What came after was not seen.")
    watched = format_elapsed(command.event["begin_ns"], snapshot.event["ns"])
    evidence = numbers(command, snapshot)
    if daemons(snapshot.event):
        sentence = f"It ran {watched} after: {command.event['command']}."
        return Verdict(behaviour, "no", sentence, evidence)
    sentence = f"It stayed down for {watched} after: {command.event['command']}."
    return Verdict(behaviour, "yes", sentence, evidence)


def _judge_start(
    behaviour: str,
    stage: Samples,
    command: Numbered[CommandRan],
    starts: Sequence[Numbered[ServiceEvent]],
) -> Verdict:
    words = "; ".join(command.event["command"].splitlines())
    down = stage.first(DOWN)
    if down is not None:
        waited = format_duration(down.event["deadline_s"])
        sentence = f"It was down, and did not come back within {waited}, after: {words}."
        return Verdict(behaviour, "no", sentence, numbers(command, down))
    if not starts:
        return Verdict(behaviour, "not measured", "What came after was not seen.")
    # Of a stop and a start, the first may be the one that the stop ended.
    last = starts[-1]
    after = format_elapsed(command.event["begin_ns"], last.event["main_ns"])
    return Verdict(behaviour, "yes", f"It ran {after} after: {words}.", numbers(command, last))


def _combine(behaviour: str, rounds: Sequence[Verdict]) -> Verdict:
    """Return one verdict of all rounds; those in which there was no hold-off do not count."""
    counted = [verdict for verdict in rounds if verdict.answer in ("yes", "no")]
    if not counted:
        if rounds:
            return rounds[0]
        return Verdict(behaviour, "not measured", "Nothing was asked.")
    seen = sum(verdict.answer == "yes" for verdict in counted)
    answer: Answer = "yes" if seen == len(counted) else "partly" if seen else "no"
    sentence = next(
        verdict.sentence for verdict in counted if answer == "yes" or verdict.answer == "no"
    )
    if len(counted) > 1:
        sentence = f"Seen in {seen} of {len(counted)} rounds. {sentence}"
    evidence = tuple(sorted({number for verdict in counted for number in verdict.evidence}))
    return Verdict(behaviour, answer, sentence, evidence)


SCENARIO = Holdoff()
