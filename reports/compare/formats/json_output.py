"""A comparison of runs as JSON, for other programs; docs/compare.md describes the keys."""

from __future__ import annotations

import json
import math
from typing import Any

from reports.compare.behaviour_changes import BehaviourChange
from reports.compare.changes import Change
from reports.compare.comparison import Comparison, Comparisons
from reports.compare.runs import contenders_of_both
from reports.compare.statistics.sample_ratio import Interval
from reports.compare.statistics.shape import QuantileChange

# The version of this format; a higher number means that an older reader would misunderstand it.
_SCHEMA = 1


def render_comparisons(comparisons: Comparisons) -> str:
    """Return the comparison. Figures that are infinite or do not exist are null."""
    facts = {
        "schema": _SCHEMA,
        "fail_on": comparisons.fail_on or None,
        "failed": bool(comparisons.regressions) if comparisons.fail_on else None,
        "comparisons": [_comparison_facts(item) for item in comparisons.items],
    }
    return json.dumps(facts, indent=1, allow_nan=False) + "\n"


def _comparison_facts(comparison: Comparison) -> dict[str, Any]:
    return {
        "before": comparison.before.run["id"],
        "after": comparison.after.run["id"],
        "cautions": comparison.cautions,
        "regressions": comparison.regressions,
        "undecided": comparison.undecided,
        "unjudged": comparison.unjudged,
        "builds": _build_facts(comparison),
        "changes": [_change_facts(change) for change in comparison.changes],
        "behaviour_changes": [_behaviour_facts(one) for one in comparison.behaviour_changes],
        "only_before": [contender["name"] for contender in comparison.only_before],
        "only_after": [contender["name"] for contender in comparison.only_after],
    }


def _build_facts(comparison: Comparison) -> dict[str, list[str | None]]:
    """Return the digests of both builds by contender, where one of them is an overlay's."""
    pairs = contenders_of_both(comparison.before, comparison.after)
    digests = {
        new["name"]: [item.get("source", {}).get("sha256") for item in (old, new)]
        for old, new in pairs
    }
    return {name: both for name, both in digests.items() if any(both)}


def _change_facts(change: Change) -> dict[str, Any]:
    sampled = change.sampled
    return {
        "contender": change.contender,
        "metric": change.metric,
        "unit": change.unit,
        "before": change.before,
        "after": change.after,
        "percent": _finite(change.percent),
        "interval": _interval_facts(change.interval),
        "p": change.p,
        "shape_p": sampled.shape_p if sampled else None,
        "effect": change.effect,
        "verdict": change.verdict,
        "quantiles": [_quantile_facts(item) for item in sampled.quantiles] if sampled else [],
    }


def _quantile_facts(item: QuantileChange) -> dict[str, Any]:
    return {
        "quantile": item.quantile,
        "before": _finite(item.before),
        "after": _finite(item.after),
        "percent": _finite(item.percent),
        "interval": _interval_facts(item.interval),
    }


def _behaviour_facts(change: BehaviourChange) -> dict[str, Any]:
    return {
        "contender": change.contender,
        "what": change.what,
        "before": change.before,
        "after": change.after,
        "worse": change.worse,
    }


def _interval_facts(interval: Interval | None) -> list[float | None] | None:
    return None if interval is None else [_finite(interval.low), _finite(interval.high)]


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
