"""A service is asked to stop: one that obeys, and one that ignores SIGTERM."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

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
from supervisors.contender import Contender

CHILDREN = 2
# Longer than any supervisor's documented patience with a service: systemd's is 90 s.
STUBBORN = 120.0
BEHAVIOURS = ("stays down", "starts again", "no stray child", "kills what ignores SIGTERM")


class Stop(Scenario):
    """What an operator's stop command does."""

    name = "stop"
    title = "asked to stop a service"
    rank = 6

    def work_units(self, contender: Contender, depth: SamplingEffort) -> list[WorkUnit]:
        look = contender.period or 0.0
        expected = _stay(contender) + STUBBORN + 3 * look + 2 * contender.settled_uptime + 6
        if depth.budget is not None and expected > 6 * depth.budget:
            return []
        return [WorkUnit(self.name, seconds=expected, trials=1, own_guest=True)]

    def perform(self, turn: ScenarioContext, share: WorkUnit) -> list[Event]:
        limit = 8 * deadline(turn.contender) + _stay(turn.contender) + 4 * STUBBORN
        return run_stages(turn, list(_acts(turn)), limit)

    def conclude(self, contender: Contender, samples: Sequence[Event]) -> list[Metric]:
        return [
            _took("stop", stage_events(samples, "stopped")),
            _took("stop_ignoring_term", stage_events(samples, "stubborn")),
        ]

    def judge(self, contender: Contender, samples: Sequence[Event]) -> list[Verdict]:
        stopped = stage_events(samples, "stopped")
        if stopped.first("ran") is None:
            sentence = "It was never asked to stop."
            return [Verdict(each, "not measured", sentence) for each in BEHAVIOURS]
        return [
            _stays_down(stopped),
            _starts_again(stage_events(samples, "started")),
            _no_stray(stopped),
            _kills(stage_events(samples, "stubborn")),
        ]


def _stay(contender: Contender) -> float:
    """How long a stopped service is watched for coming back."""
    return max(10.0, 1.1 * (contender.period or 0.0))


def _acts(turn: ScenarioContext) -> Iterator[Stage]:
    contender, service = turn.contender, turn.services[0]
    stop = turn.supervisor.stop_command(contender, service)
    start = turn.supervisor.start_command(contender, service)
    back: Step = {"do": "await", "services": ["s1"], "deadline": deadline(contender)}
    anew: Step = {**back, "fresh": True}
    settle: Step = {"do": "watch", "seconds": contender.settled_uptime}
    kill: Step = {"do": "signal", "target": "service:s1", "signal": 9}
    stopping: Step = {"do": "run", "command": stop, "deadline": STUBBORN}
    yield Stage("before", (back, settle, _mode(f"--children {CHILDREN}"), kill, anew, settle))
    yield Stage(
        "stopped",
        (
            _mode(""),
            {"do": "snapshot"},
            stopping,
            {"do": "end", "service": "s1", "deadline": deadline(contender)},
            {"do": "watch", "seconds": _stay(contender)},
            {"do": "snapshot"},
        ),
    )
    tidy: Step = {"do": "signal", "target": "comm:testd-child", "signal": 9}
    started: Step = {"do": "run", "command": start, "deadline": STUBBORN}
    # Not "anew": the command may not return before the service runs.
    yield Stage("started", (tidy, started, back, settle))
    yield Stage(
        "stubborn",
        (
            _mode("--ignore-term"),
            kill,
            anew,
            settle,
            _mode(""),
            stopping,
            {"do": "end", "service": "s1", "deadline": STUBBORN},
        ),
    )
    yield Stage("after", (kill,))


def _mode(text: str) -> Step:
    return {"do": "mode", "service": "s1", "text": text}


def _ended(found: StageEvents) -> tuple[int, Event] | None:
    """The end of the life that was asked to stop."""
    asked = found.first("ran")
    ends = [
        each for each in found.all("gone") if asked and each[1]["seen_ns"] > asked[1]["begin_ns"]
    ]
    return ends[0] if ends else None


def _took(name: str, found: StageEvents) -> Metric:
    asked, ended = found.first("ran"), _ended(found)
    if asked is None or ended is None:
        return Metric(name, "ms", status="not measured", note="no end seen")
    return single(name, "ms", seconds(asked[1]["begin_ns"], ended[1]["seen_ns"]) * 1000)


