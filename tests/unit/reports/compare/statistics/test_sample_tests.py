"""Samples of several figures, tested together."""

from __future__ import annotations

import pytest

from reports.compare.statistics.sample_tests import SamplePair, compare_samples
from tests.support.samples.sample_runs import steady_latencies

SAME = (steady_latencies(4.0), steady_latencies(4.0))
SLOWER = (steady_latencies(4.0), steady_latencies(4.5))


def test_nothing_to_test_is_no_change() -> None:
    assert compare_samples([]) == []


def test_more_tests_make_wider_intervals_and_higher_p() -> None:
    (alone,) = compare_samples([SLOWER])
    together = compare_samples([SLOWER, *([SAME] * 9)])[0]
    assert alone.p < together.p
    assert together.interval.low < alone.interval.low
    assert alone.percent == together.percent


@pytest.mark.parametrize("times", [1.0, 1.02, 1.05, 1.1])
def test_the_interval_and_the_corrected_p_say_the_same(times: float) -> None:
    pair = (steady_latencies(4.0), steady_latencies(4.0 * times))
    for change in compare_samples([pair, SLOWER, SAME]):
        assert change.interval.excludes_zero == (change.p <= 0.05)


def test_figures_with_too_few_samples_cost_the_others_nothing() -> None:
    few: SamplePair = ([1.0, 2.0], [3.0, 4.0])
    (alone,) = compare_samples([SLOWER])
    beside = compare_samples([*([few] * 20), SLOWER])
    assert beside[-1] == alone
    assert all(change.interval.is_unbounded and change.p == 1 for change in beside[:-1])


def test_samples_that_do_not_differ_have_no_quantiles() -> None:
    same, slower = compare_samples([SAME, SLOWER])
    assert same.quantiles == () and not same.several_modes
    assert len(slower.quantiles) == 3 and not slower.several_modes


def test_several_modes_of_either_run_are_told() -> None:
    (change,) = compare_samples([(steady_latencies(4.0), [*steady_latencies(40.0, 15)] * 2)])
    assert not change.several_modes
    two_modes = [*steady_latencies(4.0, 15), *steady_latencies(40.0, 15)]
    assert compare_samples([(steady_latencies(4.0), two_modes)])[0].several_modes
