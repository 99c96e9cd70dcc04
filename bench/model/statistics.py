"""Statistics of samples that have several modes, long tails, and ends that nobody saw."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

CONFIDENCE = 0.95
ENOUGH_FOR_P99 = 100


@dataclass(frozen=True)
class Metric:
    """One figure of one contender in one scenario; the fields are columns of the CSV.

    n: samples, censored ones among them; median, p90, p99, min, max: in the unit, None where they
    cannot be told; ci_low, ci_high: the median's 95 % interval by order statistics, which assumes
    nothing of the distribution. floor_ratio: the median against the floor's, None before a run
    compares them. status: measured, or why there is no figure.
    """

    metric: str
    unit: str
    n: int = 0
    median: float | None = None
    ci_low: float | None = None
    ci_high: float | None = None
    p90: float | None = None
    p99: float | None = None
    min: float | None = None
    max: float | None = None
    censored: int = 0
    floor_ratio: float | None = None
    status: str = "measured"
    note: str = ""

    def as_dict(self) -> dict[str, Any]:
        """The fields by name."""
        return asdict(self)


def summary(metric: str, unit: str, values: Sequence[float], censored: int = 0) -> Metric:
    """A distribution's figures; a censored sample is longer than every other, by an unknown lot."""
    import numpy as np  # slow, and a run that is complete needs no figures

    n = len(values) + censored
    if n == 0:
        return Metric(metric, unit, status="not measured", note="no samples")
    ordered = np.sort(np.concatenate([np.asarray(values, float), np.full(censored, np.inf)]))
    low, high = _median_interval(ordered)
    return Metric(
        metric,
        unit,
        n=n,
        median=_finite(_quantile(ordered, 0.5)),
        ci_low=low,
        ci_high=high,
        p90=_finite(_quantile(ordered, 0.9)),
        p99=_finite(_quantile(ordered, 0.99)) if n >= ENOUGH_FOR_P99 else None,
        min=_finite(ordered[0]),
        max=_finite(ordered[-1]),
        censored=censored,
    )


def single(metric: str, unit: str, value: float, note: str = "") -> Metric:
    """A figure that was read once, such as a size."""
    return Metric(metric, unit, n=1, median=value, min=value, max=value, note=note)


def _quantile(ordered: np.ndarray[Any, np.dtype[np.float64]], share: float) -> float:
    # Linear interpolation between finite neighbours; infinity wins against anything finite.
    place = share * (len(ordered) - 1)
    below, above = math.floor(place), math.ceil(place)
    if below == above or ordered[above] == ordered[below]:
        return float(ordered[below])
    return float(ordered[below] + (ordered[above] - ordered[below]) * (place - below))


def _median_interval(
    ordered: np.ndarray[Any, np.dtype[np.float64]],
) -> tuple[float | None, float | None]:
    from scipy.stats import quantile_test  # a slow import, needed by a run's end only

    interval: Any = quantile_test(ordered, p=0.5).confidence_interval(CONFIDENCE)
    return _finite(interval.low), _finite(interval.high)


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
