"""Every way in which a daemon ends, and whether it is started again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from signal import SIGTERM

from bench.model import steps
from bench.model.events import (
    DOWN,
    EXITED,
    GONE,
    MEMORY_LIMIT,
    NO_LIMIT,
    SIGNALLED,
    UP,
    Event,
    events_of_kind,
)
from bench.model.events.added import MemoryLimited, NoMemoryLimit
from bench.model.initial_state import FRESH
from bench.model.observation.evidence import Samples, number_samples, numbers
from bench.model.observation.timing import deadline, elapsed, format_elapsed, format_wait
from bench.model.scenario import SamplingEffort, Scenario, ScenarioContext, Verdict, WorkUnit
from bench.model.stages import Stage, run_stages
from bench.model.statistics import Metric, single_value
from supervisors.contender import Contender

# How a daemon ends by itself: options of testd.
INSIDE = {
    "exit 0": "--exit-code 0",
    "exit 1": "--exit-code 1",
    "SIGSEGV": "--exit-signal 11",
}
# How it is ended from outside: signals.
OUTSIDE = {"SIGTERM": 15, "SIGKILL": 9}
MEMORY = "memory limit"
ALLOCATED, ROOM = 256, 64  # MiB: what the daemon takes, and what its group may still take
_BEFORE_LIMIT = 8.0  # s between its start and its allocation, in which the limit is set
_READ = steps.watch(0.3)  # the daemon has read its mode file by then
# s: deaths that take longer are dealt to two guests.
_LONG = 100.0
# The deaths of two such guests: in the second, each life has its end set by the one before it.
_ENDED, _CHAIN = ("SIGTERM", MEMORY), ("SIGKILL", *INSIDE)


class Deaths(Scenario):
    """One death of each kind, every one after an uptime at which nothing is held back."""

    name = "deaths"
    title = "kinds of death"
    position = 3
    needs_quiet_host = True

    def work_units(self, contender: Contender, effort: SamplingEffort) -> list[WorkUnit]:
        both = (*_ENDED, *_CHAIN)
        expected = _expected_seconds(contender, both)
        if not effort.allows(expected, times=4):
            return []
        parts = [_CHAIN, _ENDED] if expected > _LONG else [both]
        return [
            WorkUnit(
                self.name,
                seconds=_expected_seconds(contender, deaths),
                trials=1,
                parameters=deaths,
                initial_state=FRESH,
            )
            for deaths in parts
        ]

    def perform(self, context: ScenarioContext, unit: WorkUnit) -> list[Event]:
        deaths = unit.parameters_as(tuple)
        stages = list(_stages(context, deaths))
        seconds_each = 2 * deadline(context.contender) + _uptime(context.contender)
        events = run_stages(context, stages, len(stages) * seconds_each + 60)
        return [*events, *(_reach_memory_limit(context) if MEMORY in deaths else ())]

    def conclude(self, contender: Contender, samples: Sequence[Event]) -> list[Metric]:
        numbered = number_samples(samples)
        deaths = (*OUTSIDE, *INSIDE, MEMORY)
        return [_latency(death, numbered.of_stage(death)) for death in deaths]

    def judge(self, contender: Contender, samples: Sequence[Event]) -> list[Verdict]:
        numbered = number_samples(samples)
        deaths = (*INSIDE, *OUTSIDE)
        verdicts = [_verdict(death, numbered.of_stage(death)) for death in deaths]
        return [*verdicts, _memory_verdict(numbered.of_stage(MEMORY))]


def _uptime(contender: Contender) -> float:
    return contender.settled_uptime + 1.0


def _expected_seconds(contender: Contender, deaths: Sequence[str]) -> float:
    """Return the seconds that a guest takes for those deaths.

    A poller's next look comes a period after the one before, whenever the daemon dies.
    """
    uptime = _uptime(contender)
    lives = [0.0 if death in ("SIGKILL", MEMORY) else uptime for death in deaths]
    if MEMORY in deaths:  # the limit is for a life that has to be started for it
        lives.append(_BEFORE_LIMIT)
    return uptime + sum(max(life, contender.period or 0.0) for life in lives)


def _stages(context: ScenarioContext, deaths: Sequence[str]) -> Iterator[Stage]:
    """Yield the deaths but that by memory; the mode of each life is set before it starts."""
    uptime = _uptime(context.contender)
    settle = steps.watch(uptime)
    wait, start = deadline(context.contender), _start_command(context)
    yield Stage("before", (steps.await_up(["s1"], wait, start), settle))
    if "SIGTERM" in deaths:
        terminate = steps.signal_service("s1", SIGTERM.value)
        yield Stage("SIGTERM", (terminate, _await_restart(context), settle))
    if "SIGKILL" in deaths:
        yield from _chain(context, uptime)


def _chain(context: ScenarioContext, uptime: float) -> Iterator[Stage]:
    """Yield the deaths of which each life has its own set by the one before it."""
    inside = list(INSIDE)
    first = _set_death(context, inside[0])
    yield Stage("SIGKILL", (first, steps.kill_service("s1"), _await_restart(context), _READ))
    for death, following in zip(inside, [*inside[1:], ""], strict=True):
        mode = _set_death(context, following)
        yield Stage(death, (mode, _await_restart(context, after=uptime), _READ))


def _set_death(context: ScenarioContext, death: str) -> steps.SetModeStep:
    """Set how the next life ends by itself; "": it does not."""
    milliseconds = round(_uptime(context.contender) * 1000)
    options = f"--exit-after {milliseconds} {INSIDE[death]}" if death else ""
    return steps.set_mode("s1", options)


def _start_command(context: ScenarioContext) -> str:
    return context.supervisor.start_command(context.contender, context.services[0])


def _await_restart(context: ScenarioContext, *, after: float = 0.0) -> steps.AwaitUpStep:
    """Wait for the successor, and ask for it where the supervisor has given the service up.

    after: seconds until the daemon ends.
    """
    return steps.await_restart(
        ["s1"], deadline(context.contender) + after, otherwise=_start_command(context)
    )


def _reach_memory_limit(context: ScenarioContext) -> Iterator[Event]:
    """Set the limit from the host, while the daemon waits to take more than that."""
    timeout = 2 * deadline(context.contender) + 60
    greedy = f"--allocate {ALLOCATED} --allocate-after {round(_BEFORE_LIMIT * 1000)}"
    before = Stage(
        "before memory limit",
        (
            steps.set_mode("s1", greedy),
            steps.kill_service("s1"),
            _await_restart(context),
            _READ,
            steps.set_mode("s1", ""),
        ),
    )
    events = run_stages(context, [before], timeout)
    yield from events
    up = events_of_kind(events, UP)
    pid = up[-1]["pid"] if up else None
    group = context.guest.memory_group(pid) if pid is not None else None
    if group is None:
        no_limit: NoMemoryLimit = {"act": MEMORY, "event": "no limit", "pid": pid}
        yield no_limit
        return
    size = group.usage() + (ROOM << 20)
    with group.limited(size) as tally:
        death = Stage(MEMORY, (_await_restart(context, after=_BEFORE_LIMIT),))
        yield from run_stages(context, [death], timeout)
    limited: MemoryLimited = {
        "act": MEMORY, "event": "memory", "cgroup": group.version, "limit_bytes": size,
        "allocated_mib": ALLOCATED, "kills": tally.kills,
    }  # fmt: skip
    yield limited


def _end_of_life(stage: Samples) -> tuple[int, int] | None:
    """Return the best stamp of the end in ns, and the number of the sample that has it.

    A death from outside begins with the signal, one from inside with the daemon's own stamp.
    """
    signalled, exited, gone = stage.first(SIGNALLED), stage.first(EXITED), stage.first(GONE)
    # A signal that reached no process ended nothing.
    if signalled is not None and signalled.event["pids"]:
        return signalled.event["begin_ns"], signalled.number
    if exited is not None:
        return exited.event["exit_ns"], exited.number
    if gone is not None:
        return gone.event["seen_ns"], gone.number
    return None


def _verdict(death: str, stage: Samples) -> Verdict:
    end = _end_of_life(stage)
    if end is None:
        return Verdict(death, "not measured", "The daemon was not seen to end.")
    end_ns, number = end
    down, up = stage.first(DOWN), stage.first(UP)
    if down is not None:
        waited = format_elapsed(end_ns, down.event["ns"])
        sentence = f"It was not started again within {waited}."
        return Verdict(death, "no", sentence, (number, down.number))
    if up is None:
        return Verdict(death, "not measured", "Nothing was seen after its end.", (number,))
    sentence = f"Its successor ran {format_wait(elapsed(end_ns, up.event['main_ns']))}."
    return Verdict(death, "yes", sentence, (number, up.number))


def _memory_verdict(stage: Samples) -> Verdict:
    if stage.first(NO_LIMIT):
        sentence = "This provider's guests have no memory limit that the host could set."
        return Verdict(MEMORY, "not measured", sentence)
    limit = stage.first(MEMORY_LIMIT)
    if limit is None:
        return Verdict(MEMORY, "not measured", "No limit was set.")
    kills = limit.event["kills"]
    if not kills:
        sentence = "The kernel ended nothing: its counter did not rise."
        return Verdict(MEMORY, "not measured", sentence, numbers(limit))
    verdict = _verdict(MEMORY, stage)
    counter = f"cgroup {limit.event['cgroup']}: the kernel's counter rose by {kills}."
    evidence = (*verdict.evidence, limit.number)
    return Verdict(MEMORY, verdict.answer, f"{verdict.sentence} {counter}", evidence)


def _latency(death: str, stage: Samples) -> Metric:
    name = f"restart_after_{death.replace(' ', '_').lower()}"
    end, up = _end_of_life(stage), stage.first(UP)
    if end is None or up is None or stage.first(DOWN):
        return Metric(name, "ms", status="not measured", note="no restart seen")
    return single_value(name, "ms", elapsed(end[0], up.event["main_ns"]) * 1000)


SCENARIO = Deaths()
