"""Services are added, changed and removed beside one that is not to be touched."""

from __future__ import annotations

from collections.abc import Sequence
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
from supervisors.contender import Contender
from supervisors.service import Service, services_of

# What the changed service's command line has more than before; it changes nothing else.
OPTION = ("--ready-after", "1")
ADDS, CHANGES, REMOVES, SPARES = (
    "takes up an added one",
    "takes up a changed one",
    "lets go of a removed one",
    "leaves the others alone",
)
_COMMAND = 60.0  # s that any command may take


class Reload(Scenario):
    """The article's "reload of watched services"."""

    name = "reload"
    title = "services added, changed, removed"
    rank = 7

    def work_units(self, contender: Contender, depth: SamplingEffort) -> list[WorkUnit]:
        expected = 3 * deadline(contender) + 10
        if depth.budget is not None and expected > 4 * depth.budget:
            return []
        return [WorkUnit(self.name, seconds=expected, trials=1, own_guest=True)]

    def perform(self, turn: ScenarioContext, share: WorkUnit) -> list[Event]:
        every = services_of(turn.contender, 3)
        first, second, third = every
        changed = replace(second, options=OPTION)
        begin = run_stages(turn, [Stage("before", ({"do": "snapshot"},))], _COMMAND)
        turn.services = every
        return [
            *begin,
            *_added(turn, every),
            *_changed(turn, (first, changed, third)),
            *_removed(turn, third, (first, changed)),
        ]

    def conclude(self, contender: Contender, samples: Sequence[Event]) -> list[Metric]:
        took = _added_after(stage_events(samples, "added"))
        if took is None:
            return [Metric("reload_added", "s", status="not measured", note="not taken up")]
        return [single("reload_added", "s", took)]

    def judge(self, contender: Contender, samples: Sequence[Event]) -> list[Verdict]:
        added = stage_events(samples, "added")
        return [
            _adds(added),
            _changes(stage_events(samples, "changed"), stage_events(samples, "restarted")),
            _removes(stage_events(samples, "removed")),
            _spares(samples),
        ]


def _run(command: str) -> Step:
    return {"do": "run", "command": command, "deadline": _COMMAND}


def _reload(turn: ScenarioContext, kept: Sequence[Service]) -> list[Step]:
    command = turn.supervisor.reload_command(turn.contender, kept)
    return [] if command is None else [_run(command)]


def _patience(turn: ScenarioContext) -> float:
    return 4 * deadline(turn.contender) + 4 * _COMMAND


def _added(turn: ScenarioContext, kept: Sequence[Service]) -> list[Event]:
    turn.guest.write(turn.supervisor.files(turn.contender, kept))
    enables = [turn.supervisor.enable_command(turn.contender, each) for each in kept[1:]]
    names = [each.name for each in kept[1:]]
    up: Step = {"do": "await", "services": names, "deadline": deadline(turn.contender)}
    marked = [_run(command) for command in enables if command]
    steps = (*marked, *_reload(turn, kept), up, {"do": "watch", "seconds": 2.5})
    return run_stages(turn, [Stage("added", steps)], _patience(turn))


def _changed(turn: ScenarioContext, kept: Sequence[Service]) -> list[Event]:
    """The reload alone first; where that leaves the old one running, a stop and a start."""
    turn.guest.write(turn.supervisor.files(turn.contender, kept))
    service, patience = kept[1], deadline(turn.contender)
    anew: Step = {"do": "await", "services": [service.name], "deadline": patience, "fresh": True}
    settle: Step = {"do": "watch", "seconds": 2.5}
    alone = Stage("changed", (*_reload(turn, kept), anew, settle, {"do": "snapshot"}))
    played = run_stages(turn, [alone], _patience(turn))
    if _as_wanted(played, service):
        return [*played, {"act": "changed", "event": "in force", "service": service.name}]
    stop = _run(turn.supervisor.stop_command(turn.contender, service))
    start = _run(turn.supervisor.start_command(turn.contender, service))
    end: Step = {"do": "end", "service": service.name, "deadline": patience}
    up: Step = {**anew, "fresh": False}
    # god loses a start that is asked for while it has not seen the end of what it stopped.
    forced = Stage("restarted", (stop, end, settle, start, up, settle, {"do": "snapshot"}))
    played += run_stages(turn, [forced], _patience(turn))
    if _as_wanted(played, service):
        played.append({"act": "restarted", "event": "in force", "service": service.name})
    return played


def _as_wanted(played: Sequence[Event], service: Service) -> bool:
    """Whether the newest snapshot shows the changed service, and no old one."""
    last = [event for event in played if event["event"] == "processes"][-1]
    lines = [each["argv"] for each in last["processes"] if each["comm"] == "testd"]
    own = [line for line in lines if service.name in line]
    return len(own) == 1 and all(word in own[0] for word in OPTION)


