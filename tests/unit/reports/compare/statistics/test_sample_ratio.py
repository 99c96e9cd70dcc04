"""How far samples moved as a whole."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import pytest
from scipy.stats import mannwhitneyu

from reports.compare.statistics import sample_ratio
from reports.compare.statistics.sample_ratio import UNBOUNDED, Interval, SampleRatio

SLOWER = ([1.0, 2.0, 3.0], [4.0, 5.0, 6.0])
GENERATOR = np.random.default_rng(7)


def lognormal(size: int, times: float = 1.0, spread: float = 0.2) -> list[float]:
    return [float(value) for value in times * GENERATOR.lognormal(0, spread, size)]


def test_the_estimate_is_the_median_ratio_over_all_pairs() -> None:
    before, after = [2.0, 4.0, 5.0], [3.0, 8.0, 9.0]
    ratio = float(np.median([new / old for old, new in product(before, after)]))
    assert SampleRatio(before, after).percent == pytest.approx(100 * (ratio - 1))


@pytest.mark.parametrize("sizes", [(6, 6), (5, 8), (9, 9)])
def test_p_is_mann_whitneys(sizes: tuple[int, int]) -> None:
    before, after = (lognormal(size) for size in sizes)
    exact = mannwhitneyu(after, before, method="exact").pvalue
    assert SampleRatio(before, after).p == pytest.approx(exact)


def test_p_of_many_samples_is_close_to_mann_whitneys() -> None:
    before, after = lognormal(60), lognormal(70, 1.05)
    expected = mannwhitneyu(after, before).pvalue
    assert SampleRatio(before, after).p == pytest.approx(expected, rel=0.2)


@pytest.mark.parametrize("size", [6, 12, 30, 60])
@pytest.mark.parametrize("level", [0.05, 0.01])
def test_an_interval_excludes_0_exactly_where_p_is_within_its_level(
    size: int, level: float
) -> None:
    for _ in range(40):
        moved = SampleRatio(lognormal(size), lognormal(size, 1.15, 0.4))
        assert moved.interval(level).excludes_zero == (moved.p <= level)


def test_a_stricter_interval_holds_the_other() -> None:
    moved = SampleRatio(lognormal(30), lognormal(30, 1.2))
    loose, strict = moved.interval(0.05), moved.interval(0.001)
    assert strict.low <= loose.low <= moved.percent <= loose.high <= strict.high


def test_too_few_samples_for_a_level_leave_the_interval_unbounded() -> None:
    assert SampleRatio([1.0, 2.0], [8.0, 9.0]).interval(0.05) == UNBOUNDED
    assert SampleRatio(*SLOWER).smallest_p == pytest.approx(0.1)


def test_swapped_runs_give_the_inverse_ratio() -> None:
    before, after = lognormal(30), lognormal(30, 1.3)
    there, back = SampleRatio(before, after), SampleRatio(after, before)
    assert (1 + there.percent / 100) * (1 + back.percent / 100) == pytest.approx(1)
    assert there.p == back.p and there.effect == -back.effect


def test_the_effect_is_1_where_every_sample_grew() -> None:
    assert SampleRatio(*SLOWER).effect == 1
    assert SampleRatio(*SLOWER[::-1]).effect == -1


def test_an_infinite_sample_ranks_above_every_finite_one() -> None:
    lost = SampleRatio([1.0, 2.0], [math.inf, math.inf])
    assert lost.effect == 1 and lost.percent == math.inf
    assert SampleRatio([math.inf], [1.0]).percent == -100


def test_infinite_samples_are_equal_to_each_other() -> None:
    lost = SampleRatio([math.inf], [math.inf])
    assert lost.effect == 0 and lost.percent == 0 and lost.p == 1


def test_equal_samples_do_not_differ() -> None:
    equal = SampleRatio([3.0] * 30, [3.0] * 30)
    assert equal.p == 1 and equal.interval(0.05) == Interval(0, 0)


def test_a_sample_of_0_is_taken_as_the_shortest_time() -> None:
    assert math.isfinite(SampleRatio([0.0, 1.0], [1.0, 2.0]).percent)


def test_very_many_samples_give_the_same_without_all_pairs_in_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before, after = [*lognormal(80), math.inf], lognormal(90, 1.1)
    at_once = SampleRatio(before, after)
    monkeypatch.setattr(sample_ratio, "_MAX_PAIRS_IN_MEMORY", 0)
    by_bisection = SampleRatio(before, after)
    assert by_bisection.percent == pytest.approx(at_once.percent)
    assert by_bisection.p == at_once.p and by_bisection.effect == at_once.effect
    one, other = by_bisection.interval(0.05), at_once.interval(0.05)
    assert (one.low, one.high) == pytest.approx((other.low, other.high))
