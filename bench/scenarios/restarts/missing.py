"""The daemon's program, or its folder, is gone for a while, as in the middle of an upgrade."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from bench.model import steps
from bench.model.events import RAN, SIGNALLED, Event
from bench.model.initial_state import FRESH
from bench.model.observation.comeback import judge_return, return_metric, seconds_to_return
from bench.model.observation.evidence import Samples, number_samples, numbers
from bench.model.observation.processes import cpu_of_stage
from bench.model.observation.timing import deadline, elapsed
from bench.model.scenario import SamplingEffort, Scenario, ScenarioContext, Verdict, WorkUnit
from bench.model.stages import Stage, run_stages
from bench.model.statistics import Metric, single_value
from provision.errors.text import count_words
from supervisors.contender import Contender
from supervisors.service import TESTD_FOLDER

# s for which the program is gone at least; for a supervisor that leaves no time between two
# starts, fewer: it takes a whole processor meanwhile.
AWAY, AWAY_LOUD = 20.0, 8.0
# More processes in a second than this, on average, burden the machine.
OFTEN = 10.0
_LOOKS = 40
# Pids below this one are not used again once the numbers have wrapped around (RESERVED_PIDS).
_FIRST_PID_AGAIN = 300
# Prints its own pid, the newest one.
_LOOK = "sh -c 'echo $$'"
# Processes that belong to a look: itself, and the sleep or the shell before it.
_OWN = 2
_MARGIN = 30.0
_STAGES = ("before", "away", "restored", "back")


@dataclass(frozen=True)
class Loss:
    """What is gone, one case a guest, and what its results are called."""

    # Absolute path in the guest.
    path: str
    # Begins the names of the case's stages, so that the cases can be told apart.
    stage_prefix: str
    # Begins the names of its figures.
    metric_prefix: str
    # Its columns of the behaviour matrix.
    comes_back: str
    holds_back: str

    @property
    def behaviours(self) -> tuple[str, str]:
        """Both columns."""
        return self.comes_back, self.holds_back

    def stage(self, samples: Samples, *names: str) -> Samples:
        """Return the samples of some of the case's stages, of those in `_STAGES`."""
        return samples.of_stage(*(self.stage_prefix + name for name in names))

    def was_run(self, samples: Samples) -> bool:
        """Tell whether there are samples of the case: an older run had the program's alone."""
        return bool(self.stage(samples, *_STAGES))


PROGRAM = Loss(
    f"{TESTD_FOLDER}/testd",
    "",
    "missing",
    "comes back with the program",
    "holds back meanwhile",
)
FOLDER = Loss(
    TESTD_FOLDER,
    "folder ",
    "missing_folder",
    "comes back with the folder",
    "holds back without the folder",
)
CASES = (PROGRAM, FOLDER)


class Missing(Scenario):
    """Who tries on while the program is gone, at what cost, and who is back with it."""

    name = "missing"
    title = "a program, or its folder, that is gone for a while"
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
                parameters=loss,
                initial_state=FRESH,
                loud=not contender.spaces_starts,
                min_seconds=away,
            )
            for loss in CASES
        ]

    def perform(self, context: ScenarioContext, unit: WorkUnit) -> list[Event]:
        contender = context.contender
        timeout = _away_seconds(contender) + 4 * deadline(contender) + 2 * contender.limit_pause
        return run_stages(context, _stages(context, unit.parameters_as(Loss)), timeout + 120)

    def conclude(self, contender: Contender, samples: Sequence[Event]) -> list[Metric]:
        numbered = number_samples(samples)
        return [metric for loss in CASES for metric in _figures(loss, numbered)]

    def judge(self, contender: Contender, samples: Sequence[Event]) -> list[Verdict]:
        numbered = number_samples(samples)
        return [verdict for loss in CASES for verdict in _judge(loss, numbered)]


def _figures(loss: Loss, samples: Samples) -> list[Metric]:
    if not loss.was_run(samples):
        return []
    away = loss.stage(samples, "away")
    looks, started = away.last(RAN), _count_processes(away)
    prefix = loss.metric_prefix
    if looks is None or started is None:
        return [Metric(f"{prefix}_starts", "", status="not measured", note="not counted")]
    seconds = elapsed(looks.event["begin_ns"], looks.event["end_ns"])
    return [
        single_value(f"{prefix}_starts", "", started, note=f"in {seconds:.0f} s"),
        single_value(f"{prefix}_cpu", "us/s", cpu_of_stage(away) / 1e3 / seconds),
        return_metric(f"{prefix}_back", [_seconds_to_return(loss, samples)]),
    ]


