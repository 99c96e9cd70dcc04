"""Tests of samples before against samples after, corrected for the number of tests."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from bench.model.modes import modes
from reports.compare.statistics.multiple_tests import (
    SIGNIFICANT,
    can_be_significant,
    holm_correction,
    holm_levels,
)
from reports.compare.statistics.sample_ratio import UNBOUNDED, Interval, SampleRatio
from reports.compare.statistics.shape import QuantileChange, compare_quantiles, shape_p

# The samples of one figure before and after; infinite for a trial without an end.
SamplePair = tuple[Sequence[float], Sequence[float]]


@dataclass(frozen=True)
class SampledChange:
    """What the samples of one figure say, corrected over all tests made with it.

    percent: by how much the samples grew as a whole. interval: of that percentage.
    p: probability of samples moved so far if nothing changed: at most SIGNIFICANT exactly where the
    interval excludes 0. shape_p: probability of samples so different in distribution; None with too
    few samples for that test.
    effect: Cliff's delta, from -1 (every sample after is lower) to 1.
    """

    samples: SamplePair
    percent: float
    interval: Interval
    p: float
    shape_p: float | None
    effect: float

    @property
    def differs_in_shape(self) -> bool:
        """Whether the distribution differs by more than chance, and not as a whole up or down."""
        different = self.shape_p is not None and self.shape_p <= SIGNIFICANT
        return different and not self.interval.excludes_zero

    @cached_property
    def quantiles(self) -> tuple[QuantileChange, ...]:
        """How far each quantile moved; empty where the samples differ by no more than chance."""
        if not self.interval.excludes_zero and not self.differs_in_shape:
            return ()
        return compare_quantiles(*self.samples, level=SIGNIFICANT)

    @cached_property
    def several_modes(self) -> bool:
        """Whether the samples of either run have several modes."""
        return any(_has_several_modes(values) for values in self.samples)


def compare_samples(pairs: Sequence[SamplePair], comparisons: int = 1) -> list[SampledChange]:
    """Test each pair of samples, neither of them empty, and correct for the number of tests.

    comparisons: how many calls like this one answer the same question, in all. The probability that
    any pair of any of them differs in any way where nothing changed is SIGNIFICANT.
    """
    ratios = [SampleRatio(*pair) for pair in pairs]
    shapes = [shape_p(*pair) for pair in pairs]
    smallest = [*(ratio.smallest_p for ratio in ratios), *(0.0 for p in shapes if p is not None)]
    able = can_be_significant([p * comparisons for p in smallest])
    corrected = _correct(
        [ratio.p if able[index] else None for index, ratio in enumerate(ratios)] + shapes,
        comparisons,
    )
    return [
        _sampled_change(pair, ratio, *corrected[index], corrected[index + len(pairs)][0])
        for index, (pair, ratio) in enumerate(zip(pairs, ratios, strict=True))
    ]


def _correct(
    p_values: Sequence[float | None], comparisons: int
) -> list[tuple[float | None, float | None]]:
    """Return each p corrected and the level it is held against; None where there is no test."""
    tested = [min(1.0, p * comparisons) for p in p_values if p is not None]
    levels = (level / comparisons for level in holm_levels(tested))
    corrected = zip(holm_correction(tested), levels, strict=True)
    return [(None, None) if p is None else next(corrected) for p in p_values]


def _sampled_change(
    pair: SamplePair,
    ratio: SampleRatio,
    p: float | None,
    level: float | None,
    corrected_shape_p: float | None,
) -> SampledChange:
    return SampledChange(
        samples=pair,
        percent=ratio.percent,
        interval=UNBOUNDED if level is None else ratio.interval(level),
        p=1.0 if p is None else p,
        shape_p=corrected_shape_p,
        effect=ratio.effect,
    )


def _has_several_modes(samples: Sequence[float]) -> bool:
    return len(modes([value for value in samples if math.isfinite(value)])) > 1
