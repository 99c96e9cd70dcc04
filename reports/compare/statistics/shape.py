"""Whether samples differ otherwise than by one ratio, and how far each quantile moved."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from reports.compare.limits import Limits
from reports.compare.statistics.sample_ratio import MIN_SAMPLES_FOR_SPREAD, Interval

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, np.dtype[np.float64]]

QUANTILES = (10, 50, 90)  # percent
# The bootstrap's interval of the 10th and 90th percent is too narrow with fewer samples.
MIN_SAMPLES_FOR_QUANTILES = 25
_RESAMPLES = 2000
_SEED = 1
_SMALLEST_MS = 1e-6


@dataclass(frozen=True)
class QuantileChange:
    """One quantile before and after, in the unit of its samples.

    percent: by how much it grew. interval: of that percentage; None with too few samples.
    """

    quantile: int
    before: float
    after: float
    percent: float
    interval: Interval | None

    def exceeds(self, limits: Limits, percent: float, unit: str) -> bool:
        """Tell whether it grew by more than the limits, if by that many percent."""
        amount = self.before * percent / 100 if math.isfinite(percent) else math.inf
        return limits.are_exceeded(percent, amount, unit)


def shape_p(before: Sequence[float], after: Sequence[float]) -> float | None:
    """Return the probability of samples so different in distribution if nothing changed.

    Combines a test of any difference (Kolmogorov-Smirnov) and one of the spread (Mood), both by
    ranks. None with too few samples.
    """
    if min(len(before), len(after)) < MIN_SAMPLES_FOR_SPREAD:
        return None
    from scipy.stats import ks_2samp, mood, rankdata  # a slow import that only a comparison needs

    # Infinity has a rank as every other sample has; neither test takes the value itself.
    ranks = rankdata([*before, *after])
    old, new = ranks[: len(before)], ranks[len(before) :]
    if ranks.min() == ranks.max():
        return 1.0
    with warnings.catch_warnings():
        # No exact p for many ties, and no spread where each run has one value alone.
        warnings.simplefilter("ignore", RuntimeWarning)
        results: list[Any] = [ks_2samp(old, new), mood(old, new)]
    p_values = [float(result.pvalue) for result in results]
    return min(1.0, len(results) * min(p for p in p_values if not math.isnan(p)))


def compare_quantiles(
    before: Sequence[float], after: Sequence[float], level: float
) -> tuple[QuantileChange, ...]:
    """Return the change of each of QUANTILES, with percentile bootstrap intervals.

    level: the probability that any of the intervals misses. The same samples always give the same
    intervals.
    """
    import numpy as np  # slow, and most commands compare nothing

    old, new = (np.sort(np.maximum(values, _SMALLEST_MS)) for values in (before, after))
    generator = np.random.default_rng(_SEED)
    enough = min(len(old), len(new)) >= MIN_SAMPLES_FOR_QUANTILES
    changes = []
    for quantile in QUANTILES:
        one, other = _quantile(old, quantile), _quantile(new, quantile)
        interval = None
        if enough:
            resampled = (_resample(values, quantile, generator) for values in (old, new))
            interval = _central_interval(_percent(*resampled), level / len(QUANTILES))
        percent = float(_percent(np.array([one]), np.array([other]))[0])
        changes.append(QuantileChange(quantile, one, other, percent, interval))
    return tuple(changes)


def _quantile(ordered: Array, quantile: int) -> float:
    index, share = _place(len(ordered), quantile)
    return float(_interpolate(ordered[index : index + 1], ordered[index + 1 : index + 2], share)[0])


def _resample(ordered: Array, quantile: int, generator: np.random.Generator) -> Array:
    """Return that quantile of many samples drawn from these with replacement.

    Draws only the two order statistics that the quantile lies between.
    """
    import numpy as np  # slow, and most commands compare nothing

    size = len(ordered)
    index, share = _place(size, quantile)
    lower = generator.beta(index + 1, size - index, _RESAMPLES)
    higher = 1 - (1 - lower) * generator.random(_RESAMPLES) ** (1 / (size - index - 1))
    low, high = (ordered[np.minimum(size * part, size - 1).astype(int)] for part in (lower, higher))
    return _interpolate(low, high, share)


def _place(size: int, quantile: int) -> tuple[int, float]:
    """Return the index below a quantile, and how far it lies towards the next, from 0 to 1."""
    place = quantile / 100 * (size - 1)
    index = math.floor(place)
    return index, place - index


def _interpolate(low: Array, high: Array, share: float) -> Array:
    """Return the values between two; infinite if the higher one counts and is infinite."""
    import numpy as np  # slow, and most commands compare nothing

    if not share:
        return low
    with np.errstate(invalid="ignore"):
        return np.where(low == high, low, low + (high - low) * share)


def _percent(before: Array, after: Array) -> Array:
    """Return the growth in percent; 0 from infinite to infinite."""
    import numpy as np  # slow, and most commands compare nothing

    with np.errstate(invalid="ignore"):
        return np.where(before == after, 0.0, 100 * (after / before - 1))


def _central_interval(values: Array, level: float) -> Interval:
    outside = math.floor(level / 2 * len(values))
    values.sort()
    return Interval(float(values[outside]), float(values[-1 - outside]))