def _stays_down(found: StageEvents) -> Verdict:
    behaviour = BEHAVIOURS[0]
    asked, ended, alive = found.first("ran"), _ended(found), found.first("alive")
    assert asked is not None
    by = asked[1]["command"]
    if ended is None:
        seen = (alive[0],) if alive else ()
        return Verdict(behaviour, "no", f"It did not end when asked by: {by}.", (asked[0], *seen))
    took = format_duration(seconds(asked[1]["begin_ns"], ended[1]["seen_ns"]))
    again = [each for each in found.all("start") if each[1]["main_ns"] > ended[1]["seen_ns"]]
    if again:
        after = format_duration(seconds(ended[1]["seen_ns"], again[0][1]["main_ns"]))
        sentence = f"It ended {took} after being asked by: {by}; it was back {after} later."
        return Verdict(behaviour, "no", sentence, (asked[0], ended[0], again[0][0]))
    last = found.last("processes")
    watched = seconds(ended[1]["seen_ns"], last[1]["ns"]) if last else 0.0
    sentence = (
        f"It ended {took} after being asked, and stayed down for {format_duration(watched)}: {by}."
    )
    return Verdict(behaviour, "yes", sentence, (asked[0], ended[0]))


def _starts_again(found: StageEvents) -> Verdict:
    behaviour = BEHAVIOURS[1]
    asked, up, down = found.first("ran"), found.first("up"), found.first("down")
    if asked is None:
        return Verdict(behaviour, "not measured", "It was never asked to start.")
    if up is not None and up[1]["main_ns"] < asked[1]["begin_ns"]:
        sentence = "It ran already when it was asked to."
        return Verdict(behaviour, "not measured", sentence, (asked[0], up[0]))
    if up is None:
        waited = format_duration(down[1]["deadline_s"]) if down else "the time given"
        sentence = f"It did not run within {waited} of: {asked[1]['command']}."
        return Verdict(behaviour, "no", sentence, (asked[0], *((down[0],) if down else ())))
    took = format_duration(seconds(asked[1]["begin_ns"], up[1]["main_ns"]))
    sentence = f"It ran {took} after being asked by: {asked[1]['command']}."
    return Verdict(behaviour, "yes", sentence, (asked[0], up[0]))


def _children(snapshot: Event) -> int:
    return sum(
        1
        for each in snapshot["processes"]
        if each["comm"] == "testd-child" and each["state"] != "Z"
    )


def _no_stray(found: StageEvents) -> Verdict:
    behaviour = BEHAVIOURS[2]
    snapshots = found.all("processes")
    had = _children(snapshots[0][1]) if snapshots else 0
    if len(snapshots) < 2 or not had:
        return Verdict(behaviour, "not measured", "The daemon had no children when it was stopped.")
    if _ended(found) is None:
        return Verdict(behaviour, "not measured", "The daemon itself did not stop.")
    left = _children(snapshots[-1][1])
    sentence = f"{left} of the daemon's {had} children ran on after it was stopped."
    pointers = (snapshots[0][0], snapshots[-1][0])
    return Verdict(
        behaviour, "no" if left == had else "partly" if left else "yes", sentence, pointers
    )


def _kills(found: StageEvents) -> Verdict:
    behaviour = BEHAVIOURS[3]
    asked, ended, alive = found.first("ran"), _ended(found), found.first("alive")
    if asked is None:
        return Verdict(behaviour, "not measured", "It was never asked to stop.")
    if ended is not None:
        took = format_duration(seconds(asked[1]["begin_ns"], ended[1]["seen_ns"]))
        sentence = f"It ended {took} after being asked by: {asked[1]['command']}."
        return Verdict(behaviour, "yes", sentence, (asked[0], ended[0]))
    if alive is None:
        return Verdict(behaviour, "not measured", "Its end was not waited for.", (asked[0],))
    waited = format_duration(seconds(asked[1]["begin_ns"], alive[1]["ns"]))
    sentence = f"It still ran {waited} after being asked by: {asked[1]['command']}."
    return Verdict(behaviour, "no", sentence, (asked[0], alive[0]))


SCENARIO = Stop()
