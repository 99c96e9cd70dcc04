"""Tests of significance: whether two sets of samples differ by more than chance."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

# Below this p a difference is more than chance; Holm's correction keeps it over all tests made.
SIGNIFICANT = 0.05


@dataclass(frozen=True)
class RankTest:
    """The result of Mann-Whitney's U test.

    p: probability of such samples if nothing changed, two-sided.
    effect: Cliff's delta, from -1 (every sample after is lower) to 1.
    """

    p: float
    effect: float


def rank_test(before: Sequence[float], after: Sequence[float]) -> RankTest | None:
    """Compare two sets of samples by their ranks; None where one is empty.

    A trial without a restart is infinite: later than every other.
    """
    from scipy.stats import mannwhitneyu  # a slow import that only a comparison needs

    if not before or not after:
        return None
    # The test takes no infinity: such samples are equal to each other and above every finite one.
    finite = [value for value in (*before, *after) if math.isfinite(value)]
    highest = max(finite, default=0.0) + 1.0
    old, new = ([min(value, highest) for value in values] for values in (before, after))
    result: Any = mannwhitneyu(new, old, alternative="two-sided")
    effect = 2 * float(result.statistic) / (len(old) * len(new)) - 1
    return RankTest(float(result.pvalue), effect)


def holm_correction(p_values: Sequence[float]) -> list[float]:
    """Return each p corrected by Holm's method: of many tests some find something by chance."""
    ascending = sorted(range(len(p_values)), key=lambda index: p_values[index])
    corrected = [0.0] * len(p_values)
    least = 0.0
    for rank, index in enumerate(ascending):
        least = max(least, min(1.0, p_values[index] * (len(p_values) - rank)))
        corrected[index] = least
    return corrected
