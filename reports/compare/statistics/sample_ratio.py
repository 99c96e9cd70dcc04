"""How far samples moved as a whole: a ratio with an interval and a p that always agree.

The ratio is Hodges and Lehmann's estimate on a logarithmic scale: the median of after/before over
all pairs of one sample before and one after. Its interval comes from the same ranks as
Mann-Whitney's test, so the interval excludes a ratio of 1 exactly where the test is significant.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, np.dtype[np.float64]]

# Fewer samples say too little of the spread, modes or shape.
MIN_SAMPLES_FOR_SPREAD = 10
# A latency is a whole number of ns; this keeps a logarithm finite.
_SMALLEST_MS = 1e-6
# Logarithm that stands for infinity: a difference of two of them is 0, not undefined.
_INFINITE, _BEYOND_FINITE = 1e6, 1e5
# Up to so many pairs all ratios are kept and the distribution of the ranks is exact.
_MAX_PAIRS_IN_MEMORY, _MAX_PAIRS_EXACT = 4_000_000, 2_500
_BISECTIONS = 80


@dataclass(frozen=True)
class Interval:
    """A confidence interval of a change, in percent of the value before.

    low: -100 where nothing bounds it from below. high: infinite where nothing bounds it from above.
    """

    low: float
    high: float

    @property
    def excludes_zero(self) -> bool:
        """Tell whether it shows a change."""
        return self.low > 0 or self.high < 0

    @property
    def is_unbounded(self) -> bool:
        """Tell whether it says nothing: there are too few samples for its level."""
        return self.low == -100 and math.isinf(self.high)


UNBOUNDED = Interval(-100.0, math.inf)


class SampleRatio:
    """The ratio of samples after to samples before. A sample of infinity is above all others.

    percent: the estimate, as a growth. p: two-sided. smallest_p: that these numbers of samples can
    give. effect: Cliff's delta, from -1 (every sample after is lower) to 1.
    """

    def __init__(self, before: Sequence[float], after: Sequence[float]) -> None:
        old, new = _sorted_logs(before), _sorted_logs(after)
        self._ratios = _LogRatios(old, new)
        self._ranks = _RankDistribution(len(old), len(new))
        center = self._ratios.median
        self._widening = max(1.0, *(_spread_ratio(old, new - shift) for shift in (0.0, center)))
        not_higher = self._ratios.count_at_most(0.0)
        not_lower = self._ratios.count_at_least(0.0)
        self.percent = _percent(center)
        self.smallest_p = self._ranks.p(0)
        self.p = min(self._p(not_higher), self._p(not_lower))
        self.effect = (not_lower - not_higher) / self._ratios.count

    def interval(self, level: float) -> Interval:
        """Return the interval that misses the true ratio with a probability of level."""
        limit = self._ranks.highest_count(level)
        if limit < 0:
            return UNBOUNDED
        half = self._ratios.count / 2
        cut = math.floor(half - self._widening * (half - limit))
        if cut < 0:
            return UNBOUNDED
        low, high = self._ratios.at(cut), self._ratios.at(self._ratios.count - 1 - cut)
        return Interval(_percent(low), _percent(high))

    def _p(self, contrary_pairs: int) -> float:
        half = self._ratios.count / 2
        return self._ranks.p(math.ceil(half - (half - contrary_pairs) / self._widening - 1e-9))


class _LogRatios:
    """The logarithms of after/before over all pairs, in ascending order."""

    def __init__(self, old: Array, new: Array) -> None:
        import numpy as np  # slow, and most commands compare nothing

        self._old, self._new = old, new
        self.count = len(old) * len(new)
        self._all: Array | None = None
        if self.count <= _MAX_PAIRS_IN_MEMORY:
            self._all = np.sort(np.subtract.outer(new, old), axis=None)

    @cached_property
    def median(self) -> float:
        """Return the middle one, or the mean of the middle two."""
        return (self.at((self.count - 1) // 2) + self.at(self.count // 2)) / 2

    def count_at_most(self, value: float) -> int:
        """Return how many are not above a value."""
        if self._all is not None:
            return int(self._all.searchsorted(value, side="right"))
        below = self._old.searchsorted(self._new - value, side="left")
        return self.count - int(below.sum())

    def count_at_least(self, value: float) -> int:
        """Return how many are not below a value."""
        if self._all is not None:
            return self.count - int(self._all.searchsorted(value, side="left"))
        return int(self._old.searchsorted(self._new - value, side="right").sum())

    def at(self, index: int) -> float:
        """Return the one at an index; of very many, by bisection of the values."""
        if self._all is not None:
            return float(self._all[index])
        low, high = self._new[0] - self._old[-1] - 1.0, self._new[-1] - self._old[0]
        middle = 0.0  # first: its sign has to agree with the counts
        for _ in range(_BISECTIONS):
            if self.count_at_most(middle) > index:
                high = middle
            else:
                low = middle
            middle = (low + high) / 2
        return float(high)


class _RankDistribution:
    """How many of all pairs contradict a change by chance: Mann-Whitney's U if nothing changed."""

    def __init__(self, before: int, after: int) -> None:
        pairs = before * after
        self._half = pairs / 2
        self._exact = _exact_cdf(*sorted((before, after))) if pairs <= _MAX_PAIRS_EXACT else None
        self._normal = NormalDist(self._half - 0.5, math.sqrt(pairs * (before + after + 1) / 12))

    def p(self, count: int) -> float:
        """Return the two-sided probability of at most so many contrary pairs."""
        if count >= self._half:
            return 1.0
        once = self._exact[count] if self._exact else self._normal.cdf(count)
        return min(1.0, 2 * once)

    def highest_count(self, level: float) -> int:
        """Return the highest count whose p is at most level; -1 if there is none."""
        if self._exact is None:
            count = math.floor(self._normal.inv_cdf(level / 2)) + 1
        else:
            count = int(self._half)
        while count >= 0 and self.p(count) > level:
            count -= 1
        return max(count, -1)


@lru_cache
def _exact_cdf(few: int, many: int) -> list[float]:
    """Return the distribution of Mann-Whitney's U, by its generating function."""
    counts = [1] + [0] * (few * many)
    for size in range(1, few + 1):
        for index in range(few * many, many + size - 1, -1):
            counts[index] -= counts[index - many - size]
        for index in range(size, few * many + 1):
            counts[index] += counts[index - size]
    total, below, cdf = sum(counts), 0, []
    for count in counts:
        below += count
        cdf.append(below / total)
    return cdf


def _spread_ratio(old: Array, new: Array) -> float:
    """Return how much wider the ranks scatter than those of two samples of the same spread.

    The variance is Brunner and Munzel's. 0 for too few samples.
    """
    if min(len(old), len(new)) < MIN_SAMPLES_FOR_SPREAD:
        return 0.0
    variance = sum(
        (other.searchsorted(one, side="left") + other.searchsorted(one, side="right")).var(ddof=1)
        / (4 * len(other) ** 2 * len(one))
        for one, other in ((old, new), (new, old))
    )
    return math.sqrt(variance * 12 * len(old) * len(new) / (len(old) + len(new) + 1))


def _sorted_logs(values: Sequence[float]) -> Array:
    import numpy as np  # slow, and most commands compare nothing

    logs = np.log(np.maximum(np.asarray(values, float), _SMALLEST_MS))
    return np.sort(np.minimum(logs, _INFINITE))


def _percent(log_ratio: float) -> float:
    if log_ratio > _BEYOND_FINITE:
        return math.inf
    return -100.0 if log_ratio < -_BEYOND_FINITE else 100 * math.expm1(log_ratio)
