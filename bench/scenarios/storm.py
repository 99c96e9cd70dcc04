"""All services killed at once."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from bench.model.evidence import Found, daemons, duration, find, numbers, patience, spacing
from bench.model.scenario import Event, SamplingEffort, Scenario, ScenarioContext, Verdict, WorkUnit
from bench.model.statistics import Metric, summary
from supervisors.contender import Contender

SIZES = (10, 100)
SIZES_QUICK = (10,)
ROUNDS, ROUNDS_OF_SLOW = 3, 1
# A poller that looks more seldom than this has its services killed once for each size.
SLOW = 10.0


class Storm(Scenario):
    """Whether all come back, how fast, and in which order."""

    name = "storm"
    title = "all services killed at once"
    rank = 10

    def work_units(self, contender: Contender, depth: SamplingEffort) -> list[WorkUnit]:
        period = contender.period or 0.0
        if depth.budget is not None and 2 * period > depth.budget:
            return []
        sizes = SIZES if depth.budget is None else SIZES_QUICK
        rounds = ROUNDS_OF_SLOW if period > SLOW else ROUNDS
        seconds = len(sizes) * (15 + period + rounds * (spacing(contender) + 1 + 1.5 * period))
        work = {"sizes": sizes, "rounds": rounds, "seed": depth.seed}
        return [WorkUnit(self.name, seconds, trials=1, work=work, own_guest=True)]

    def perform(self, turn: ScenarioContext, share: WorkUnit) -> list[Event]:
        draw = random.Random(f"{share.work['seed']} {turn.contender.name}")
        events: list[Event] = []
        for size in share.work["sizes"]:
            turn.grow(size)
            events += self._storms(turn, share.work["rounds"], draw)
        return events

    def _storms(self, turn: ScenarioContext, rounds: int, draw: random.Random) -> list[Event]:
        contender, names = turn.contender, [service.name for service in turn.services]
        deadline = patience(contender, len(names)) + (contender.period or 0.0)
        up = {"do": "await", "services": names, "deadline": deadline}
        storm = {"do": "storm", "services": names, "deadline": deadline}
        events: list[Event] = []
        for _ in range(rounds):
            # Anywhere in a poller's period.
            rest = spacing(contender) + draw.random() * (contender.period or 1.0)
            events += turn.measure([up, {"do": "watch", "seconds": rest}], deadline + rest + 60)
            with _one_at_a_time(turn):
                events += turn.measure([storm], deadline + 60)
        events += turn.measure([{"do": "watch", "seconds": 1}, {"do": "snapshot"}], 60)
        return [{**event, "size": len(names)} for event in events if event["event"] in _KEPT]

    def conclude(self, contender: Contender, samples: Sequence[Event]) -> list[Metric]:
        metrics = []
        for size in _sizes(samples):
            storms = [storm for _, storm in find(samples, "storm", size=size)]
            whole = [
                _until_all(storm) / 1e6
                for storm in storms
                if len(storm["killed"]) == size and not _lost(storm)
            ]
            metrics.append(summary(f"storm_{size}", "ms", whole, len(storms) - len(whole)))
        return metrics

    def judge(self, contender: Contender, samples: Sequence[Event]) -> list[Verdict]:
        return [_verdict(size, samples) for size in _sizes(samples)]


_KEPT = frozenset({"storm", "down", "processes"})
_storming = threading.Lock()


@contextmanager
def _one_at_a_time(turn: ScenarioContext) -> Iterator[None]:
    """Starting a hundred programs takes all of a host: no other guest's storm falls into ours.

    But for those who look seldom: most of their time is waiting.
    """
    if (turn.contender.period or 0.0) > SLOW:
        yield
        return
    with _storming, turn.noise():
        yield


def _verdict(size: int, samples: Sequence[Event]) -> Verdict:
    behaviour = f"{size} killed at once"
    storms = find(samples, "storm", size=size)
    down = find(samples, "down", size=size)
    evidence = numbers(storms, down)
    if not storms or len(storms[0][1]["killed"]) < size:
        there = len(storms[0][1]["killed"]) if storms else 0
        said = f"Only {there} of {size} services were up to be killed."
        return Verdict(behaviour, "not measured", said, evidence)
    lost = [name for _, storm in storms for name in _lost(storm)]
    short = sum(size - len(storm["killed"]) for _, storm in storms[1:])
    more = _too_many(samples, size)
    if not lost and not short and more <= 0:
        return Verdict(behaviour, "yes", _all_back(size, storms), evidence)
    back = sum(len(storm["killed"]) for _, storm in storms) - len(lost)
    said = (
        f"{back} of {back + len(lost)} came back within {storms[0][1]['deadline_s']:g} s"
        f" in {len(storms)} storms; lost: {', '.join(lost[:5]) or 'none'};"
        f" not up to be killed by a later one: {short};"
        f" daemons more than services afterwards: {max(0, more)}."
    )
    return Verdict(
        behaviour,
        "partly" if back else "no",
        said,
        numbers(storms, find(samples, "processes", size=size)),
    )


def _all_back(size: int, storms: Found) -> str:
    last = [_until_all(storm) for _, storm in storms]
    first = [min(_latencies(storm)) for _, storm in storms]
    return (
        f"All {size} came back, {len(storms)} times of {len(storms)}:"
        f" the first after {duration(min(first))}, the last after {duration(max(last))}"
        f" at the latest, {_order([storm for _, storm in storms])}."
    )


def _sizes(samples: Sequence[Event]) -> list[int]:
    return sorted({each["size"] for each in samples if "size" in each})


def _lost(storm: Event) -> list[str]:
    return [each["service"] for each in storm["killed"] if each["main_ns"] is None]


def _latencies(storm: Event) -> list[int]:
    """Nanoseconds from the first kill to each start, in the order of the kills."""
    begin = min(each["kill_ns"] for each in storm["killed"])
    return [each["main_ns"] - begin for each in storm["killed"] if each["main_ns"] is not None]


def _until_all(storm: Event) -> int:
    return max(_latencies(storm))


def _order(storms: Sequence[Event]) -> str:
    """How the order of the starts goes with that of the kills, which is that of the numbers."""
    import numpy as np  # a slow import

    with_kills = float(
        np.mean(
            [
                np.corrcoef(np.argsort(np.argsort(_latencies(storm))), range(len(storm["killed"])))[
                    0, 1
                ]
                for storm in storms
            ]
        )
    )
    if with_kills > 0.9:
        return "in the order of their numbers"
    if with_kills < -0.9:
        return "in the reverse order of their numbers"
    return "in an order of its own"


def _too_many(samples: Sequence[Event], size: int) -> int:
    """How many daemons more than services run in the end, whoever heard of their starts."""
    pictures = find(samples, "processes", size=size)
    return max((len(daemons(picture)) - size for _, picture in pictures), default=0)


SCENARIO = Storm()
