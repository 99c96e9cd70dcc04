"""Corrections for the number of tests: of many, some find something by chance."""

from __future__ import annotations

from collections.abc import Sequence

# The probability that a comparison finds any change where nothing changed.
SIGNIFICANT = 0.05


def holm_correction(p_values: Sequence[float]) -> list[float]:
    """Return each p corrected by Holm's method: of many tests some find something by chance."""
    ascending = sorted(range(len(p_values)), key=lambda index: p_values[index])
    corrected = [0.0] * len(p_values)
    least = 0.0
    for rank, index in enumerate(ascending):
        least = max(least, min(1.0, p_values[index] * (len(p_values) - rank)))
        corrected[index] = least
    return corrected


def holm_levels(p_values: Sequence[float]) -> list[float]:
    """Return the level that Holm's method holds each p against.

    An interval at that level excludes no change exactly where the corrected p is significant.
    """
    ascending = sorted(range(len(p_values)), key=lambda index: p_values[index])
    levels = [0.0] * len(p_values)
    rejected = 0
    for rank, index in enumerate(ascending):
        levels[index] = SIGNIFICANT / (len(p_values) - rejected)
        if rejected == rank and p_values[index] <= levels[index]:
            rejected += 1
    return levels


def can_be_significant(smallest_p_values: Sequence[float]) -> list[bool]:
    """Tell of each test whether its number of samples allows any significance (Tarone).

    The others need no correction, because they find nothing, by chance or otherwise.
    """
    for count in range(1, len(smallest_p_values) + 1):
        able = [p <= SIGNIFICANT / count for p in smallest_p_values]
        if sum(able) <= count:
            return able
    return []
