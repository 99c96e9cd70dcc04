"""Words for intervals and quantiles of a comparison."""

from __future__ import annotations

import math
from collections.abc import Sequence

from reports.compare.changes import MANY_TIMES, Change, times
from reports.compare.statistics.sample_ratio import Interval
from reports.compare.statistics.shape import QuantileChange
from reports.compare.statistics.verdict import DIRECTION_WORDS, VERDICT_MEANINGS
from reports.model.metrics import format_number

_CHANGE = (
    "change: of restart latencies, the median ratio of one sample after to one before; else of the "
    "medians. p and intervals are corrected for the number of tests."
)
_EFFECT = "effect: Cliff's delta, -1 where every sample became lower, 1 where every one higher."
_UNTESTED = ", one figure each: no test of significance"


def legend(changes: Sequence[Change], *, roomy: bool) -> str:
    """Return what the words and columns of a table mean. roomy: it has all columns."""
    verdicts = {change.verdict for change in changes}
    if not verdicts.isdisjoint(DIRECTION_WORDS):
        verdicts.add("slower")
    meanings = [
        f"{meaning}." for verdict, meaning in VERDICT_MEANINGS.items() if verdict in verdicts
    ]
    if any(change.is_tested for change in changes):
        meanings += [_CHANGE, _EFFECT] if roomy else [_CHANGE]
    return " ".join(meanings)


def format_p(p: float | None) -> str:
    """Return a probability; empty for None."""
    if p is None:
        return ""
    return "<0.001" if p < 0.001 else f"{p:.3f}"


def format_interval(interval: Interval) -> str:
    """Return the ends of an interval in percent."""
    if interval.is_unbounded:
        return "unbounded"
    if math.isinf(interval.low) and math.isinf(interval.high):
        return "from 0"
    if math.isinf(interval.high):
        return f"{_end(interval.low)} or more"
    return f"{_end(interval.low)} to {_end(interval.high)}"


def describe_interval(interval: Interval) -> str:
    """Return an interval in brackets, after a space."""
    if interval.low >= MANY_TIMES and math.isfinite(interval.high):
        return f" ({times(interval.low)} to {times(interval.high)} times)"
    text = format_interval(interval)
    return f" ({text})" if text in ("unbounded", "from 0") else f" ({text} %)"


def describe_change(change: Change) -> str:
    """Return how far a figure changed, with its interval."""
    interval = _UNTESTED if change.interval is None else describe_interval(change.interval)
    return f"{change.contender} {change.metric} {change.percent_text}{interval}"


def describe_quantile_change(change: Change, item: QuantileChange) -> str:
    """Return how far a quantile of a figure changed, with its interval."""
    interval = "" if item.interval is None else describe_interval(item.interval)
    percent = "without end" if math.isinf(item.percent) else f"{item.percent:+.1f} %"
    return f"{change.contender} {change.metric}, p{item.quantile} {percent}{interval}"


def describe_quantiles(change: Change) -> str:
    """Return a sentence on a change that one percentage does not describe; it has quantiles."""
    if change.sampled is None:
        return ""
    if change.differs_in_shape:
        why = "differs in shape"
    elif change.sampled.several_modes:
        why = f"is {change.verdict} and has several modes"
    else:
        why = f"is {change.verdict} as a whole, though not in its median"
    quantiles = "; ".join(
        _describe_quantile(item, change.unit) for item in change.sampled.quantiles
    )
    return f"{change.label}, {change.metric} {why}: {quantiles}."


def _describe_quantile(item: QuantileChange, unit: str) -> str:
    before, after = (_number(value) for value in (item.before, item.after))
    interval = describe_interval(item.interval) if item.interval else ""
    return f"p{item.quantile} {before}, then {after} {unit}{interval}"


def _number(value: float) -> str:
    return "none" if math.isinf(value) else format_number(value)


def _end(percent: float) -> str:
    """Return an end of an interval, with a digit after the point where it matters."""
    return f"{percent + 0.0:+.1f}" if abs(percent) < 10 else f"{percent:+,.0f}"
