"""Corrections for many tests."""

from __future__ import annotations

import pytest

from reports.compare.statistics.multiple_tests import (
    SIGNIFICANT,
    can_be_significant,
    holm_correction,
    holm_levels,
)


def test_holms_correction_keeps_the_order_of_its_input() -> None:
    assert holm_correction([0.04, 0.01, 0.5]) == pytest.approx([0.08, 0.03, 0.5])
    assert holm_correction([]) == []


def test_a_corrected_p_is_at_most_1() -> None:
    assert holm_correction([0.9, 0.8]) == [1.0, 1.0]


def test_levels_grow_with_every_significant_test_before() -> None:
    assert holm_levels([0.04, 0.01, 0.5]) == pytest.approx([0.025, 0.05 / 3, 0.025])
    assert holm_levels([]) == []


@pytest.mark.parametrize("p_values", [[0.001, 0.03, 0.02, 0.9], [0.04], [0.02, 0.024], [0.3, 0.01]])
def test_a_p_is_within_its_level_exactly_where_the_corrected_one_is_significant(
    p_values: list[float],
) -> None:
    within = [p <= level for p, level in zip(p_values, holm_levels(p_values), strict=True)]
    assert within == [p <= SIGNIFICANT for p in holm_correction(p_values)]


def test_tests_that_can_find_nothing_need_no_correction() -> None:
    assert can_be_significant([0.33, 0.002, 0.33]) == [False, True, False]
    assert can_be_significant([0.002] * 20) == [True] * 20
    assert can_be_significant([0.03] * 20) == [False] * 20
    assert can_be_significant([]) == []
