"""Rules of run.json that JSON Schema cannot express: names that are unique, figures in order."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import pairwise

from bench.model.run_file import ContenderResult, MetricResult, Run

# Figures of a distribution, smallest first: none may be above a later one.
_ASCENDING = (("min", "ci_low", "median", "p90", "p99", "max"), ("median", "ci_high", "max"))
# Metrics that begin with a kill or a command, and so are never negative. Others begin with a stamp
# that is an upper bound, such as an end that was observed.
LATENCIES = (
    "^(restart_(long|short|alone|when_ready|when_not_ready)|ready_(long|short)|scale_restart_[0-9]+"
    "|storm_[0-9]+|stop|stop_ignoring_term|shutdown_(obedient|stubborn))$"
)
# What interpolation may lose, as a share.
_ROUNDING = 1e-9


def find_fault(run: Run) -> str:
    """Return the place and the kind of the first fault; empty where there is none."""
    return next(_faults(run), "")


def metric_fault(metric: MetricResult) -> str:
    """Return why a metric's figures cannot be; empty where they can."""
    values: dict[str, float] = {
        key: value for key, value in metric.items() if isinstance(value, float | int)
    }
    if not all(map(math.isfinite, values.values())):
        return "a figure is not a number"
    if metric["censored"] > metric["n"]:
        return f"{metric['censored']} of {metric['n']} samples are censored"
    if min(values.values()) < 0 and re.match(LATENCIES, metric["metric"]):
        return "a latency is negative"
    for keys in _ASCENDING:
        present = [key for key in keys if key in values]
        for low, high in pairwise(present):
            if values[low] > values[high] + _ROUNDING * abs(values[high]):
                return f"{low} is {values[low]:g}, above {high}, which is {values[high]:g}"
    return ""


def _faults(run: Run) -> Iterator[str]:
    for name in _repeated(contender["name"] for contender in run["contenders"]):
        yield f"$.contenders: two have the name {name}"
    if (alone := run["alone"]) and (fault := metric_fault(alone)):
        yield f"$.alone: {fault}"
    for index, contender in enumerate(run["contenders"]):
        for place, fault in _contender_faults(contender):
            yield f"$.contenders[{index}].{place}: {fault}"


def _contender_faults(contender: ContenderResult) -> Iterator[tuple[str, str]]:
    for scenario, result in contender["scenarios"].items():
        for name in _repeated(metric["metric"] for metric in result["metrics"]):
            yield f"scenarios.{scenario}.metrics", f"two have the name {name}"
        for index, metric in enumerate(result["metrics"]):
            if fault := metric_fault(metric):
                yield f"scenarios.{scenario}.metrics[{index}]", fault


def _repeated(names: Iterable[str]) -> list[str]:
    return [name for name, count in Counter(names).items() if count > 1]
