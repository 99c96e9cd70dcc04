"""A daemon that is alive and does nothing: stopped by a signal, or deadlocked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from signal import SIGCONT, SIGSTOP

from bench.model import steps
from bench.model.events import DOWN, GONE, SIGNALLED, SNAPSHOT, UP, Event
from bench.model.initial_state import FRESH, SETTLED
from bench.model.observation.evidence import Samples, number_samples, numbers
from bench.model.observation.timing import (
    deadline,
    elapsed,
    format_duration,
    format_elapsed,
    format_wait,
    look_seconds,
)
from bench.model.scenario import SamplingEffort, Scenario, ScenarioContext, Verdict, WorkUnit
from bench.model.stages import Stage, run_stages
from bench.model.statistics import Metric, single_value
from supervisors import supervisors
from supervisors.contender import Contender

STOPPED = 30.0  # s at least for which a stopped daemon is watched
HANG_AFTER = 3.0  # s of life in which a daemon serves its watchdog, before it hangs
# s at least that a watchdog has to notice: longer than the timeout of any set up here.
NOTICED = 30.0
# s: a supervisor that acts less often shows what it does with and without a watchdog in two guests.
SLOW = 10.0
MEANS = {"notify": "its notification socket", "file": "its heartbeat file"}
NOTICES_SIGSTOP = "notices SIGSTOP"
NOTICES_HANG = "notices a hang"
WATCHDOG_NOTICES_SIGSTOP = "watchdog notices SIGSTOP"


@dataclass(frozen=True)
class Part:
    """What one guest shows: a daemon stopped without a watchdog, and what a watchdog notices."""

    stopped: bool = True
    watchdog: bool = True


class Hang(Scenario):
    """The kernel reports that a process ended, and not that it hangs."""

    name = "hang"
    title = "alive, but not answering"
    position = 12

    def work_units(self, contender: Contender, effort: SamplingEffort) -> list[WorkUnit]:
        stopped = _stopped_seconds(contender) + 4 * contender.settled_uptime
        watched = 20 + look_seconds(contender) + 5 * (contender.period or 0.0)
        # Without a watchdog the daemon goes on as it was: other units may use the guest.
        if not supervisors()[contender.supervisor].watchdog:
            parts, state = [(Part(watchdog=False), stopped)], SETTLED
        elif (contender.period or 0.0) > SLOW:
            parts = [(Part(stopped=False), watched), (Part(watchdog=False), stopped)]
            state = FRESH
        else:
            parts, state = [(Part(), stopped + watched)], FRESH
        if not effort.allows(sum(seconds for _, seconds in parts), times=3):
            return []
        return [
            WorkUnit(self.name, seconds, trials=1, parameters=part, initial_state=state)
            for part, seconds in parts
        ]

    def perform(self, context: ScenarioContext, unit: WorkUnit) -> list[Event]:
        contender, part = context.contender, unit.parameters_as(Part)
        timeout = _stopped_seconds(contender) + 5 * deadline(contender) + 60
        events = run_stages(context, list(_stages(context)), timeout) if part.stopped else []
        if not part.watchdog:
            return events
        watchdog = context.supervisor.watchdog
        context.reconfigure((replace(context.services[0], watchdog=watchdog),))
        timeout += _served_seconds(contender) + 2 * _notice_seconds(contender) + 120
        return events + run_stages(context, list(watchdog_stages(context)), timeout)

    def conclude(self, contender: Contender, samples: Sequence[Event]) -> list[Metric]:
        seconds = _noticed_after(number_samples(samples).of_stage("hang"))
        if seconds is None:
            return [Metric("hang_noticed", "s", status="not measured", note="not noticed")]
        note = f"of a daemon {HANG_AFTER:g} s after its start"
        return [single_value("hang_noticed", "s", seconds, note=note)]

    def judge(self, contender: Contender, samples: Sequence[Event]) -> list[Verdict]:
        numbered = number_samples(samples)
        return [_judge_sigstop(numbered.of_stage("stopped")), *_judge_watchdog(contender, numbered)]


def _stopped_seconds(contender: Contender) -> float:
    """Return the seconds for which a stopped daemon is watched."""
    return max(STOPPED, 2.2 * (contender.period or 0.0))


def _served_seconds(contender: Contender) -> float:
    """Return the seconds in which a watchdog surely looks at a daemon that serves it."""
    return max(2 * HANG_AFTER, look_seconds(contender))


def _notice_seconds(contender: Contender) -> float:
    """Return the seconds after which a watchdog that has not noticed does not."""
    return max(NOTICED, deadline(contender))


def _stages(context: ScenarioContext) -> Iterator[Stage]:
    contender = context.contender
    up = steps.await_up(["s1"], deadline(contender))
    yield Stage("before", (up, steps.watch(contender.settled_uptime)))
    stop = steps.signal_service("s1", SIGSTOP.value)
    yield Stage("stopped", (stop, steps.watch(_stopped_seconds(contender)), steps.snapshot()))
    resume = steps.signal_service("s1", SIGCONT.value)
    yield Stage("continued", (resume, steps.watch(0.5)))


def watchdog_stages(context: ScenarioContext) -> Iterator[Stage]:
    """Yield the stages for a supervisor with a watchdog, which is configured already."""
    contender, service = context.contender, context.services[0]
    wait = deadline(contender)
    stop, start = (
        steps.run_command(command(contender, service), 60)
        for command in (context.supervisor.stop_command, context.supervisor.start_command)
    )
    noticed = steps.await_restart(["s1"], HANG_AFTER + _notice_seconds(contender))
    # A life that serves its watchdog all along shows that the watchdog is served.
    yield Stage(
        "with watchdog",
        (
            stop,
            steps.await_end("s1", wait),
            steps.watch(contender.settled_uptime),
            start,
            steps.await_up(["s1"], wait),
            steps.watch(_served_seconds(contender)),
        ),
    )
    yield Stage(
        "to hang",
        (
            steps.set_mode("s1", f"--hang-after {round(HANG_AFTER * 1000)}"),
            steps.kill_service("s1"),
            steps.await_restart(["s1"], wait),
            steps.watch(0.3),
            steps.set_mode("s1", ""),
        ),
    )
    yield Stage("hang", (noticed,))
    yield Stage("settled", (steps.watch(HANG_AFTER),))
    yield Stage("stopped with watchdog", (steps.signal_service("s1", SIGSTOP.value), noticed))


def _judge_sigstop(stage: Samples) -> Verdict:
    sent = stage.first(SIGNALLED)
    if sent is None or not sent.event["pids"]:
        return Verdict(NOTICES_SIGSTOP, "not measured", "Nothing was stopped.")
    gone, last = stage.first(GONE), stage.last(SNAPSHOT)
    begin_ns = sent.event["begin_ns"]
    if gone is not None:
        sentence = f"It ended the daemon after {format_elapsed(begin_ns, gone.event['seen_ns'])}."
        return Verdict(NOTICES_SIGSTOP, "yes", sentence, numbers(sent, gone))
    watched = elapsed(begin_ns, last.event["ns"]) if last else 0.0
    sentence = f"The stopped daemon was left as it was for {format_duration(watched)}."
    return Verdict(NOTICES_SIGSTOP, "no", sentence, numbers(sent))


def _judge_watchdog(contender: Contender, numbered: Samples) -> Iterator[Verdict]:
    behaviours = (NOTICES_HANG, WATCHDOG_NOTICES_SIGSTOP)
    supervisor = supervisors()[contender.supervisor]
    if not supervisor.watchdog:
        for behaviour in behaviours:
            yield Verdict(behaviour, "not applicable", supervisor.unsupported["watchdog"])
        return
    served = numbered.of_stage("with watchdog")
    up = served.last(UP)
    if up is None or any(gone.number > up.number for gone in served.all(GONE)):
        for behaviour in behaviours:
            yield Verdict(behaviour, "not measured", "A daemon that answered did not stay up.")
        return
    means, wait = MEANS[supervisor.watchdog], _notice_seconds(contender)
    yield _judge_hang(numbered.of_stage("hang"), means, wait)
    yield _judge_stopped(numbered.of_stage("stopped with watchdog"), means, wait)


def _noticed_after(stage: Samples) -> float | None:
    """Return the seconds from the daemon's silence to its end; None where it did not end."""
    gone = stage.first(GONE)
    if gone is None:
        return None
    return elapsed(gone.event["main_ns"], gone.event["seen_ns"]) - HANG_AFTER


