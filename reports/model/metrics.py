"""The metrics of a contender: how to find one, compare it and write it into a cell."""

from __future__ import annotations

import math

from bench.model.run_file import ContenderResult, MetricResult

# A daemon killed 0.3 s after its start meets a poller always at the same point of its period.
SAME_PHASE = "periodic: same phase, not ranked"


def find_metric(contender: ContenderResult, scenario: str, name: str) -> MetricResult | None:
    """Return one metric of a contender; None where the scenario did not bring it."""
    result = contender["scenarios"].get(scenario)
    metrics = result["metrics"] if result else []
    return next((metric for metric in metrics if metric["metric"] == name), None)


def median_of(contender: ContenderResult, scenario: str, name: str) -> float | None:
    """Return the median of one metric; None where there is none."""
    metric = find_metric(contender, scenario, name)
    return None if metric is None else metric["median"]


def is_same_phase(contender: ContenderResult, name: str) -> bool:
    """Tell whether a metric depends on the phase of the contender's period."""
    return contender["period"] is not None and name.endswith("_short")


def intervals_overlap(one: MetricResult, other: MetricResult) -> bool:
    """Tell whether the 95 % intervals of two medians may overlap; True where one is unknown."""
    low, high = one["ci_low"], one["ci_high"]
    other_low, other_high = other["ci_low"], other["ci_high"]
    if low is None or high is None or other_low is None or other_high is None:
        return True
    return low <= other_high and other_low <= high


def format_number(value: float | None) -> str:
    """Return a figure with three significant digits; empty for None."""
    if value is None:
        return ""
    if value == 0:
        return "0"
    digits = max(0, 2 - math.floor(math.log10(abs(value))))
    return f"{value:,.{digits}f}"


def round_figure(value: float) -> float:
    """Return a figure rounded to the three significant digits that format_number shows."""
    return float(f"{value:.3g}")


def format_count(metric: MetricResult) -> str:
    """Return the number of samples, and how many of them are censored."""
    censored = f" ({metric['censored']} censored)" if metric["censored"] else ""
    return f"{metric['n']}{censored}"


def format_interval(metric: MetricResult) -> str:
    """Return the 95 % interval of the median; empty where there is none."""
    if metric["ci_low"] is None or metric["ci_high"] is None:
        return ""
    return f"{format_number(metric['ci_low'])} to {format_number(metric['ci_high'])}"
