"""A service is asked to stop: one that obeys, and one that ignores SIGTERM."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bench.model import steps
from bench.model.events import ALIVE, DOWN, GONE, RAN, SNAPSHOT, STARTED, UP, Event
from bench.model.events.program import CommandRan, ServiceEvent
from bench.model.initial_state import FRESH
from bench.model.observation.evidence import Numbered, Samples, number_samples, numbers
from bench.model.observation.inherited_port import PORT_MODE, judge_port
from bench.model.observation.processes import CHILD, CHILD_IN_SESSION, live_processes
from bench.model.observation.timing import deadline, elapsed, format_duration, format_elapsed
from bench.model.scenario import SamplingEffort, Scenario, ScenarioContext, Verdict, WorkUnit
from bench.model.stages import Stage, run_stages
from bench.model.statistics import Metric, single_value
from supervisors.contender import PROFILES, Contender

CHILDREN = 2
# s. Longer than any supervisor's documented timeout of a stop: systemd's is 90 s.
KILL_DEADLINE = 120.0
# s after the start of a daemon for its failure to listen on its port, or its success.
_PORT_WATCH = 1.0
BEHAVIOURS = (
    "stays down", "starts again", "no stray child", "no stray child in another session",
    "frees its port", "kills what ignores SIGTERM",
)  # fmt: skip
_STAYS, _STARTS, _STRAY, _STRAY_SESSION, _PORT, _KILLS = BEHAVIOURS


class Stop(Scenario):
    """What an operator's stop command does."""

    name = "stop"
    title = "asked to stop a service"
    position = 6
    profiles = PROFILES

    def work_units(self, contender: Contender, effort: SamplingEffort) -> list[WorkUnit]:
        period = contender.period or 0.0
        expected = (
            _watch_seconds(contender)
            + KILL_DEADLINE
            + 3 * period
            + 4 * contender.settled_uptime
            + 10
        )
        if not effort.allows(expected, times=6):
            return []
        # Few need the whole of KILL_DEADLINE.
        return [WorkUnit(self.name, seconds=0.7 * expected, trials=1, initial_state=FRESH)]

    def perform(self, context: ScenarioContext, unit: WorkUnit) -> list[Event]:
        contender = context.contender
        timeout = 8 * deadline(contender) + _watch_seconds(contender) + 4 * KILL_DEADLINE
        return run_stages(context, list(_stages(context)), timeout)

    def conclude(self, contender: Contender, samples: Sequence[Event]) -> list[Metric]:
        numbered = number_samples(samples)
        return [
            _latency("stop", numbered.of_stage("stopped")),
            _latency("stop_ignoring_term", numbered.of_stage("stubborn")),
        ]

    def judge(self, contender: Contender, samples: Sequence[Event]) -> list[Verdict]:
        numbered = number_samples(samples)
        stopped = numbered.of_stage("stopped")
        command = stopped.first(RAN)
        if command is None:
            sentence = "It was never asked to stop."
            return [Verdict(behaviour, "not measured", sentence) for behaviour in BEHAVIOURS]
        return [
            _judge_stop(stopped, command),
            _judge_start(numbered.of_stage("started")),
            _judge_children(_STRAY, CHILD, stopped),
            _judge_children(_STRAY_SESSION, CHILD_IN_SESSION, stopped),
            _judge_port(numbered.of_stage("port")),
            _judge_kill(numbered.of_stage("stubborn")),
        ]


def _watch_seconds(contender: Contender) -> float:
    """Return the seconds for which a stopped service is watched for coming back."""
    return max(10.0, 1.1 * (contender.period or 0.0))


def _stages(context: ScenarioContext) -> Iterator[Stage]:
    contender, service = context.contender, context.services[0]
    wait = deadline(contender)
    up, restart = steps.await_up(["s1"], wait), steps.await_restart(["s1"], wait)
    settle, kill, reset = (
        steps.watch(contender.settled_uptime), steps.kill_service("s1"), steps.set_mode("s1", ""),
    )  # fmt: skip
    stop = steps.run_command(context.supervisor.stop_command(contender, service), KILL_DEADLINE)
    start = steps.run_command(context.supervisor.start_command(contender, service), KILL_DEADLINE)
    with_children = steps.set_mode("s1", f"--children {CHILDREN} --sessions {CHILDREN}")
    yield Stage("before", (up, settle, with_children, kill, restart, settle))
    yield Stage(
        "stopped",
        (
            reset,
            steps.snapshot(),
            stop,
            steps.await_end("s1", wait),
            steps.watch(_watch_seconds(contender)),
            steps.snapshot(),
        ),
    )
    clear = (steps.kill_processes(CHILD), steps.kill_processes(CHILD_IN_SESSION))
    # Not `restart`: the service may run before the command returns.
    yield Stage("started", (*clear, start, up, settle))
    stubborn = steps.set_mode("s1", "--ignore-term")
    end = steps.await_end("s1", KILL_DEADLINE)
    yield Stage("stubborn", (stubborn, kill, restart, settle, reset, stop, end))
    yield Stage("after", (kill, steps.set_mode("s1", PORT_MODE), start, up, settle))
    yield Stage(
        "port",
        (
            steps.snapshot(), stop, steps.await_end("s1", wait), start, up,
            steps.watch(_PORT_WATCH), steps.snapshot(),
        ),
    )  # fmt: skip


