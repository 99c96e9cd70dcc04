"""A bad start, a long good life, and a bad time again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bench.model import steps
from bench.model.events import DOWN, SIGNALLED, UP, Event
from bench.model.initial_state import FRESH
from bench.model.observation.evidence import Samples, number_samples, numbers
from bench.model.observation.timing import deadline, elapsed, format_duration
from bench.model.scenario import SamplingEffort, Scenario, ScenarioContext, Verdict, WorkUnit
from bench.model.stages import Stage, run_stages
from bench.model.statistics import Metric, single_value
from supervisors.contender import Contender

BEHAVIOUR = "forgets a bad start"
# s of good life at least. Longer where the supervisor documents a longer memory.
GOOD_LIFE = 30.0
# Deaths in a row, where no limit of starts says how many there may be.
_DEATHS, _DEATHS_OF_SLOW_POLLER = 4, 1
_SLOW_PERIOD = 10.0  # s
_MOST_DEATHS = 10
# s: a monitor may wait for so long for the end of a start whose daemon has been killed meanwhile.
_START_WAIT = 35.0
# A restart has become later if it takes longer than twice the first one and so many s.
_NOISE = 0.5


class BackOff(Scenario):
    """Whether a long good life makes a supervisor forget the deaths before it."""

    name = "back-off"
    title = "deaths, a long good life, and deaths again"
    position = 5

    def work_units(self, contender: Contender, effort: SamplingEffort) -> list[WorkUnit]:
        period, good = contender.period or 0.0, _good_seconds(contender)
        # What a young daemon's end costs is at most what a settled one waits for.
        deaths = 2 * _deaths(contender) * (0.6 * period + min(contender.settled_uptime, 20.0) - 1)
        expected = good + contender.settled_uptime + deaths
        if not effort.allows(expected, times=4):
            return []
        return [WorkUnit(self.name, expected, trials=1, initial_state=FRESH, min_seconds=good)]

    def perform(self, context: ScenarioContext, unit: WorkUnit) -> list[Event]:
        contender = context.contender
        timeout = _good_seconds(contender) + 2 * _deaths(contender) * _patience(contender)
        return run_stages(context, list(_stages(contender)), timeout + 120)

    def conclude(self, contender: Contender, samples: Sequence[Event]) -> list[Metric]:
        numbered = number_samples(samples)
        first, second = (_delays(numbered.of_stage(name)) for name in ("first", "second"))
        return [
            _latency("backoff_worst", max(first, default=None)),
            _latency("backoff_after", second[0] if second else None),
        ]

    def judge(self, contender: Contender, samples: Sequence[Event]) -> list[Verdict]:
        numbered = number_samples(samples)
        return [_judge(contender, numbered.of_stage("first"), numbered.of_stage("second"))]


def _deaths(contender: Contender) -> int:
    """Return how many deaths in a row the supervisor takes by what is known of its limit."""
    if contender.start_limit is not None:
        return min(contender.start_limit.count - 2, _MOST_DEATHS)
    slow = (contender.period or 0.0) > _SLOW_PERIOD
    return _DEATHS_OF_SLOW_POLLER if slow else _DEATHS


def _good_seconds(contender: Contender) -> float:
    """Return the seconds of good life, beyond all that the supervisor is known to count over."""
    limit = contender.start_limit
    window = limit.seconds or 0.0 if limit else 0.0
    memory = max(window, contender.limit_pause, contender.settled_uptime)
    return max(GOOD_LIFE, 1.1 * memory + (contender.period or 0.0))


def _patience(contender: Contender) -> float:
    """Return the seconds after which a young daemon's successor does not come."""
    start = _START_WAIT if contender.role == "monitor" else 0.0
    return deadline(contender) + contender.settled_uptime + start


def _stages(contender: Contender) -> Iterator[Stage]:
    # Every daemon is killed as soon as it runs.
    wait = _patience(contender)
    death: tuple[steps.Step, ...] = (
        steps.kill_service("s1"), steps.await_restart(["s1"], wait),
    )  # fmt: skip
    deaths = death * _deaths(contender)
    settle = steps.watch(contender.settled_uptime)
    yield Stage("before", (steps.await_up(["s1"], wait), settle))
    yield Stage("first", deaths)
    yield Stage("good life", (steps.watch(_good_seconds(contender)),))
    yield Stage("second", deaths)


def _delays(stage: Samples) -> list[float]:
    """Return the seconds from each kill to the successor, up to the first that did not come."""
    delays: list[float] = []
    for kill, end in zip(stage.all(SIGNALLED), _ends(stage), strict=False):
        if end is None or not kill.event["pids"]:
            break
        delays.append(elapsed(kill.event["begin_ns"], end))
    return delays


def _ends(stage: Samples) -> list[int | None]:
    """Return the stamp of each successor in the order of the kills; None where none came."""
    ups = [(up.number, up.event["main_ns"]) for up in stage.all(UP)]
    downs = [(down.number, None) for down in stage.all(DOWN)]
    return [stamp for _, stamp in sorted([*ups, *downs], key=lambda item: item[0])]


def _latency(name: str, seconds: float | None) -> Metric:
    if seconds is None:
        return Metric(name, "ms", status="not measured", note="no restart seen")
    return single_value(name, "ms", seconds * 1000)


def _judge(contender: Contender, before: Samples, after: Samples) -> Verdict:
    deaths, first, second = _deaths(contender), _delays(before), _delays(after)
    evidence = numbers(before.all(SIGNALLED)[:1], after.all(SIGNALLED)[:1], after.first(DOWN))
    good = format_duration(_good_seconds(contender))
    if len(first) < deaths:
        sentence = f"It did not come back after death {len(first) + 1} of {deaths} in a row."
        return Verdict(BEHAVIOUR, "not measured", sentence, evidence)
    if not second:
        sentence = f"After {deaths} deaths and {good} of good life it did not come back from one."
        return Verdict(BEHAVIOUR, "no", sentence, evidence)
    if len(second) < deaths:
        sentence = (
            f"It gave up at death {len(second) + 1} after {good} of good life; {deaths} deaths in a"
            " row before that had not made it."
        )
        return Verdict(BEHAVIOUR, "no", sentence, evidence)
    worst, later = max(first), 2 * first[0] + _NOISE + (contender.period or 0.0)
    delays = f"{format_duration(first[0])} at the first death and up to {format_duration(worst)}"
    sentence = f"A restart took {delays} in a row of {deaths}"
    if contender.start_limit is None and worst <= later:
        sentence += ": there is no penalty to forget."
        return Verdict(BEHAVIOUR, "not applicable", sentence, evidence)
    sentence += f", and {format_duration(second[0])} after {good} of good life."
    return Verdict(BEHAVIOUR, "yes" if second[0] <= later else "no", sentence, evidence)


SCENARIO = BackOff()
