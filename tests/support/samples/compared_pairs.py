"""Pairs of samples whose difference is known, and how often a comparison says what of them."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from reports.compare.changes import Change
from reports.compare.gate import Gate
from reports.compare.limits import Limits
from reports.compare.statistics.sample_tests import SampledChange, SamplePair, compare_samples
from tests.support.samples import sample_runs

Array = np.ndarray[Any, np.dtype[np.float64]]
Draw = Callable[[np.random.Generator, int], Array]
GATE = Limits(percent=10.0)


def at_most(rate: float, count: int) -> float:
    """Return the share that a rate stays below in all but one of 10,000 simulations."""
    return rate + 3.72 * math.sqrt(rate * (1 - rate) / count)


@dataclass(frozen=True)
class Truth:
    """How samples before and after are drawn.

    direction: 1 where the samples after are higher, 0 where they are neither higher nor lower.
    ratio: of the samples after to those before; None where no ratio describes the change.
    """

    name: str
    before: Draw
    after: Draw
    direction: int
    ratio: float | None = None

    @property
    def is_unchanged(self) -> bool:
        """Whether nothing changed."""
        return self.before is self.after

    def pairs(self, count: int, size: int, seed: int) -> Iterator[tuple[SamplePair, bool]]:
        """Yield pairs of samples; every other one, marked True, has before and after swapped."""
        generator = np.random.default_rng([seed, size])
        for number in range(count):
            pair = (self.before(generator, size).tolist(), self.after(generator, size).tolist())
            swapped = number % 2 == 1
            yield (pair[::-1] if swapped else pair), swapped


@dataclass(frozen=True)
class Outcome:
    """How often a comparison said what, as shares of all pairs.

    right, wrong: slower or faster, as the truth has it and otherwise. shape: differs in shape.
    failed: the gate at GATE percent failed, of the pairs that became slower if any did.
    missed: the interval does not hold the true ratio; None where there is none.
    """

    right: float
    wrong: float
    shape: float
    failed: float
    missed: float | None

    @property
    def differs(self) -> float:
        """The share of pairs with any word of a difference."""
        return self.right + self.wrong + self.shape


def simulate(truth: Truth, count: int, size: int, seed: int = 1) -> Outcome:
    """Compare that many pairs of samples, each pair as a comparison of its own."""
    right = wrong = shape = failed = missed = 0
    for pair, swapped in truth.pairs(count, size, seed):
        (sampled,) = compare_samples([pair])
        change = sampled_change(pair, sampled)
        direction = -truth.direction if swapped else truth.direction
        word = {"slower": 1, "faster": -1}.get(change.verdict, 0)
        right += word != 0 and word == direction
        wrong += word != 0 and word != direction
        shape += change.differs_in_shape
        failed += not swapped and any(_gate(change).regressions())
        missed += truth.ratio is not None and not _holds(sampled, truth.ratio, swapped)
    slower = (count + 1) // 2
    return Outcome(
        right / count,
        wrong / count,
        shape / count,
        failed / slower,
        None if truth.ratio is None else missed / count,
    )


def sampled_change(pair: SamplePair, sampled: SampledChange) -> Change:
    """Return the change of a pair of samples, as a comparison has it."""
    before, after = map(statistics.median, pair)
    return Change(
        "runit", "runit", "restart_long", "ms", before, after, sampled.percent, sampled.interval,
        sampled,
    )  # fmt: skip


def _gate(change: Change) -> Gate:
    return Gate(GATE, False, [change], [], [], sample_runs.run())


def _holds(sampled: SampledChange, ratio: float, swapped: bool) -> bool:
    percent = 100 * ((1 / ratio if swapped else ratio) - 1)
    return sampled.interval.low - 1e-9 <= percent <= sampled.interval.high + 1e-9


def _one_mode(spread: float = 0.15, times: float = 1.0) -> Draw:
    return lambda generator, size: times * generator.lognormal(0, spread, size)


def _two_modes(slow_share: float, factor: float = 5.0) -> Draw:
    def draw(generator: np.random.Generator, size: int) -> Array:
        slow = generator.random(size) < slow_share
        return generator.lognormal(0, 0.05, size) * np.where(slow, factor, 1.0)

    return draw


def _split(generator: np.random.Generator, size: int) -> Array:
    """Draw from two modes at the same distance from 1, on a logarithmic scale."""
    return generator.lognormal(0, 0.05, size) * 1.5 ** generator.choice([-1.0, 1.0], size)


def _poller(period: float) -> Draw:
    """Draw the time until a poller that looks once a period sees an end."""
    return lambda generator, size: period * generator.random(size) + 0.001


def _poller_by_parts(period: float) -> Draw:
    """Draw the same where the kills part the period evenly: one at random in each part."""
    return lambda generator, size: (
        period * (np.arange(size) + generator.random(size)) / size + 0.001
    )


def _long_tail(generator: np.random.Generator, size: int) -> Array:
    return 1 + generator.pareto(1.5, size)


def _with_losses(generator: np.random.Generator, size: int) -> Array:
    """Draw restarts of which every tenth is missing."""
    lost = generator.random(size) < 0.1
    return np.where(lost, np.inf, generator.lognormal(0, 0.15, size))


_STEADY, _BIMODAL, _POLLER = _one_mode(), _two_modes(0.4), _poller(1.0)
_BY_PARTS = _poller_by_parts(1.0)
UNCHANGED = [
    Truth("one mode", _STEADY, _STEADY, 0, 1.0),
    Truth("two modes, factor 5", _BIMODAL, _BIMODAL, 0, 1.0),
    Truth("poller", _POLLER, _POLLER, 0, 1.0),
    Truth("poller, kills by parts", _BY_PARTS, _BY_PARTS, 0, 1.0),
    Truth("long tail", _long_tail, _long_tail, 0, 1.0),
    Truth("every tenth restart missing", _with_losses, _with_losses, 0, 1.0),
]
SHIFTED = [
    Truth("shifted by 10 %, the gate's limit", _STEADY, _one_mode(times=1.1), 1, 1.1),
    Truth("shifted by 20 %", _STEADY, _one_mode(times=1.2), 1, 1.2),
    Truth("shifted by 50 %", _STEADY, _one_mode(times=1.5), 1, 1.5),
    Truth("poller, period 1.5 times as long", _POLLER, _poller(1.5), 1, 1.5),
    Truth("1.5 times, kills by parts", _BY_PARTS, _poller_by_parts(1.5), 1, 1.5),
    Truth("poller, period 1.75 times as long", _POLLER, _poller(1.75), 1, 1.75),
    Truth("1.75 times, kills by parts", _BY_PARTS, _poller_by_parts(1.75), 1, 1.75),
]
MIXED = [
    Truth("two modes, the slow one's share 30 %, then 60 %", _two_modes(0.3), _two_modes(0.6), 1),
    Truth("two modes, the slow one 5, then 10 times", _BIMODAL, _two_modes(0.4, 10.0), 1),
]
RESHAPED = [
    Truth("scaled: spread doubled", _STEADY, _one_mode(0.3), 0),
    Truth("scaled: spread 5 times as large", _STEADY, _one_mode(0.75), 0),
    Truth("one mode, then two around it", _one_mode(0.05), _split, 0),
    Truth("poller, then always in the middle", _POLLER, _one_mode(0.05, 0.501), 0),
]
TRUTHS = [*UNCHANGED, *SHIFTED, *MIXED, *RESHAPED]
