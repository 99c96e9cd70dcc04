"""The daemon's program is gone for a while, as in the middle of an upgrade."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from bench.model import steps
from bench.model.comeback import judge_return, return_metric, seconds_to_return
from bench.model.events import RAN, SIGNALLED, Event
from bench.model.events.program import CommandRan
from bench.model.initial_state import FRESH
from bench.model.observation.evidence import Numbered, Samples, number_samples, numbers
from bench.model.observation.processes import cpu_of_stage
from bench.model.observation.timing import deadline, elapsed
from bench.model.scenario import SamplingEffort, Scenario, ScenarioContext, Verdict, WorkUnit
from bench.model.stages import Stage, run_stages
from bench.model.statistics import Metric, single_value
from supervisors.contender import Contender
from supervisors.service import TESTD_FOLDER

# s for which the program is gone at least; for a supervisor that leaves no time between two
# starts, fewer: it takes a whole processor meanwhile.
AWAY, AWAY_LOUD = 20.0, 8.0
# More processes in a second than this, on average, burden the machine.
OFTEN = 10.0
BEHAVIOURS = ("comes back with the program", "holds back meanwhile")
_BACK, _HOLDS = BEHAVIOURS
_PROGRAM = f"{TESTD_FOLDER}/testd"
_LOOKS = 40
# Pids below this one are not used again once the numbers have wrapped around (RESERVED_PIDS).
_FIRST_PID_AGAIN = 300
# Processes that each look itself starts: a shell and a sleep.
_OWN = 2
_MARGIN = 30.0


class Missing(Scenario):
    """Who tries on while the program is gone, at what cost, and who is back with it."""

    name = "missing"
    title = "a program that is gone for a while"
    position = 16

    def work_units(self, contender: Contender, effort: SamplingEffort) -> list[WorkUnit]:
        away = _away_seconds(contender)
        expected = away + contender.settled_uptime + (contender.period or 0.0) + 3
        if not effort.allows(expected + contender.limit_pause, times=4):
            return []
        return [
            WorkUnit(
                self.name,
                expected + contender.limit_pause,
                trials=1,
                initial_state=FRESH,
                loud=not contender.spaces_starts,
                min_seconds=away,
            )
        ]

    def perform(self, context: ScenarioContext, unit: WorkUnit) -> list[Event]:
        contender = context.contender
        timeout = _away_seconds(contender) + 4 * deadline(contender) + 2 * contender.limit_pause
        return run_stages(context, _stages(context), timeout + 120)

    def conclude(self, contender: Contender, samples: Sequence[Event]) -> list[Metric]:
        numbered = number_samples(samples)
        looks = numbered.of_stage("away").last(RAN)
        started = _count_processes(looks)
        if looks is None or started is None:
            return [Metric("missing_starts", "", status="not measured", note="not counted")]
        seconds = elapsed(looks.event["begin_ns"], looks.event["end_ns"])
        return [
            single_value("missing_starts", "", started, note=f"in {seconds:.0f} s"),
            single_value(
                "missing_cpu", "us/s", cpu_of_stage(numbered.of_stage("away")) / 1e3 / seconds
            ),
            return_metric("missing_back", [_seconds_to_return(numbered)]),
        ]

    def judge(self, contender: Contender, samples: Sequence[Event]) -> list[Verdict]:
        numbered = number_samples(samples)
        kill = numbered.of_stage("away").first(SIGNALLED)
        restored = numbered.of_stage("restored").first(RAN)
        if kill is None or not kill.event["pids"] or restored is None:
            sentence = "The daemon was never killed while its program was gone."
            return [Verdict(behaviour, "not measured", sentence) for behaviour in BEHAVIOURS]
        return [
            judge_return(_BACK, restored.event["begin_ns"], numbered.of_stage("back")),
            _judge_holding_back(numbered.of_stage("away").last(RAN)),
        ]


def _away_seconds(contender: Contender) -> float:
    """Return the seconds for which the program is gone: some looks or hold-offs at least."""
    least = AWAY if contender.spaces_starts else AWAY_LOUD
    return max(least, 2.2 * (contender.period or 0.0), 2 * contender.settled_uptime)


def _stages(context: ScenarioContext) -> list[Stage]:
    contender, wait = context.contender, deadline(context.contender)
    start = context.supervisor.start_command(contender, context.services[0])
    away = _away_seconds(contender)
    return [
        Stage("before", (steps.await_up(["s1"], wait), steps.watch(contender.settled_uptime))),
        Stage(
            "away",
            (
                steps.run_command(f"mv {_PROGRAM} {_PROGRAM}.away", _MARGIN),
                steps.mark_cpu(context.tree, "before"),
                steps.kill_service("s1"),
                steps.run_command(_look_command(away), 2 * away + _MARGIN),
                steps.mark_cpu(context.tree, "after"),
            ),
        ),
        Stage("restored", (steps.run_command(f"mv {_PROGRAM}.away {_PROGRAM}", _MARGIN),)),
        Stage("back", (steps.await_up(["s1"], wait + contender.limit_pause, otherwise=start),)),
    ]


def _look_command(seconds: float) -> str:
    """Print the largest pid that there may be, then the newest pid every now and then."""
    pause = seconds / _LOOKS
    return (
        "cat /proc/sys/kernel/pid_max;"
        f" for look in $(seq {_LOOKS + 1}); do sh -c 'echo $$'; sleep {pause:.2f}; done"
    )


def _count_processes(looks: Numbered[CommandRan] | None) -> int | None:
    """Return how many processes and threads others started between the looks, by their pids.

    The kernel numbers them in a row, and at the largest pid begins again.
    """
    words = looks.event["output"].split() if looks else []
    if len(words) < 3 or not all(word.isdigit() for word in words):
        return None
    largest, *pids = (int(word) for word in words)
    started = [
        later - earlier if later > earlier else later - earlier + largest - _FIRST_PID_AGAIN
        for earlier, later in pairwise(pids)
    ]
    return sum(max(0, number - _OWN) for number in started)


def _seconds_to_return(numbered: Samples) -> float | None:
    restored = numbered.of_stage("restored").first(RAN)
    if restored is None:
        return None
    return seconds_to_return(restored.event["begin_ns"], numbered.of_stage("back"))


def _judge_holding_back(looks: Numbered[CommandRan] | None) -> Verdict:
    started = _count_processes(looks)
    if looks is None or started is None:
        return Verdict(_HOLDS, "not measured", "The processes were not counted.", numbers(looks))
    seconds = elapsed(looks.event["begin_ns"], looks.event["end_ns"])
    rate = started / seconds
    sentence = (
        f"{started} processes were started in {seconds:.0f} s without the program,"
        f" {rate:.1f} a second (bound {OFTEN:g})."
    )
    return Verdict(_HOLDS, "yes" if rate <= OFTEN else "no", sentence, numbers(looks))


SCENARIO = Missing()