def _judge_hang(stage: Samples, means: str, wait: float) -> Verdict:
    gone, up, seconds = stage.first(GONE), stage.first(UP), _noticed_after(stage)
    if gone is None or seconds is None:
        sentence = f"A daemon that had left {means} silent was left alone for {wait:g} s."
        return Verdict(NOTICES_HANG, "no", sentence, numbers(stage.first(DOWN)))
    sentence = f"By {means}, it was ended {format_duration(seconds)} after it fell silent"
    if up is None:
        return Verdict(NOTICES_HANG, "partly", f"{sentence}, and did not come back.", numbers(gone))
    wait_ended = format_wait(elapsed(gone.event["seen_ns"], up.event["main_ns"]))
    sentence = f"{sentence}; its successor ran {wait_ended}."
    return Verdict(NOTICES_HANG, "yes", sentence, numbers(gone, up))


def _judge_stopped(stage: Samples, means: str, wait: float) -> Verdict:
    behaviour = WATCHDOG_NOTICES_SIGSTOP
    sent, gone, up = stage.first(SIGNALLED), stage.first(GONE), stage.first(UP)
    if sent is None or not sent.event["pids"]:
        return Verdict(behaviour, "not measured", "Nothing was stopped.")
    if gone is None or up is None:
        sentence = f"A stopped daemon was not replaced within {HANG_AFTER + wait:g} s."
        return Verdict(behaviour, "no", sentence, numbers(sent))
    after = format_elapsed(sent.event["begin_ns"], up.event["main_ns"])
    sentence = f"By {means}; its successor ran after {after}."
    return Verdict(behaviour, "yes", sentence, numbers(sent, gone, up))


SCENARIO = Hang()
