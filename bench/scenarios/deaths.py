"""Every way in which a daemon ends, and whether it is started again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

from bench.model.evidence import rationed
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

# How a daemon ends by itself: options of testd. And what is sent to it from outside.
INSIDE = {
    "exit 0": "--exit-code 0",
    "exit 1": "--exit-code 1",
    "SIGSEGV": "--exit-signal 11",
}
OUTSIDE = {"SIGTERM": 15, "SIGKILL": 9}
MEMORY = "memory limit"
ALLOCATED, ROOM = 256, 64  # MiB: what the daemon takes, and what its group has left for it
_BEFORE_LIMIT = 8.0  # s between its start and its allocation, in which the limit is set
_READ = {"do": "watch", "seconds": 0.3}  # the daemon has read its mode file by then


class Deaths(Scenario):
    """One death of each kind, every one after an uptime at which nothing is held back."""

    name = "deaths"
    title = "kinds of death"
    rank = 3
    quiet: ClassVar[bool] = True

    def work_units(self, contender: Contender, depth: SamplingEffort) -> list[WorkUnit]:
        deaths = len(INSIDE) + len(OUTSIDE) + 2
        each = _uptime(contender) + (contender.period or 0.0) + 1
        expected = deaths * each + _BEFORE_LIMIT
        if depth.budget is not None and expected > 4 * depth.budget:
            return []
        # Its eight starts are nearly all that such a guest may see.
        return [WorkUnit(self.name, seconds=expected, trials=1, own_guest=rationed(contender))]

    def perform(self, turn: ScenarioContext, share: WorkUnit) -> list[Event]:
        acts = list(_acts(turn))
        limit = len(acts) * (2 * deadline(turn.contender) + _uptime(turn.contender)) + 60
        return run_stages(turn, acts, limit) + list(_memory(turn))

    def conclude(self, contender: Contender, samples: Sequence[Event]) -> list[Metric]:
        return [
            _latency(death, stage_events(samples, death)) for death in (*OUTSIDE, *INSIDE, MEMORY)
        ]

    def judge(self, contender: Contender, samples: Sequence[Event]) -> list[Verdict]:
        plain = [_verdict(death, stage_events(samples, death)) for death in (*INSIDE, *OUTSIDE)]
        return [*plain, _memory_verdict(stage_events(samples, MEMORY))]


def _uptime(contender: Contender) -> float:
    return contender.settled_uptime + 1.0


def _acts(turn: ScenarioContext) -> Iterator[Stage]:
    """Deaths from outside first; each life is told before it starts how it is to end."""
    uptime = _uptime(turn.contender)
    lived: Step = {"do": "watch", "seconds": uptime}
    yield Stage("before", (_back(turn, fresh=False), lived))
    yield Stage("SIGTERM", (_signal(15), _back(turn), lived))
    inside = list(INSIDE)
    yield Stage("SIGKILL", (_mode(turn, inside[0]), _signal(9), _back(turn), _READ))
    for death, following in zip(inside, [*inside[1:], ""], strict=True):
        yield Stage(death, (_mode(turn, following), _back(turn, after=uptime), _READ))


def _signal(number: int) -> Step:
    return {"do": "signal", "target": "service:s1", "signal": number}


def _mode(turn: ScenarioContext, death: str) -> Step:
    milliseconds = round(_uptime(turn.contender) * 1000)
    text = f"--exit-after {milliseconds} {INSIDE[death]}" if death else ""
    return {"do": "mode", "service": "s1", "text": text}


def _back(turn: ScenarioContext, *, fresh: bool = True, after: float = 0.0) -> Step:
    """Wait for the service, and ask for it if the supervisor has given it up."""
    return {
        "do": "await",
        "services": ["s1"],
        "deadline": deadline(turn.contender) + after,
        "fresh": fresh,
        "otherwise": turn.supervisor.start_command(turn.contender, turn.services[0]),
    }


def _memory(turn: ScenarioContext) -> Iterator[Event]:
    """The limit is set from the host, while the daemon waits to take more than that."""
    patience = deadline(turn.contender)
    mode = f"--allocate {ALLOCATED} --allocate-after {round(_BEFORE_LIMIT * 1000)}"
    greedy: Step = {"do": "mode", "service": "s1", "text": mode}
    modest: Step = {"do": "mode", "service": "s1", "text": ""}
    ready = Stage("before memory limit", (greedy, _signal(9), _back(turn), _READ, modest))
    begun = run_stages(turn, [ready], 2 * patience + 60)
    yield from begun
    up = [event for event in begun if event["event"] == "up"]
    group = turn.guest.memory_group(up[-1]["pid"]) if up else None
    if group is None:
        yield {"act": MEMORY, "event": "no limit", "pid": up[-1]["pid"] if up else None}
        return
    size = group.usage() + (ROOM << 20)
    with group.limited(size) as tally:
        yield from run_stages(
            turn, [Stage(MEMORY, (_back(turn, after=_BEFORE_LIMIT),))], 2 * patience + 60
        )
    yield {"act": MEMORY, "event": "memory", "cgroup": group.version, "limit_bytes": size,
           "allocated_mib": ALLOCATED, "kills": tally.kills}  # fmt: skip


def _end_ns(found: StageEvents) -> tuple[int, int] | None:
    """When the life ended, by the best stamp there is, and the number of the sample that says so.

    A death from outside begins with the signal, one from inside with the daemon's last word.
    """
    for name, stamp in (("signalled", "begin_ns"), ("exit", "exit_ns"), ("gone", "seen_ns")):
        event = found.first(name)
        # A signal that found nobody ended nothing.
        if event is not None and event[1].get("pids") != []:
            return event[1][stamp], event[0]
    return None


def _verdict(death: str, found: StageEvents) -> Verdict:
    end = _end_ns(found)
    if end is None:
        return Verdict(death, "not measured", "The daemon was not seen to end.")
    down = found.first("down")
    if down is not None:
        waited = seconds(end[0], down[1]["ns"])
        sentence = f"It was not started again within {format_duration(waited)}."
        return Verdict(death, "no", sentence, (end[1], down[0]))
    up = found.first("up")
    if up is None:
        return Verdict(death, "not measured", "Nothing was seen after its end.", (end[1],))
    latency = seconds(end[0], up[1]["main_ns"])
    return Verdict(
        death, "yes", f"Its successor ran after {format_duration(latency)}.", (end[1], up[0])
    )


def _memory_verdict(found: StageEvents) -> Verdict:
    if found.first("no limit"):
        sentence = "This provider's guests have no memory limit that the host could set."
        return Verdict(MEMORY, "not measured", sentence)
    limit = found.first("memory")
    if limit is None:
        return Verdict(MEMORY, "not measured", "No limit was set.")
    number, event = limit
    if not event["kills"]:
        sentence = "The kernel ended nothing: its counter did not rise."
        return Verdict(MEMORY, "not measured", sentence, (number,))
    made = _verdict(MEMORY, found)
    counted = f"cgroup {event['cgroup']}: the kernel's counter rose by {event['kills']}."
    return Verdict(MEMORY, made.answer, f"{made.sentence} {counted}", (*made.evidence, number))


def _latency(death: str, found: StageEvents) -> Metric:
    name = f"restart_after_{death.replace(' ', '_').lower()}"
    end, up = _end_ns(found), found.first("up")
    if end is None or up is None or found.first("down"):
        return Metric(name, "ms", status="not measured", note="no restart seen")
    return single(name, "ms", seconds(end[0], up[1]["main_ns"]) * 1000)


SCENARIO = Deaths()
