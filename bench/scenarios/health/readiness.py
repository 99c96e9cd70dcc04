"""A daemon that announces late, or never, that it is ready."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from bench.model import steps
from bench.model.events import ALIVE, DOWN, GONE, NO_ANNOUNCEMENT, RAN, READY, SIGNALLED, UP, Event
from bench.model.events.added import NoAnnouncement
from bench.model.initial_state import FRESH
from bench.model.observation.evidence import Samples, number_samples, numbers
from bench.model.observation.timing import deadline, elapsed, format_duration, format_elapsed
from bench.model.scenario import SamplingEffort, Scenario, ScenarioContext, Verdict, WorkUnit
from bench.model.stages import Stage, run_stages
from bench.model.statistics import Metric, single_value
from supervisors import supervisors
from supervisors.contender import Contender

LATE = 3.0  # s from the daemon's start to its announcement
# s. Longer than any supervisor's documented timeout of a start: systemd's is 90 s.
END_DEADLINE = 120.0
WAITS, RESTARTS, ENDS = (
    "something can wait for it",
    "restarts what was not ready",
    "ends what never gets ready",
)


class Readiness(Scenario):
    """A started service is not ready yet; where it can announce that, others can wait for it."""

    name = "readiness"
    title = "ready late, or never"
    position = 15

    def inapplicable_reason(self, contender: Contender) -> str:
        if contender.role == "monitor":
            return "A daemon that detaches itself is ready when its first process ends."
        return super().inapplicable_reason(contender)

    def work_units(self, contender: Contender, effort: SamplingEffort) -> list[WorkUnit]:
        if not supervisors()[contender.supervisor].readiness_protocol:
            return [WorkUnit(self.name, seconds=1, trials=1)]
        expected = END_DEADLINE + LATE + 8 * contender.settled_uptime
        if not effort.allows(expected, times=5):
            return []
        return [WorkUnit(self.name, seconds=expected, trials=1, initial_state=FRESH)]

    def perform(self, context: ScenarioContext, unit: WorkUnit) -> list[Event]:
        if not context.supervisor.readiness_protocol:
            none: NoAnnouncement = {"act": "unknown", "event": "no announcement"}
            return [none]
        announcing = replace(context.services[0], readiness=context.supervisor.readiness_protocol)
        context.reconfigure((announcing,))
        timeout = 12 * deadline(context.contender) + 3 * END_DEADLINE
        return run_stages(context, list(_stages(context)), timeout)

    def conclude(self, contender: Contender, samples: Sequence[Event]) -> list[Metric]:
        numbered = number_samples(samples)
        return [
            _latency("restart_when_ready", numbered.of_stage("ready")),
            _latency("restart_when_not_ready", numbered.of_stage("not ready")),
        ]

    def judge(self, contender: Contender, samples: Sequence[Event]) -> list[Verdict]:
        numbered = number_samples(samples)
        if numbered.first(NO_ANNOUNCEMENT):
            sentence = "The suite knows no way for a service to announce anything to it."
            return [
                Verdict(behaviour, "not measured", sentence)
                for behaviour in (WAITS, RESTARTS, ENDS)
            ]
        return [
            _judge_wait(numbered.of_stage("late")),
            _judge_restart(numbered.of_stage("not ready"), numbered.of_stage("ready")),
            _judge_end(numbered.of_stage("never")),
        ]


def _stages(context: ScenarioContext) -> Iterator[Stage]:
    contender, service, supervisor = context.contender, context.services[0], context.supervisor
    wait = deadline(contender)
    restart = steps.await_restart(["s1"], wait)
    settle = steps.watch(contender.settled_uptime + 1)
    kill, end, reset = (
        steps.kill_service("s1"),
        steps.await_end("s1", wait),
        steps.set_mode("s1", ""),
    )
    stop = steps.run_command(supervisor.stop_command(contender, service), END_DEADLINE)
    # In the background: the command itself may wait for readiness.
    start_command = f"({supervisor.start_command(contender, service)}) >/dev/null 2>&1 &"
    start = steps.run_command(start_command, END_DEADLINE)
    late = steps.set_mode("s1", f"--ready-after {round(LATE * 1000)}")
    never = steps.set_mode("s1", "--ready never")
    yield Stage("before late", (stop, end, late, start))
    wait_ready = steps.run_command(supervisor.wait_ready_command(contender, service), END_DEADLINE)
    yield Stage("late", (wait_ready, settle, reset))
    yield Stage("ready", (kill, restart))
    yield Stage("before not ready", (settle, never, kill, restart, settle, reset))
    yield Stage("not ready", (kill, restart))
    yield Stage("before never", (settle, stop, end, never))
    up, read = steps.await_up(["s1"], wait), steps.watch(0.3)
    yield Stage("never", (start, up, read, reset, steps.await_end("s1", END_DEADLINE)))


def _judge_wait(stage: Samples) -> Verdict:
    waited, ready = stage.first(RAN), stage.first(READY)
    if waited is None or ready is None:
        return Verdict(WAITS, "not measured", "The daemon never announced anything.")
    command, evidence = waited.event["command"], (ready.number, waited.number)
    if waited.event["rc"] != 0:
        sentence = f"It failed, with exit code {waited.event['rc']}: {command}."
        return Verdict(WAITS, "no", sentence, evidence)
    after = elapsed(ready.event["ready_ns"], waited.event["end_ns"])
    if after < 0:
        sentence = f"It returned {format_duration(-after)} before the daemon was ready: {command}."
        return Verdict(WAITS, "no", sentence, evidence)
    sentence = f"It returned {format_duration(after)} after the daemon announced it: {command}."
    return Verdict(WAITS, "yes", sentence, evidence)


def _restart_seconds(stage: Samples) -> float | None:
    """Return the seconds from the signal to the successor; None where there was none."""
    sent, up = stage.first(SIGNALLED), stage.first(UP)
    if sent is None or not sent.event["pids"] or up is None:
        return None
    return elapsed(sent.event["begin_ns"], up.event["main_ns"])


def _judge_restart(stage: Samples, ready: Samples) -> Verdict:
    sent, up, down = stage.first(SIGNALLED), stage.first(UP), stage.first(DOWN)
    if sent is None or not sent.event["pids"]:
        return Verdict(RESTARTS, "not measured", "Nothing was killed.")
    seconds, usual = _restart_seconds(stage), _restart_seconds(ready)
    if seconds is None:
        waited = format_duration(down.event["deadline_s"]) if down else "the time given"
        sentence = f"It was not started again within {waited}."
        return Verdict(RESTARTS, "no", sentence, numbers(sent, down))
    sentence = f"Its successor ran after {format_duration(seconds)}"
    if usual is not None:
        sentence += f", and after {format_duration(usual)} when it had been ready"
    return Verdict(RESTARTS, "yes", f"{sentence}.", numbers(sent, up))


def _judge_end(stage: Samples) -> Verdict:
    start, up, gone, alive = (stage.first(RAN), stage.first(UP), stage.first(GONE),
                              stage.first(ALIVE))  # fmt: skip
    if start is None or up is None:
        return Verdict(ENDS, "not measured", "The daemon was not seen to start.")
    begin_ns = up.event["main_ns"]
    if gone is not None:
        sentence = (
            f"It was ended {format_elapsed(begin_ns, gone.event['seen_ns'])} after its start."
        )
        return Verdict(ENDS, "yes", sentence, numbers(up, gone))
    if alive is None:
        return Verdict(ENDS, "not measured", "Its end was not waited for.", numbers(up))
    sentence = f"It still ran {format_elapsed(begin_ns, alive.event['ns'])} after its start."
    return Verdict(ENDS, "no", sentence, numbers(up, alive))


def _latency(name: str, stage: Samples) -> Metric:
    seconds = _restart_seconds(stage)
    if seconds is None:
        return Metric(name, "ms", status="not measured", note="no restart seen")
    return single_value(name, "ms", seconds * 1000)


SCENARIO = Readiness()
