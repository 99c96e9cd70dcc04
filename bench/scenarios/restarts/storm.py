"""All services killed at once."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from bench.model import steps
from bench.model.events import DOWN, SNAPSHOT, STORM, Event
from bench.model.events.program import StormEnded
from bench.model.initial_state import FRESH
from bench.model.observation.evidence import Samples, number_samples, numbers
from bench.model.observation.processes import daemons
from bench.model.observation.timing import (
    NS_PER_MS,
    NS_PER_S,
    deadline,
    format_duration,
    start_spacing,
)
from bench.model.scenario import SamplingEffort, Scenario, ScenarioContext, Verdict, WorkUnit
from bench.model.statistics import Metric, summarize
from provision.errors.text import count_words
from provision.guests.limit_class import LARGE
from supervisors.contender import Contender

SIZES = (10, 100)
SIZES_QUICK = (10,)
ROUNDS, ROUNDS_OF_SLOW = 3, 1
# s. A poller with a longer period has its services killed once for each size.
SLOW = 10.0
# s for which a storm has the host for itself, at most.
LONGEST_ALONE = 15.0
# s that one of many services takes until it is back: two processors start them one after the other.
_SECONDS_OF_ONE = 0.036
_KEPT = frozenset({STORM.name, DOWN.name, SNAPSHOT.name})


@dataclass(frozen=True)
class StormRounds:
    """Numbers of services that are killed at once, each so many times."""

    sizes: tuple[int, ...]
    rounds: int
    seed: int


class Storm(Scenario):
    """Whether all come back, how fast, and in which order."""

    name = "storm"
    title = "all services killed at once"
    position = 10

    def work_units(self, contender: Contender, effort: SamplingEffort) -> list[WorkUnit]:
        period = contender.period or 0.0
        if not effort.allows(2 * period):
            return []
        sizes = SIZES_QUICK if effort.quick else SIZES
        rounds = ROUNDS_OF_SLOW if _is_slow(contender) else ROUNDS
        round_seconds = start_spacing(contender) + 1 + 1.5 * period
        seconds = len(sizes) * (9 + 0.7 * period + 0.7 * rounds * round_seconds)
        parameters = StormRounds(sizes, rounds, effort.seed)
        return [
            WorkUnit(
                self.name,
                seconds,
                trials=1,
                parameters=parameters,
                initial_state=FRESH,
                limit_class=LARGE,
                alone_seconds=0.0 if _is_slow(contender) else rounds * sum(sizes) * _SECONDS_OF_ONE,
            )
        ]

    def perform(self, context: ScenarioContext, unit: WorkUnit) -> list[Event]:
        parameters = unit.parameters_as(StormRounds)
        generator = random.Random(f"{parameters.seed} {context.contender.name}")
        events: list[Event] = []
        for size in parameters.sizes:
            context.keep_services(size)
            events += _storms(context, parameters.rounds, generator)
        return events

    def conclude(self, contender: Contender, samples: Sequence[Event]) -> list[Metric]:
        numbered = number_samples(samples)
        return [_metric(size, numbered) for size in _sizes(samples)]

    def judge(self, contender: Contender, samples: Sequence[Event]) -> list[Verdict]:
        numbered = number_samples(samples)
        return [_verdict(size, numbered) for size in _sizes(samples)]


def _storms(context: ScenarioContext, rounds: int, generator: random.Random) -> list[Event]:
    """Kill the services that the supervisor keeps now, some times."""
    contender, names = context.contender, [service.name for service in context.services]
    wait = deadline(contender, len(names)) + (contender.period or 0.0)
    events: list[Event] = []
    for _ in range(rounds):
        # Anywhere in a poller's period.
        rest = start_spacing(contender) + generator.random() * (contender.period or 1.0)
        up: list[steps.Step] = [steps.await_up(names, wait), steps.watch(rest)]
        events += context.measure(up, wait + rest + 60)
        with _one_storm_at_a_time(context):
            events += context.measure([steps.storm(names, wait)], wait + 60)
    events += context.measure([steps.watch(1), steps.snapshot()], 60)
    return [{**event, "size": len(names)} for event in events if event["event"] in _KEPT]


@contextmanager
def _one_storm_at_a_time(context: ScenarioContext) -> Iterator[None]:
    """Keep storms of other guests out: starting a hundred programs takes all of a host.

    What is not back after LONGEST_ALONE is waited for beside others: its supervisor waits, or has
    given it up. A slow poller's storm is excepted altogether: most of it is waiting.
    """
    if _is_slow(context.contender):
        yield
        return
    with ExitStack() as alone:
        alone.enter_context(context.loud(True))
        end = threading.Timer(LONGEST_ALONE, alone.close)
        end.start()
        try:
            yield
        finally:
            end.cancel()
            end.join()


def _is_slow(contender: Contender) -> bool:
    return (contender.period or 0.0) > SLOW


def _metric(size: int, numbered: Samples) -> Metric:
    storms = [storm.event for storm in numbered.all(STORM, size=size)]
    complete = [
        max(_latencies(storm)) / NS_PER_MS
        for storm in storms
        if len(storm["killed"]) == size and not _lost(storm)
    ]
    return summarize(f"storm_{size}", "ms", complete, len(storms) - len(complete))


def _verdict(size: int, numbered: Samples) -> Verdict:
    behaviour = f"{size} killed at once"
    performed, down = numbered.all(STORM, size=size), numbered.all(DOWN, size=size)
    evidence = numbers(performed, down)
    storms = [storm.event for storm in performed]
    if not storms or len(storms[0]["killed"]) < size:
        up = len(storms[0]["killed"]) if storms else 0
        sentence = f"Only {up} of {size} services were up to be killed."
        return Verdict(behaviour, "not measured", sentence, evidence)
    lost = [name for storm in storms for name in _lost(storm)]
    absent = sum(size - len(storm["killed"]) for storm in storms[1:])
    excess = _excess_daemons(numbered, size)
    if not lost and not absent and excess <= 0:
        return Verdict(behaviour, "yes", _describe_return(size, storms), evidence)
    back = sum(len(storm["killed"]) for storm in storms) - len(lost)
    sentence = (
        f"{back} of {back + len(lost)} came back within {storms[0]['deadline_s']:g} s"
        f" in {len(storms)} storms; lost: {', '.join(lost[:5]) or 'none'};"
        f" not up to be killed by a later one: {absent};"
        f" daemons more than services afterwards: {max(0, excess)}."
    )
    evidence = numbers(performed, numbered.all(SNAPSHOT, size=size))
    return Verdict(behaviour, "partly" if back else "no", sentence, evidence)


def _describe_return(size: int, storms: Sequence[StormEnded]) -> str:
    first = min(min(_latencies(storm)) for storm in storms)
    last = max(max(_latencies(storm)) for storm in storms)
    return (
        f"All {size} came back in {count_words(len(storms), 'storm')}:"
        f" the first after {format_duration(first / NS_PER_S)},"
        f" the last after {format_duration(last / NS_PER_S)} at the latest, {_order(storms)}."
    )


def _sizes(samples: Sequence[Event]) -> list[int]:
    return sorted({sample["size"] for sample in samples if "size" in sample})


def _lost(storm: StormEnded) -> list[str]:
    """Return the services that were not started again."""
    return [kill["service"] for kill in storm["killed"] if kill["main_ns"] is None]


def _latencies(storm: StormEnded) -> list[int]:
    """Return the ns from the first kill to each start, in the order of the kills."""
    begin_ns = min(kill["kill_ns"] for kill in storm["killed"])
    starts = [kill["main_ns"] for kill in storm["killed"]]
    return [start - begin_ns for start in starts if start is not None]


def _order(storms: Sequence[StormEnded]) -> str:
    """Describe the order of the starts against that of the kills, which goes by number."""
    import numpy as np  # a slow import

    correlations = []
    for storm in storms:
        ranks = np.argsort(np.argsort(_latencies(storm)))
        correlations.append(np.corrcoef(ranks, range(len(storm["killed"])))[0, 1])
    correlation = float(np.mean(correlations))
    if correlation > 0.9:
        return "in the order of their numbers"
    if correlation < -0.9:
        return "in the reverse order of their numbers"
    return "in an order of its own"


def _excess_daemons(numbered: Samples, size: int) -> int:
    """Return how many daemons more than services run in the end, heard of or not."""
    snapshots = numbered.all(SNAPSHOT, size=size)
    return max((len(daemons(snapshot.event)) - size for snapshot in snapshots), default=0)


SCENARIO = Storm()
