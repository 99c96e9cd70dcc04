"""A daemon that is alive and does nothing: stopped by a signal, or deadlocked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from bench.model.evidence import one_look
from bench.model.scenario import (
    Event,
    SamplingEffort,
    Scenario,
    ScenarioContext,
    Step,
    Verdict,
    WorkUnit,
)
from bench.model.stages import (
    Stage,
    StageEvents,
    deadline,
    format_duration,
    run_stages,
    seconds,
    stage_events,
)
from bench.model.statistics import Metric, single
from supervisors import supervisors
from supervisors.contender import Contender

STOPPED = 30.0  # s at least for which a stopped daemon is watched
HANG_AFTER = 3.0  # s of life with a watchdog that is answered
# s at least in which a watchdog has to notice: longer than any set up here is patient.
NOTICED = 30.0
MEANS = {"notify": "its notification socket", "file": "its heartbeat file"}
SIGSTOP, HANG, BOTH = "notices SIGSTOP", "notices a hang", "watchdog notices SIGSTOP"


class Hang(Scenario):
    """The kernel tells of an end, and of nothing else."""

    name = "hang"
    title = "alive, but not answering"
    rank = 12

    def work_units(self, contender: Contender, depth: SamplingEffort) -> list[WorkUnit]:
        expected = _watched(contender) + 4 * contender.settled_uptime
        # Without one, the daemon goes on as it was: others may use the guest.
        watchdog = supervisors()[contender.supervisor].watchdog
        if watchdog:
            expected += 20 + one_look(contender) + 3 * (contender.period or 0.0)
        if depth.budget is not None and expected > 3 * depth.budget:
            return []
        return [WorkUnit(self.name, seconds=expected, trials=1, own_guest=watchdog is not None)]

    def perform(self, turn: ScenarioContext, share: WorkUnit) -> list[Event]:
        contender, watchdog = turn.contender, turn.supervisor.watchdog
        patience = _watched(contender) + 5 * deadline(contender) + 60
        played = run_stages(turn, list(_stopped(turn)), patience)
        if watchdog is None:
            return played
        turn.keep((replace(turn.services[0], watchdog=watchdog),))
        patience += _answering(contender) + 2 * _noticing(contender) + 120
        return played + run_stages(turn, list(_watchdog(turn)), patience)

    def conclude(self, contender: Contender, samples: Sequence[Event]) -> list[Metric]:
        found = _noticed_after(stage_events(samples, "hang"))
        if found is None:
            return [Metric("hang_noticed", "s", status="not measured", note="not noticed")]
        note = f"of a daemon {HANG_AFTER:g} s after its start"
        return [single("hang_noticed", "s", found, note=note)]

    def judge(self, contender: Contender, samples: Sequence[Event]) -> list[Verdict]:
        return [_sigstop(stage_events(samples, "stopped")), *_watchdogs(contender, samples)]


def _watched(contender: Contender) -> float:
    return max(STOPPED, 2.2 * (contender.period or 0.0))


def _answering(contender: Contender) -> float:
    """Seconds in which a watchdog has looked once for certain at a daemon that answers."""
    return max(2 * HANG_AFTER, one_look(contender))


def _noticing(contender: Contender) -> float:
    """Seconds after which a watchdog that has not noticed does not."""
    return max(NOTICED, deadline(contender))


def _signal(number: int) -> Step:
    return {"do": "signal", "target": "service:s1", "signal": number}


def _mode(text: str) -> Step:
    return {"do": "mode", "service": "s1", "text": text}


def _stopped(turn: ScenarioContext) -> Iterator[Stage]:
    back: Step = {"do": "await", "services": ["s1"], "deadline": deadline(turn.contender)}
    watched: Step = {"do": "watch", "seconds": _watched(turn.contender)}
    yield Stage("before", (back, {"do": "watch", "seconds": turn.contender.settled_uptime}))
    yield Stage("stopped", (_signal(19), watched, {"do": "snapshot"}))
    yield Stage("continued", (_signal(18), {"do": "watch", "seconds": 0.5}))


def _watchdog(turn: ScenarioContext) -> Iterator[Stage]:
    contender, service = turn.contender, turn.services[0]
    patience = deadline(contender)
    back: Step = {"do": "await", "services": ["s1"], "deadline": patience}
    anew: Step = {**back, "fresh": True}
    lived: Step = {"do": "watch", "seconds": HANG_AFTER}
    rest: Step = {"do": "watch", "seconds": contender.settled_uptime}
    read: Step = {"do": "watch", "seconds": 0.3}
    stop, start = (
        {"do": "run", "command": command(contender, service), "deadline": 60}
        for command in (turn.supervisor.stop_command, turn.supervisor.start_command)
    )
    end: Step = {"do": "end", "service": "s1", "deadline": patience}
    noticed: Step = {**anew, "deadline": HANG_AFTER + _noticing(contender)}
    answered: Step = {"do": "watch", "seconds": _answering(contender)}
    # A life that is to answer its watchdog all along shows that it is answered.
    yield Stage("with watchdog", (stop, end, rest, start, back, answered))
    hanging = _mode(f"--hang-after {round(HANG_AFTER * 1000)}")
    yield Stage("to hang", (hanging, _signal(9), anew, read, _mode("")))
    yield Stage("hang", (noticed,))
    yield Stage("settled", (lived,))
    yield Stage("stopped with watchdog", (_signal(19), noticed))


def _sigstop(found: StageEvents) -> Verdict:
    sent = found.first("signalled")
    if sent is None or not sent[1]["pids"]:
        return Verdict(SIGSTOP, "not measured", "Nothing was stopped.")
    gone, last = found.first("gone"), found.last("processes")
    if gone is not None:
        took = format_duration(seconds(sent[1]["begin_ns"], gone[1]["seen_ns"]))
        return Verdict(SIGSTOP, "yes", f"It ended the daemon after {took}.", (sent[0], gone[0]))
    watched = seconds(sent[1]["begin_ns"], last[1]["ns"]) if last else 0.0
    sentence = f"The stopped daemon was left as it was for {format_duration(watched)}."
    return Verdict(SIGSTOP, "no", sentence, (sent[0],))


def _watchdogs(contender: Contender, samples: Sequence[Event]) -> Iterator[Verdict]:
    supervisor = supervisors()[contender.supervisor]
    if not supervisor.watchdog:
        for behaviour in (HANG, BOTH):
            yield Verdict(behaviour, "not applicable", supervisor.unsupported["watchdog"])
        return
    answered = stage_events(samples, "with watchdog")
    early = answered.last("up")
    if early is None or any(each[0] > early[0] for each in answered.all("gone")):
        for behaviour in (HANG, BOTH):
            yield Verdict(behaviour, "not measured", "A daemon that answered did not stay up.")
        return
    means = MEANS[supervisor.watchdog]
    yield _hang(stage_events(samples, "hang"), means, _noticing(contender))
    yield _stopped_with(stage_events(samples, "stopped with watchdog"), means, _noticing(contender))


def _noticed_after(found: StageEvents) -> float | None:
    """Seconds from when the daemon fell silent to its end; None where it did not end."""
    gone = found.first("gone")
    if gone is None:
        return None
    return seconds(gone[1]["main_ns"], gone[1]["seen_ns"]) - HANG_AFTER


def _hang(found: StageEvents, means: str, patience: float) -> Verdict:
    gone, up, took = found.first("gone"), found.first("up"), _noticed_after(found)
    if gone is None or took is None:
        down = found.first("down")
        seen = (down[0],) if down else ()
        sentence = f"A daemon that had left {means} silent was left alone for {patience:g} s."
        return Verdict(HANG, "no", sentence, seen)
    sentence = f"By {means}, it was ended {format_duration(took)} after it fell silent"
    if up is None:
        return Verdict(HANG, "partly", f"{sentence}, and did not come back.", (gone[0],))
    again = format_duration(seconds(gone[1]["seen_ns"], up[1]["main_ns"]))
    return Verdict(HANG, "yes", f"{sentence}; its successor ran {again} later.", (gone[0], up[0]))


def _stopped_with(found: StageEvents, means: str, patience: float) -> Verdict:
    sent, gone, up = found.first("signalled"), found.first("gone"), found.first("up")
    if sent is None or not sent[1]["pids"]:
        return Verdict(BOTH, "not measured", "Nothing was stopped.")
    if gone is None or up is None:
        sentence = f"A stopped daemon was not replaced within {HANG_AFTER + patience:g} s."
        return Verdict(BOTH, "no", sentence, (sent[0],))
    took = format_duration(seconds(sent[1]["begin_ns"], up[1]["main_ns"]))
    sentence = f"By {means}; its successor ran after {took}."
    return Verdict(BOTH, "yes", sentence, (sent[0], gone[0], up[0]))


SCENARIO = Hang()
