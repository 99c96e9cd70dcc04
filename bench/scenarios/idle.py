"""Nothing happens, for a fixed window: what a supervisor does all the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from bench.model.scenario import (
    Answer,
    Event,
    SamplingEffort,
    Scenario,
    ScenarioContext,
    Step,
    Verdict,
    WorkUnit,
)
from bench.model.stages import Stage, StageEvents, deadline, run_stages, seconds, stage_events
from bench.model.statistics import Metric, single
from supervisors.contender import Contender

WINDOW, WINDOW_QUICK = 50.0, 15.0
BEHAVIOUR = "sleeps"
# Wakeups a second. Not 1: whoever looks every second would be on either side of that by chance.
OFTEN = 0.5


class Idle(Scenario):
    """Wakeups cost battery and company; a supervisor that is told of ends needs none."""

    name = "idle"
    title = "wakeups while nothing happens"
    rank = 5

    def work_units(self, contender: Contender, depth: SamplingEffort) -> list[WorkUnit]:
        # Two looks of a poller at least, so that its rhythm is in the window.
        window = max(WINDOW, 2.05 * (contender.period or 0.0))
        if depth.budget is not None:
            window = min(window, WINDOW_QUICK)
        return [
            WorkUnit(self.name, window + 7, trials=1, work={"window": window}, min_seconds=window)
        ]

    def perform(self, turn: ScenarioContext, share: WorkUnit) -> list[Event]:
        window = share.work["window"]
        patience = deadline(turn.contender)
        settle: Step = {"do": "sleep", "seconds": turn.contender.settled_uptime}
        before = Stage(
            "before",
            (
                {"do": "await", "services": ["s1"], "deadline": patience},
                settle,
                {"do": "cpu_mark", "label": "idle", **turn.tree},
            ),
        )
        idle = Stage(
            "idle", (settle, {"do": "cpu", "label": "idle", "window": window, **turn.tree})
        )
        played = run_stages(turn, [before], patience + 60)
        with turn.guest.count_syscalls(_tree(played)) as calls:
            played += run_stages(turn, [idle], window + 60)
        return [*played, {"act": "idle", "event": "syscalls", **asdict(calls)}]

    def conclude(self, contender: Contender, samples: Sequence[Event]) -> list[Metric]:
        found = stage_events(samples, "idle").first("cpu")
        if found is None:
            return [Metric("wakeups", "/s", status="not measured", note="no window was watched")]
        event = found[1]
        length = seconds(event["begin_ns"], event["end_ns"])
        note = f"over {length:.0f} s"
        return [
            single("wakeups", "/s", event["total"]["voluntary"] / length, note=note),
            single("idle_cpu", "us/s", event["total"]["cpu_ns"] / 1e3 / length, note=note),
            _syscalls(stage_events(samples, "idle")),
        ]

    def judge(self, contender: Contender, samples: Sequence[Event]) -> list[Verdict]:
        found = stage_events(samples, "idle").first("cpu")
        if found is None:
            return [Verdict(BEHAVIOUR, "not measured", "No window was watched.")]
        number, event = found
        length = seconds(event["begin_ns"], event["end_ns"])
        if contender.period is not None and length < contender.period:
            sentence = f"{length:.0f} s are shorter than its own {contender.period:g} s."
            return [Verdict(BEHAVIOUR, "not measured", sentence, (number,))]
        woken = event["total"]["voluntary"]
        spent = event["total"]["cpu_ns"] / 1e6
        sentence = (
            f"{woken} wakeups and {spent:.1f} ms of CPU time in {length:.0f} s,"
            f" {woken / length:.2f} a second (none: yes, fewer than {OFTEN:g}: partly)."
        )
        answer: Answer = "no" if woken >= OFTEN * length else "partly" if woken else "yes"
        return [Verdict(BEHAVIOUR, answer, sentence, (number,))]


def _tree(played: Sequence[Event]) -> list[int]:
    """The pids of the supervision tree, as it was last marked."""
    marks = [event for event in played if event["event"] == "cpu_mark"]
    return [process["pid"] for process in marks[-1]["processes"]] if marks else []


def _syscalls(found: StageEvents) -> Metric:
    counted = found.first("syscalls")
    if counted is None or counted[1]["count"] is None:
        why = counted[1]["why"] if counted else "they were not counted"
        return Metric("syscalls", "/s", status="not measured", note=why)
    length = counted[1]["ns"] / 1e9
    return single("syscalls", "/s", counted[1]["count"] / length, note=f"over {length:.0f} s")


SCENARIO = Idle()
