"""What the figures of a run cannot be, beyond what JSON Schema can say."""

from __future__ import annotations

import math
from itertools import pairwise

from bench.model.run_file import MetricResult

# Figures of a distribution, smallest first: none may be above a later one.
_ASCENDING = (("min", "ci_low", "median", "p90", "p99", "max"), ("median", "ci_high", "max"))
# Units of durations, none of which is negative.
DURATION_UNITS = ("ms", "s")
# What interpolation may lose, as a share.
_ROUNDING = 1e-9


def metric_fault(metric: MetricResult) -> str:
    """Return why a metric's figures cannot be; empty where they can."""
    values: dict[str, float] = {
        key: value for key, value in metric.items() if isinstance(value, float | int)
    }
    if not all(map(math.isfinite, values.values())):
        return "a figure is not a number"
    if metric["censored"] > metric["n"]:
        return f"{metric['censored']} of {metric['n']} samples are censored"
    if metric["unit"] in DURATION_UNITS and min(values.values()) < 0:
        return "a duration is negative"
    for keys in _ASCENDING:
        present = [key for key in keys if key in values]
        for low, high in pairwise(present):
            if values[low] > values[high] + _ROUNDING * abs(values[high]):
                return f"{low} is {values[low]:g}, above {high}, which is {values[high]:g}"
    return ""
