"""The words on changes: the interval alone says in which direction."""

from __future__ import annotations

import math

import pytest

from reports.compare.statistics.sample_ratio import UNBOUNDED, Interval
from reports.compare.statistics.verdict import VERDICT_MEANINGS, change_verdict, direction_word


@pytest.mark.parametrize(
    ("interval", "unit", "word"),
    [
        (Interval(1.0, math.inf), "ms", "slower"),
        (Interval(-9.0, -1.0), "us", "faster"),
        (Interval(1.0, 9.0), "kB", "larger"),
        (Interval(-100.0, -1.0), "", "smaller"),
    ],
)
def test_an_interval_without_zero_says_the_direction(
    interval: Interval, unit: str, word: str
) -> None:
    assert direction_word(interval, unit) == word
    assert change_verdict(interval, unit, differs_in_shape=False) == word


@pytest.mark.parametrize(
    ("interval", "differs_in_shape", "word"),
    [
        (None, False, "single"),
        (Interval(-1.0, 1.0), False, "chance"),
        (Interval(-1.0, 1.0), True, "differs in shape"),
        (UNBOUNDED, False, "too few"),
    ],
)
def test_no_other_interval_says_a_direction(
    interval: Interval | None, differs_in_shape: bool, word: str
) -> None:
    assert change_verdict(interval, "ms", differs_in_shape=differs_in_shape) == word
    assert word in VERDICT_MEANINGS
