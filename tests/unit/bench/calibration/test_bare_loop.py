"""The cost of the suite, as a ratio with its interval."""

from __future__ import annotations

import pytest

from bench.calibration.bare_loop import BlockPair, compare_blocks


def test_the_interval_holds_the_ratio_and_is_wider_with_fewer_pairs() -> None:
    pairs = [BlockPair([1.2 + n / 100] * 3, [1.0] * 3) for n in range(10)]
    ratio = compare_blocks(pairs)
    assert ratio["ci_low"] <= ratio["ratio"] <= ratio["ci_high"]
    assert ratio["ratio"] == pytest.approx(1.245, abs=0.01)
    assert (ratio["pairs"], ratio["trials"]) == (10, 30)
    few = compare_blocks(pairs[4:6])
    assert few["ci_low"] < ratio["ci_low"] < ratio["ci_high"] < few["ci_high"]
