"""Order and units of what a report shows of a run."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import cast

from bench.model.run_file import ContenderResult, MetricResult, Run
from provision.systems import unknown_name_error
from reports.model.units import UNITS, conversion_factor

NAME = "name"
_FIGURES = ("median", "ci_low", "ci_high", "p90", "p99", "min", "max")


def sort_run(run: Run, key: str) -> Run:
    """Return a run with its contenders in another order, which is that of its rows, too.

    key: `name`, or a metric: the smallest median first. Raises Problem for another one.
    """
    metrics = dict.fromkeys(name for contender in run["contenders"] for name in _medians(contender))
    if key != NAME and key not in metrics:
        raise unknown_name_error("metric to sort by", key, [NAME, *metrics], "./inv --help report")
    ordered = sorted(
        run["contenders"],
        key=lambda one: one["name"] if key == NAME else _medians(one).get(key, math.inf),
    )
    ranked = [cast(ContenderResult, {**one, "rank": rank}) for rank, one in enumerate(ordered)]
    ranks: dict[str, int] = {}
    for contender in ranked:
        ranks.setdefault(contender["supervisor"], contender["rank"])
    supervisors = {
        name: {**facts, "rank": ranks.get(name, len(ranked))}
        for name, facts in run["supervisors"].items()
    }
    return cast(Run, {**run, "contenders": ranked, "supervisors": supervisors})


def check_units(units: Sequence[str]) -> None:
    """Raise Problem for a unit that no figure can be converted to."""
    for unit in units:
        if unit not in UNITS:
            raise unknown_name_error("unit", unit, list(UNITS), "./inv --help report")


def convert_units(run: Run, units: Sequence[str]) -> Run:
    """Return a run with its metrics in those units where these are of the same kind."""
    contenders = [
        {
            **contender,
            "scenarios": {
                name: {**result, "metrics": _converted(result["metrics"], units)}
                for name, result in contender["scenarios"].items()
            },
        }
        for contender in run["contenders"]
    ]
    return cast(Run, {**run, "contenders": contenders})


def _converted(metrics: Iterable[MetricResult], units: Sequence[str]) -> list[MetricResult]:
    return [_convert(metric, units) for metric in metrics]


def _convert(metric: MetricResult, units: Sequence[str]) -> MetricResult:
    for unit in units:
        factor = conversion_factor(metric["unit"], unit)
        if factor is not None:
            values = {
                key: value * factor
                for key in _FIGURES
                if (value := metric[key]) is not None  # type: ignore[literal-required]
            }
            return cast(MetricResult, {**metric, **values, "unit": unit})
    return metric


def _medians(contender: ContenderResult) -> dict[str, float]:
    return {
        metric["metric"]: math.inf if metric["median"] is None else metric["median"]
        for result in contender["scenarios"].values()
        for metric in result["metrics"]
    }
