"""Figures in words: in the unit that suits their size (2.70 ms, 1.00 s, 2 min), or why not."""

from __future__ import annotations

from dataclasses import dataclass

from bench.model.run_file import ContenderResult
from reports.model.metrics import find_metric, format_number, round_figure
from reports.model.units import conversion_factor


@dataclass(frozen=True)
class _Scale:
    """A unit, the number of base units in it, and from which number of these on it is used."""

    unit: str
    size: float
    least: float


# The smallest first. Most times below 1 ms stay in ms, so that a column of restarts compares at a
# look.
_TIMES = (
    _Scale("us", 0.001, 0),
    _Scale("ms", 1, 0.01),
    _Scale("s", 1000, 1000),
    _Scale("min", 60_000, 100_000),
)
_MEMORY = (_Scale("kB", 1, 0), _Scale("MiB", 1024, 1024), _Scale("GiB", 1024**2, 1024**2))
_MINUTES_DIGITS = 2


def format_quantity(value: float | None, unit: str) -> str:
    """Return a figure with three significant digits and its unit; empty for None."""
    if value is None:
        return ""
    scale, base = _scale_of(value, unit)
    return f"{_digits(base / scale.size, scale)} {scale.unit}".strip()


def format_span(low: float | None, high: float | None, unit: str) -> str:
    """Return an interval in one unit, that of its upper end; empty where an end is unknown."""
    if low is None or high is None:
        return ""
    scale, base = _scale_of(high, unit)
    lower = low * base / high if high else 0.0
    ends = (_digits(end / scale.size, scale) for end in (lower, base))
    return f"{' to '.join(ends)} {scale.unit}".strip()


def _scale_of(value: float, unit: str) -> tuple[_Scale, float]:
    """Return the scale that suits a value, and the value in the kind's base unit."""
    for scales in (_TIMES, _MEMORY):
        factor = conversion_factor(unit, next(scale.unit for scale in scales if scale.size == 1))
        if factor is not None:
            base = value * factor
            # What rounds to 1,000 ms is 1 s, and 0 has the unit of most figures.
            size = max(abs(base), abs(round_figure(base))) or 1
            return [scale for scale in scales if size >= scale.least][-1], base
    return _Scale(unit, 1, 0), value


def _digits(value: float, scale: _Scale) -> str:
    if scale.unit == "min" and value < 10**_MINUTES_DIGITS:
        return f"{value:.{_MINUTES_DIGITS}g}"
    return format_number(round_figure(value))


def describe_metric(contender: ContenderResult, scenario: str, name: str) -> str:
    """Return the median of a metric with its unit, or why there is none."""
    result = contender["scenarios"].get(scenario)
    if result is None:
        return "not asked for"
    if result["status"] in ("failed", "unfinished"):
        return str(result["status"])
    if result["status"] != "measured":
        return f"{result['status']} ({result['note']})"
    metric = find_metric(contender, scenario, name)
    if metric is None or metric["status"] != "measured":
        return f"not measured ({metric['note'] if metric else 'no samples'})"
    if metric["median"] is None:
        return f"no restart seen ({metric['censored']} of {metric['n']})"
    return format_quantity(metric["median"], metric["unit"])
