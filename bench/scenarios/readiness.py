"""A daemon that announces late, or never, that it is ready."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

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

LATE = 3.0  # s from the daemon's start to its announcement
# Longer than any supervisor's documented patience with a start: systemd's is 90 s.
NEVER = 120.0
WAITS, RESTARTS, ENDS = (
    "something can wait for it",
    "restarts what was not ready",
    "ends what never gets ready",
)


class Readiness(Scenario):
    """Started is not ready; where a service can say so, others can wait for it."""

    name = "readiness"
    title = "ready late, or never"
    rank = 15

    def inapplicable(self, contender: Contender) -> str:
        if contender.role == "monitor":
            return "A daemon that detaches itself is ready when its first process ends."
        return super().inapplicable(contender)

    def work_units(self, contender: Contender, depth: SamplingEffort) -> list[WorkUnit]:
        if not supervisors()[contender.supervisor].readiness_protocol:
            return [WorkUnit(self.name, seconds=1, trials=1)]
        expected = NEVER + LATE + 8 * contender.settled_uptime
        if depth.budget is not None and expected > 5 * depth.budget:
            return []
        return [WorkUnit(self.name, seconds=expected, trials=1, own_guest=True)]

    def perform(self, turn: ScenarioContext, share: WorkUnit) -> list[Event]:
        if not turn.supervisor.readiness_protocol:
            return [{"act": "unknown", "event": "no announcement"}]
        announcing = replace(turn.services[0], readiness=turn.supervisor.readiness_protocol)
        turn.keep((announcing,))
        patience = 12 * deadline(turn.contender) + 3 * NEVER
        return run_stages(turn, list(_acts(turn)), patience)

    def conclude(self, contender: Contender, samples: Sequence[Event]) -> list[Metric]:
        return [
            _latency("restart_when_ready", stage_events(samples, "ready")),
            _latency("restart_when_not_ready", stage_events(samples, "not ready")),
        ]

    def judge(self, contender: Contender, samples: Sequence[Event]) -> list[Verdict]:
        if stage_events(samples, "unknown").samples:
            sentence = "The suite knows no way for a service to announce anything to it."
            return [Verdict(each, "not measured", sentence) for each in (WAITS, RESTARTS, ENDS)]
        return [
            _waits(stage_events(samples, "late")),
            _restarts(stage_events(samples, "not ready"), stage_events(samples, "ready")),
            _ends(stage_events(samples, "never")),
        ]


def _acts(turn: ScenarioContext) -> Iterator[Stage]:
    contender, service = turn.contender, turn.services[0]
    patience = deadline(contender)
    back: Step = {"do": "await", "services": ["s1"], "deadline": patience}
    anew: Step = {**back, "fresh": True}
    settle: Step = {"do": "watch", "seconds": contender.settled_uptime + 1}
    read: Step = {"do": "watch", "seconds": 0.3}
    kill: Step = {"do": "signal", "target": "service:s1", "signal": 9}
    start = turn.supervisor.start_command(contender, service)
    stop = _run(turn.supervisor.stop_command(contender, service))
    end: Step = {"do": "end", "service": "s1", "deadline": patience}
    late = _mode(f"--ready-after {round(LATE * 1000)}")
    wait = _run(turn.supervisor.wait_ready_command(contender, service))
    # In the background: the command itself may wait for readiness.
    started = _run(f"({start}) >/dev/null 2>&1 &")
    yield Stage("before late", (stop, end, late, started))
    yield Stage("late", (wait, settle, _mode("")))
    yield Stage("ready", (kill, anew))
    yield Stage("before not ready", (settle, _mode("--ready never"), kill, anew, settle, _mode("")))
    yield Stage("not ready", (kill, anew))
    yield Stage("before never", (settle, stop, end, _mode("--ready never")))
    ends: Step = {"do": "end", "service": "s1", "deadline": NEVER}
    yield Stage("never", (started, back, read, _mode(""), ends))


def _run(command: str) -> Step:
    return {"do": "run", "command": command, "deadline": NEVER}


def _mode(text: str) -> Step:
    return {"do": "mode", "service": "s1", "text": text}


def _waits(found: StageEvents) -> Verdict:
    waited, told = found.first("ran"), found.first("ready")
    if waited is None or told is None:
        return Verdict(WAITS, "not measured", "The daemon never announced anything.")
    command, after = waited[1]["command"], seconds(told[1]["ready_ns"], waited[1]["end_ns"])
    pointers = (told[0], waited[0])
    if waited[1]["rc"] != 0:
        sentence = f"It failed, with exit code {waited[1]['rc']}: {command}."
        return Verdict(WAITS, "no", sentence, pointers)
    if after < 0:
        sentence = f"It returned {format_duration(-after)} before the daemon was ready: {command}."
        return Verdict(WAITS, "no", sentence, pointers)
    sentence = f"It returned {format_duration(after)} after the daemon announced it: {command}."
    return Verdict(WAITS, "yes", sentence, pointers)


def _restart(found: StageEvents) -> float | None:
    sent, up = found.first("signalled"), found.first("up")
    if sent is None or not sent[1]["pids"] or up is None:
        return None
    return seconds(sent[1]["begin_ns"], up[1]["main_ns"])


def _restarts(found: StageEvents, ready: StageEvents) -> Verdict:
    sent, up, down = found.first("signalled"), found.first("up"), found.first("down")
    if sent is None or not sent[1]["pids"]:
        return Verdict(RESTARTS, "not measured", "Nothing was killed.")
    took, usual = _restart(found), _restart(ready)
    if took is None or up is None:
        waited = format_duration(down[1]["deadline_s"]) if down else "the time given"
        seen = (sent[0], *((down[0],) if down else ()))
        return Verdict(RESTARTS, "no", f"It was not started again within {waited}.", seen)
    compared = (
        f", and after {format_duration(usual)} when it had been ready" if usual is not None else ""
    )
    sentence = f"Its successor ran after {format_duration(took)}{compared}."
    return Verdict(RESTARTS, "yes", sentence, (sent[0], up[0]))


def _ends(found: StageEvents) -> Verdict:
    asked, up, gone, alive = (found.first(name) for name in ("ran", "up", "gone", "alive"))
    if asked is None or up is None:
        return Verdict(ENDS, "not measured", "The daemon was not seen to start.")
    if gone is not None:
        took = format_duration(seconds(up[1]["main_ns"], gone[1]["seen_ns"]))
        return Verdict(ENDS, "yes", f"It was ended {took} after its start.", (up[0], gone[0]))
    if alive is None:
        return Verdict(ENDS, "not measured", "Its end was not waited for.", (up[0],))
    waited = format_duration(seconds(up[1]["main_ns"], alive[1]["ns"]))
    sentence = f"It still ran {waited} after its start."
    return Verdict(ENDS, "no", sentence, (up[0], alive[0]))


def _latency(name: str, found: StageEvents) -> Metric:
    took = _restart(found)
    if took is None:
        return Metric(name, "ms", status="not measured", note="no restart seen")
    return single(name, "ms", took * 1000)


SCENARIO = Readiness()
