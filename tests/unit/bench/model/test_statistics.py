"""Statistics against values known from elsewhere."""

from __future__ import annotations

import math
import random
from math import comb

import pytest

from bench.model.statistics import single_value, summarize


def exact_interval(n: int) -> tuple[int, int]:
    """Ranks (from 1) of the narrowest symmetric order statistics that hold the median at 95 %."""
    below = 0.0
    for rank in range(n):
        below += comb(n, rank) / 2**n
        if below > 0.025:
            return rank, n + 1 - rank
    raise AssertionError(n)


def test_order_statistics_known_from_tables() -> None:
    # Any table of distribution-free intervals: n=30 gives ranks 10 and 21, n=10 gives 2 and 9.
    assert exact_interval(30) == (10, 21)
    assert exact_interval(10) == (2, 9)


@pytest.mark.parametrize("n", [6, 10, 17, 30, 47, 100, 250])
def test_median_interval_is_exact(n: int) -> None:
    values = [float(value) for value in range(1, n + 1)]
    random.Random(n).shuffle(values)
    found = summarize("restart_long", "ms", values)
    assert (found.ci_low, found.ci_high) == exact_interval(n)
    assert found.median == (n + 1) / 2


@pytest.mark.parametrize("n", [1, 2, 5])
def test_no_interval_where_none_has_95_percent(n: int) -> None:
    found = summarize("m", "ms", [float(value) for value in range(n)])
    assert (found.ci_low, found.ci_high) == (None, None)
    assert found.n == n


def test_quantiles_of_thirty() -> None:
    found = summarize("m", "ms", [float(value) for value in range(1, 31)])
    assert found.median == 15.5
    assert found.p90 == pytest.approx(27.1)
    assert found.p99 is None
    assert (found.min, found.max) == (1.0, 30.0)


def test_p99_from_a_hundred_on() -> None:
    assert summarize("m", "ms", [1.0] * 99).p99 is None
    assert summarize("m", "ms", [float(value) for value in range(1, 101)]).p99 == pytest.approx(
        99.01
    )


def test_censored_samples_are_longer_than_all_others() -> None:
    found = summarize("m", "ms", [float(value) for value in range(1, 28)], censored=3)
    assert found.n == 30
    assert found.censored == 3
    assert found.median == 15.5
    assert (found.ci_low, found.ci_high) == (10.0, 21.0)
    assert found.p90 is None
    assert found.max is None
    assert found.min == 1.0


def test_a_median_that_cannot_be_told_is_left_blank() -> None:
    found = summarize("m", "ms", [1.0, 2.0], censored=3)
    assert found.median is None
    assert found.min == 1.0


def test_all_censored() -> None:
    found = summarize("m", "ms", [], censored=8)
    assert (found.n, found.median, found.min, found.max, found.p90) == (8, None, None, None, None)
    assert found.status == "measured"


def test_no_samples() -> None:
    found = summarize("m", "ms", [])
    assert (found.n, found.status, found.note) == (0, "not measured", "no samples")


def test_every_figure_is_finite_or_none() -> None:
    for censored in range(12):
        found = summarize("m", "ms", [1.0] * 6, censored).as_dict()
        figures = [value for value in found.values() if isinstance(value, float)]
        assert all(math.isfinite(figure) for figure in figures), found


def test_single() -> None:
    found = single_value("vmpeak", "kB", 2400, note="of runsv")
    assert (found.n, found.median, found.min, found.max, found.ci_low) == (
        1,
        2400,
        2400,
        2400,
        None,
    )
