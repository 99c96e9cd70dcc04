"""Statistics of samples with several modes, long tails, and ends that nobody saw."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, cast

from bench.model.run_file import Distribution, MetricResult

if TYPE_CHECKING:
    import numpy as np

CONFIDENCE = 0.95
MIN_SAMPLES_FOR_P99 = 100


@dataclass(frozen=True)
class Metric:
    """One figure of one contender in one scenario: an entry of `metrics` in run.json."""

    # Name, as docs/results.md lists it.
    metric: str
    # Unit of the figures; empty for a number of things.
    unit: str
    # Samples, censored ones among them.
    n: int = 0
    # Of this and the following figures, None: the samples do not determine it.
    median: float | None = None
    # 95 % interval of the median by order statistics, which assumes nothing of the distribution.
    ci_low: float | None = None
    ci_high: float | None = None
    p90: float | None = None
    # Of 100 samples or more.
    p99: float | None = None
    min: float | None = None
    max: float | None = None
    # Samples that never ended: they count as longer than every other.
    censored: int = 0
    # The median over the floor's; None until the run compares them.
    floor_ratio: float | None = None
    # "measured", or why there is no figure.
    status: str = "measured"
    # Explanation of the status, or of what the figure is of.
    note: str = ""

    def as_dict(self) -> MetricResult:
        """Return the fields by name, as run.json has them."""
        return cast(MetricResult, asdict(self))


def summarize(metric: str, unit: str, values: Sequence[float], censored: int = 0) -> Metric:
    """Compute the figures of a distribution.

    values: of the samples that ended. censored: samples that are longer than every other, by an
    unknown amount.
    """
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
        p99=_finite(_quantile(ordered, 0.99)) if n >= MIN_SAMPLES_FOR_P99 else None,
        min=_finite(ordered[0]),
        max=_finite(ordered[-1]),
        censored=censored,
    )


def single_value(metric: str, unit: str, value: float, note: str = "") -> Metric:
    """Return a figure that was read once, such as a size."""
    return Metric(metric, unit, n=1, median=value, min=value, max=value, note=note)


def distribution(values: Sequence[float]) -> Distribution | None:
    """Return the figures of values in us; None where there are none."""
    if not values:
        return None
    import numpy as np  # slow, and a run that is complete needs no figures

    enough = len(values) >= MIN_SAMPLES_FOR_P99
    return {
        "n": len(values),
        "median": round(statistics.median(values), 2),
        "p99": round(float(np.quantile(values, 0.99)), 2) if enough else None,
        "min": round(min(values), 2),
        "max": round(max(values), 2),
    }


def _quantile(ordered: np.ndarray[Any, np.dtype[np.float64]], share: float) -> float:
    # Linear interpolation between finite neighbours; next to infinity, infinity.
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