def _end_after_command(stage: Samples) -> Numbered[ServiceEvent] | None:
    """Return the end of the life that was asked to stop."""
    command = stage.first(RAN)
    if command is None:
        return None
    begin_ns = command.event["begin_ns"]
    return next((gone for gone in stage.all(GONE) if gone.event["seen_ns"] > begin_ns), None)


def _latency(name: str, stage: Samples) -> Metric:
    command, end = stage.first(RAN), _end_after_command(stage)
    if command is None or end is None:
        return Metric(name, "ms", status="not measured", note="no end seen")
    return single_value(name, "ms", elapsed(command.event["begin_ns"], end.event["seen_ns"]) * 1000)


def _judge_stop(stage: Samples, command: Numbered[CommandRan]) -> Verdict:
    end, by = _end_after_command(stage), command.event["command"]
    if end is None:
        sentence = f"It did not end when asked by: {by}."
        return Verdict(_STAYS, "no", sentence, numbers(command, stage.first(ALIVE)))
    end_ns = end.event["seen_ns"]
    after = format_elapsed(command.event["begin_ns"], end_ns)
    again = [start for start in stage.all(STARTED) if start.event["main_ns"] > end_ns]
    if again:
        later = format_elapsed(end_ns, again[0].event["main_ns"])
        sentence = f"It ended {after} after being asked by: {by}; it was back {later} later."
        return Verdict(_STAYS, "no", sentence, numbers(command, end, again[0]))
    last = stage.last(SNAPSHOT)
    watched = format_duration(elapsed(end_ns, last.event["ns"]) if last else 0.0)
    sentence = f"It ended {after} after being asked, and stayed down for {watched}: {by}."
    return Verdict(_STAYS, "yes", sentence, numbers(command, end))


def _judge_start(stage: Samples) -> Verdict:
    command, up, down = stage.first(RAN), stage.first(UP), stage.first(DOWN)
    if command is None:
        return Verdict(_STARTS, "not measured", "It was never asked to start.")
    begin_ns, by = command.event["begin_ns"], command.event["command"]
    if up is None:
        waited = format_duration(down.event["deadline_s"]) if down else "the time given"
        sentence = f"It did not run within {waited} of: {by}."
        return Verdict(_STARTS, "no", sentence, numbers(command, down))
    if up.event["main_ns"] < begin_ns:
        sentence = "It ran already when it was asked to."
        return Verdict(_STARTS, "not measured", sentence, numbers(command, up))
    sentence = f"It ran {format_elapsed(begin_ns, up.event['main_ns'])} after being asked by: {by}."
    return Verdict(_STARTS, "yes", sentence, numbers(command, up))


def _judge_children(behaviour: str, name: str, stage: Samples) -> Verdict:
    snapshots = stage.all(SNAPSHOT)
    before = len(live_processes(snapshots[0].event, name)) if snapshots else 0
    if len(snapshots) < 2 or not before:
        sentence = "The daemon had no such children when it was stopped."
        return Verdict(behaviour, "not measured", sentence)
    if _end_after_command(stage) is None:
        return Verdict(behaviour, "not measured", "The daemon itself did not stop.")
    after = len(live_processes(snapshots[-1].event, name))
    sentence = f"{after} of the daemon's {before} children ran on after it was stopped."
    evidence = numbers(snapshots[0], snapshots[-1])
    if not after:
        return Verdict(behaviour, "yes", sentence, evidence)
    return Verdict(behaviour, "no" if after == before else "partly", sentence, evidence)


def _judge_port(stage: Samples) -> Verdict:
    command, snapshots = stage.first(RAN), stage.all(SNAPSHOT)
    if command is None or len(snapshots) < 2:
        return Verdict(_PORT, "not measured", "No daemon that listened was asked to stop.")
    if _end_after_command(stage) is None:
        return Verdict(_PORT, "not measured", "The daemon itself did not stop.")
    return judge_port(_PORT, command.event["begin_ns"], snapshots[0], snapshots[1])


def _judge_kill(stage: Samples) -> Verdict:
    command, end, alive = stage.first(RAN), _end_after_command(stage), stage.first(ALIVE)
    if command is None:
        return Verdict(_KILLS, "not measured", "It was never asked to stop.")
    begin_ns, by = command.event["begin_ns"], command.event["command"]
    if end is not None:
        after = format_elapsed(begin_ns, end.event["seen_ns"])
        sentence = f"It ended {after} after being asked by: {by}."
        return Verdict(_KILLS, "yes", sentence, numbers(command, end))
    if alive is None:
        return Verdict(_KILLS, "not measured", "Its end was not waited for.", numbers(command))
    after = format_elapsed(begin_ns, alive.event["ns"])
    sentence = f"It still ran {after} after being asked by: {by}."
    return Verdict(_KILLS, "no", sentence, numbers(command, alive))


SCENARIO = Stop()
