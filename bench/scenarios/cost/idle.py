"""Nothing happens, for a fixed window: what a supervisor does all the same."""

from __future__ import annotations

from collections.abc import Sequence

from bench.model import steps
from bench.model.events import CPU, CPU_MARK, SYSCALLS, Event, events_of_kind
from bench.model.events.added import SyscallsCounted
from bench.model.initial_state import FRESH
from bench.model.observation.evidence import Samples, number_samples
from bench.model.observation.timing import NS_PER_S, deadline, elapsed
from bench.model.scenario import (
    Answer,
    SamplingEffort,
    Scenario,
    ScenarioContext,
    Verdict,
    WorkUnit,
)
from bench.model.stages import Stage, run_stages
from bench.model.statistics import Metric, single_value
from supervisors.contender import Contender

WINDOW, WINDOW_QUICK = 50.0, 15.0  # s
BEHAVIOUR = "sleeps"
# Wakeups a second. Not 1: a supervisor that looks every second would be on either side by chance.
OFTEN = 0.5


class Idle(Scenario):
    """Wakeups cost power and disturb others; a supervisor that the kernel notifies needs none."""

    name = "idle"
    title = "wakeups while nothing happens"
    position = 5

    def work_units(self, contender: Contender, effort: SamplingEffort) -> list[WorkUnit]:
        # Two looks of a poller at least, so that its rhythm is in the window.
        window = max(WINDOW, 2.05 * (contender.period or 0.0))
        if effort.quick:
            window = min(window, WINDOW_QUICK)
        return [
            WorkUnit(
                self.name,
                window + 7,
                trials=1,
                parameters=window,
                initial_state=FRESH,
                min_seconds=window,
            )
        ]

    def perform(self, context: ScenarioContext, unit: WorkUnit) -> list[Event]:
        window, wait = unit.parameters_as(float), deadline(context.contender)
        settle = steps.sleep(context.contender.settled_uptime)
        before = Stage(
            "before",
            (steps.await_up(["s1"], wait), steps.mark_cpu(context.tree, "idle")),
        )
        idle = Stage("idle", (settle, steps.measure_cpu(window, context.tree, "idle")))
        events = run_stages(context, [before], wait + 60)
        with context.guest.count_syscalls(_tree_pids(events)) as calls:
            events += run_stages(context, [idle], window + 60)
        counted: SyscallsCounted = {
            "act": "idle", "event": "syscalls",
            "count": calls.count, "ns": calls.duration_ns, "why": calls.why_not,
        }  # fmt: skip
        return [*events, counted]

    def conclude(self, contender: Contender, samples: Sequence[Event]) -> list[Metric]:
        idle = number_samples(samples).of_stage("idle")
        window = idle.first(CPU)
        if window is None:
            return [Metric("wakeups", "/s", status="not measured", note="no window was watched")]
        used = window.event["total"]
        seconds = elapsed(window.event["begin_ns"], window.event["end_ns"])
        note = f"over {seconds:.0f} s"
        return [
            single_value("wakeups", "/s", used["voluntary"] / seconds, note=note),
            single_value("idle_cpu", "us/s", used["cpu_ns"] / 1e3 / seconds, note=note),
            _syscalls(idle),
        ]

    def judge(self, contender: Contender, samples: Sequence[Event]) -> list[Verdict]:
        window = number_samples(samples).of_stage("idle").first(CPU)
        if window is None:
            return [Verdict(BEHAVIOUR, "not measured", "No window was watched.")]
        evidence = (window.number,)
        seconds = elapsed(window.event["begin_ns"], window.event["end_ns"])
        if contender.period is not None and seconds < contender.period:
            sentence = f"{seconds:.0f} s are shorter than its own {contender.period:g} s."
            return [Verdict(BEHAVIOUR, "not measured", sentence, evidence)]
        wakeups = window.event["total"]["voluntary"]
        spent_ms = window.event["total"]["cpu_ns"] / 1e6
        sentence = (
            f"{wakeups} wakeups and {spent_ms:.1f} ms of CPU time in {seconds:.0f} s,"
            f" {wakeups / seconds:.2f} a second (none: yes, fewer than {OFTEN:g}: partly)."
        )
        answer: Answer = "no" if wakeups >= OFTEN * seconds else "partly" if wakeups else "yes"
        return [Verdict(BEHAVIOUR, answer, sentence, evidence)]


def _tree_pids(events: Sequence[Event]) -> list[int]:
    """Return the pids of the supervision tree, by its last CPU mark."""
    marks = events_of_kind(events, CPU_MARK)
    return [process["pid"] for process in marks[-1]["processes"]] if marks else []


def _syscalls(idle: Samples) -> Metric:
    counted = idle.first(SYSCALLS)
    if counted is None:
        return Metric("syscalls", "/s", status="not measured", note="they were not counted")
    count = counted.event["count"]
    if count is None:
        return Metric("syscalls", "/s", status="not measured", note=counted.event["why"])
    seconds = counted.event["ns"] / NS_PER_S
    return single_value("syscalls", "/s", count / seconds, note=f"over {seconds:.0f} s")


SCENARIO = Idle()