def _removed(turn: ScenarioContext, service: Service, kept: Sequence[Service]) -> list[Event]:
    disable = _run(turn.supervisor.disable_command(turn.contender, service))
    patience = deadline(turn.contender)
    end: Step = {"do": "end", "service": service.name, "deadline": patience}
    stay: Step = {"do": "watch", "seconds": max(5.0, 1.1 * (turn.contender.period or 0.0))}
    seen: Step = {"do": "watch", "seconds": 0.2}
    steps = (seen, disable, *_reload(turn, kept), end, stay, {"do": "snapshot"})
    return run_stages(turn, [Stage("removed", steps)], _patience(turn))


def _command(found: StageEvents) -> str:
    """What was typed, in the order in which it was."""
    typed = [event["command"] for _, event in found.all("ran") if event["command"] != "true"]
    return (
        "; ".join("; ".join(each.splitlines()) for each in typed) or "nothing: it looks by itself"
    )


def _added_after(found: StageEvents) -> float | None:
    """Seconds from the last command's begin until both new services ran; None: they did not."""
    asked, ups = found.last("ran"), found.all("up")
    if asked is None or found.first("down") or not ups:
        return None
    return seconds(asked[1]["begin_ns"], max(event["main_ns"] for _, event in ups))


def _adds(found: StageEvents) -> Verdict:
    asked, took, down = found.last("ran"), _added_after(found), found.first("down")
    if asked is None:
        return Verdict(ADDS, "not measured", "No service was added.")
    if took is None:
        waited = format_duration(down[1]["deadline_s"]) if down else "the time given"
        seen = (asked[0], *((down[0],) if down else ()))
        return Verdict(ADDS, "no", f"Not within {waited}: {_command(found)}.", seen)
    ups = tuple(number for number, _ in found.all("up"))
    sentence = f"Two new ones ran after {format_duration(took)}: {_command(found)}."
    return Verdict(ADDS, "yes", sentence, (asked[0], *ups))


def _changes(found: StageEvents, forced: StageEvents) -> Verdict:
    asked = found.first("ran")
    if asked is None:
        return Verdict(CHANGES, "not measured", "No service was changed.")
    if found.first("in force"):
        up = found.first("up")
        took = (
            format_duration(seconds(asked[1]["begin_ns"], up[1]["main_ns"])) if up else "some time"
        )
        seen = (asked[0], *((up[0],) if up else ()))
        sentence = f"It ran as changed after {took}: {_command(found)}."
        return Verdict(CHANGES, "yes", sentence, seen)
    if not forced.first("in force"):
        seen = (asked[0], *(number for number, _ in forced.all("ran")))
        sentence = f"Neither by: {_command(found)}; nor by: {_command(forced)}."
        return Verdict(CHANGES, "no", sentence, seen)
    sentence = f"The old one runs on after: {_command(found)}; it took: {_command(forced)}."
    up = forced.first("up")
    return Verdict(CHANGES, "partly", sentence, (asked[0], *((up[0],) if up else ())))


def _removes(found: StageEvents) -> Verdict:
    asked, alive, gone = found.first("ran"), found.first("alive"), found.first("gone", service="s3")
    again = [each for each in found.all("start", service="s3") if gone and each[0] > gone[0]]
    if asked is None:
        return Verdict(REMOVES, "not measured", "No service was removed.")
    if alive is not None or gone is None:
        seen = (asked[0], *((alive[0],) if alive else ()))
        return Verdict(REMOVES, "no", f"It runs on after: {_command(found)}.", seen)
    if again:
        sentence = f"It ended, and was started again: {_command(found)}."
        return Verdict(REMOVES, "no", sentence, (asked[0], gone[0], again[0][0]))
    took = format_duration(seconds(asked[1]["begin_ns"], gone[1]["seen_ns"]))
    sentence = f"It ended after {took}, for good: {_command(found)}."
    return Verdict(REMOVES, "yes", sentence, (asked[0], gone[0]))


def _spares(samples: Sequence[Event]) -> Verdict:
    shots = [(number, each) for number, each in enumerate(samples) if each["event"] == "processes"]
    starts = [(number, _starts(each)) for number, each in shots]
    if len(starts) < 2:
        return Verdict(SPARES, "not measured", "Nothing happened beside the untouched service.")
    (first, before), (last, after) = starts[0], starts[-1]
    if after == before:
        sentence = "The untouched service was not started again throughout."
        return Verdict(SPARES, "yes", sentence, (first, last))
    ends = [
        number
        for number, each in enumerate(samples)
        if each["event"] in ("gone", "start") and each.get("service") == "s1"
    ]
    sentence = f"The untouched service was started {after - before} times more."
    return Verdict(SPARES, "no", sentence, tuple(ends[:4]) or (first, last))


def _starts(snapshot: Event) -> int:
    return next(int(each["starts"]) for each in snapshot["services"] if each["service"] == "s1")


SCENARIO = Reload()