def _judge(loss: Loss, samples: Samples) -> list[Verdict]:
    if not loss.was_run(samples):
        return []
    away = loss.stage(samples, "away")
    kill = away.first(SIGNALLED)
    restored = loss.stage(samples, "restored").first(RAN)
    if kill is None or not kill.event["pids"] or restored is None:
        sentence = "The daemon was never killed while its program was gone."
        return [Verdict(behaviour, "not measured", sentence) for behaviour in loss.behaviours]
    back = loss.stage(samples, "back")
    return [
        judge_return(loss.comes_back, restored.event["begin_ns"], back),
        _judge_holding_back(loss, away),
    ]


def _away_seconds(contender: Contender) -> float:
    """Return the seconds for which the program is gone: some looks or hold-offs at least."""
    least = AWAY if contender.spaces_starts else AWAY_LOUD
    return max(least, 2.2 * (contender.period or 0.0), 2 * contender.settled_uptime)


def _stages(context: ScenarioContext, loss: Loss) -> list[Stage]:
    contender, wait = context.contender, deadline(context.contender)
    start = context.supervisor.start_command(contender, context.services[0])
    away = _away_seconds(contender)
    before, gone, restored, back = (loss.stage_prefix + name for name in _STAGES)
    return [
        Stage(before, (steps.await_up(["s1"], wait), steps.watch(contender.settled_uptime))),
        Stage(
            gone,
            (
                steps.run_command(f"mv {loss.path} {loss.path}.away", _MARGIN),
                steps.mark_cpu(context.tree, "before"),
                # Before the kill: some give up within milliseconds.
                steps.run_command(f"cat /proc/sys/kernel/pid_max; {_LOOK}; :", _MARGIN),
                steps.kill_service("s1"),
                steps.run_command(_look_command(away), 2 * away + _MARGIN),
                steps.mark_cpu(context.tree, "after"),
            ),
        ),
        Stage(restored, (steps.run_command(f"mv {loss.path}.away {loss.path}", _MARGIN),)),
        Stage(back, (steps.await_up(["s1"], wait + contender.limit_pause, otherwise=start),)),
    ]


def _look_command(seconds: float) -> str:
    """Print the newest pid every now and then."""
    pause = seconds / _LOOKS
    look = f"{_LOOK}; sleep {pause:.2f}; look=$((look + 1))"
    return f"look=0; while [ $look -le {_LOOKS} ]; do {look}; done"


def _count_processes(away: Samples) -> int | None:
    """Return how many processes and threads others started between the looks, by their pids.

    The kernel numbers them in a row, and at the largest pid begins again.
    """
    words = " ".join(ran.event["output"] for ran in away.all(RAN)).split()
    if len(words) < 3 or not all(word.isdigit() for word in words):
        return None
    largest, *pids = (int(word) for word in words)
    started = [
        later - earlier if later > earlier else later - earlier + largest - _FIRST_PID_AGAIN
        for earlier, later in pairwise(pids)
    ]
    return sum(max(0, number - _OWN) for number in started)


def _seconds_to_return(loss: Loss, samples: Samples) -> float | None:
    restored = loss.stage(samples, "restored").first(RAN)
    if restored is None:
        return None
    return seconds_to_return(restored.event["begin_ns"], loss.stage(samples, "back"))


def _judge_holding_back(loss: Loss, away: Samples) -> Verdict:
    behaviour, looks, started = loss.holds_back, away.last(RAN), _count_processes(away)
    if looks is None or started is None:
        return Verdict(behaviour, "not measured", "The processes were not counted.", numbers(looks))
    seconds = elapsed(looks.event["begin_ns"], looks.event["end_ns"])
    rate = started / seconds
    sentence = (
        f"{count_words(started, 'process', 'processes')} started in {seconds:.0f} s without the"
        f" program, {rate:.1f} a second (bound {OFTEN:g})."
    )
    return Verdict(behaviour, "yes" if rate <= OFTEN else "no", sentence, numbers(looks))


SCENARIO = Missing()
