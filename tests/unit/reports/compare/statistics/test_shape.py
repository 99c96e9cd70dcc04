"""Distributions that differ otherwise than by a ratio, and quantiles."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest

from reports.compare.statistics.shape import QUANTILES, compare_quantiles, shape_p
from tests.support.samples.sample_runs import steady_latencies

NARROW = steady_latencies(10.0)
WIDE = [10.0 + 4 * (value - 10.0) for value in NARROW]


def test_another_spread_around_the_same_median_is_found() -> None:
    p = shape_p(NARROW, WIDE)
    assert p is not None and p < 0.001


def test_equal_samples_do_not_differ() -> None:
    assert shape_p(NARROW, NARROW) == 1
    assert shape_p([3.0] * 30, [3.0] * 30) == 1


def test_few_samples_say_nothing_of_the_shape() -> None:
    assert shape_p(NARROW[:9], WIDE) is None


def test_infinite_samples_have_a_shape() -> None:
    p = shape_p(NARROW, [*NARROW[:15], *([math.inf] * 15)])
    assert p is not None and p < 0.05


def test_quantiles_are_those_of_the_samples() -> None:
    changes = compare_quantiles(NARROW, WIDE, 0.05)
    assert [item.quantile for item in changes] == list(QUANTILES)
    for item in changes:
        assert item.before == pytest.approx(np.quantile(NARROW, item.quantile / 100))
        assert item.after == pytest.approx(np.quantile(WIDE, item.quantile / 100))
        assert item.percent == pytest.approx(100 * (item.after / item.before - 1))


def test_intervals_of_quantiles_show_which_of_them_moved() -> None:
    low, middle, high = (item.interval for item in compare_quantiles(NARROW, WIDE, 0.05))
    assert low is not None and low.high < 0
    assert middle is not None and not middle.excludes_zero
    assert high is not None and high.low > 0


def test_the_same_samples_give_the_same_intervals() -> None:
    assert compare_quantiles(NARROW, WIDE, 0.05) == compare_quantiles(NARROW, WIDE, 0.05)


def test_few_samples_give_quantiles_without_intervals() -> None:
    assert all(item.interval is None for item in compare_quantiles(NARROW[:24], WIDE, 0.05))


def test_missing_restarts_are_infinite_quantiles() -> None:
    lost = [*NARROW[:24], *([math.inf] * 6)]
    _, middle, high = compare_quantiles(NARROW, lost, 0.05)
    assert math.isfinite(middle.after)
    assert high.after == high.percent == math.inf
    assert high.interval is not None and high.interval.high == math.inf
    assert compare_quantiles(lost, lost, 0.05)[2].percent == 0


def test_resampled_quantiles_scatter_as_those_of_resampled_samples() -> None:
    generator = np.random.default_rng(3)
    before, after = (np.sort(generator.lognormal(0, 0.3, 30)) for _ in range(2))
    drawn = [sample[generator.integers(0, 30, (20_000, 30))] for sample in (before, after)]
    one, other = (np.quantile(sample, 0.9, axis=1) for sample in drawn)
    expected = np.quantile(100 * (other / one - 1), [0.05 / 6, 1 - 0.05 / 6])
    interval = compare_quantiles(before.tolist(), after.tolist(), 0.05)[2].interval
    assert interval is not None
    assert (interval.low, interval.high) == pytest.approx(expected.tolist(), abs=4)


def test_samples_of_one_value_each_give_a_probability_without_a_warning() -> None:
    """Mood's test divides by the variance of the ranks, which is 0 then."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        p = shape_p([4.0] * 30, [math.inf] * 30)
    assert p is not None and p < 0.001
