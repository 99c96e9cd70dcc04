"""Tests of significance."""

from __future__ import annotations

import math

import pytest

from reports.compare.significance import holm_correction, rank_test


def test_no_samples_give_no_test() -> None:
    assert rank_test([], [1.0]) is None
    assert rank_test([1.0], []) is None


def test_the_effect_is_1_where_every_sample_grew() -> None:
    result = rank_test([1.0, 2.0, 3.0], [4.0, 5.0, 6.0])
    assert result is not None and result.effect == 1


def test_an_infinite_sample_ranks_above_every_finite_one() -> None:
    result = rank_test([1.0, 2.0], [math.inf, math.inf])
    assert result is not None and result.effect == 1


def test_infinite_samples_are_equal_to_each_other() -> None:
    result = rank_test([math.inf], [math.inf])
    assert result is not None and result.effect == 0


def test_holms_correction_keeps_the_order_of_its_input() -> None:
    assert holm_correction([0.04, 0.01, 0.5]) == pytest.approx([0.08, 0.03, 0.5])
    assert holm_correction([]) == []


def test_a_corrected_p_is_at_most_1() -> None:
    assert holm_correction([0.9, 0.8]) == [1.0, 1.0]
