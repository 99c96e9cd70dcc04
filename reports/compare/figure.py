"""One figure of one contender in two runs, by the test that every comparison uses."""

from __future__ import annotations

from provision.errors import Problem
from provision.systems import unknown_name_error
from reports.compare.changes import Change, compare_figure
from reports.compare.runs import RunWithSamples, contenders_of_both, metrics_of_both
from reports.compare.wording import describe_interval
from reports.model.metrics import format_number


def figure_change(
    before: RunWithSamples, after: RunWithSamples, metric: str, comparisons: int = 1
) -> Change:
    """Return the change of a metric of the first contender that has it in both runs.

    comparisons: how many of these answer one question: restart latencies are corrected for them.
    Raises Problem where neither has it, and where it has no test of significance.
    """
    metrics: list[str] = []
    for old, new in contenders_of_both(before, after):
        for one, other in metrics_of_both(old, new):
            metrics.append(one["metric"])
            if one["metric"] != metric:
                continue
            change = compare_figure(before, after, new, (one, other), comparisons)
            if change is None or not change.is_tested:
                raise _untested_error(metric)
            return change
    raise unknown_name_error("metric", metric, list(dict.fromkeys(metrics)))


def _untested_error(metric: str) -> Problem:
    return Problem(
        f"{metric} is a single figure, or has too few samples: no test can tell a change of it.",
        advice="Take restart_long or restart_short, or more --trials.",
        usage=True,
    )


def finding_lines(
    name: str, neighbours: tuple[str, str], measured: tuple[str, ...], change: Change
) -> list[str]:
    """Return what a bisection found, in words; equal neighbours: nothing.

    measured: versions, in the order in which they were measured.
    """
    before, after = neighbours
    interval = describe_interval(change.interval) if change.interval else ""
    figures = (
        f"{change.metric} {format_number(change.before)}, then {format_number(change.after)}"
        f" {change.unit}, {change.percent_text}{interval}"
    )
    order = f"Measured, in this order: {', '.join(measured)}."
    if before == after:
        return [f"{name}: no change by more than chance between the ends: {figures}.", order]
    if not change.is_significant:
        return [
            f"{name} changed after {measured[0]}, in {after} at the latest. In which version, these"
            f" trials do not show: from {before} to {after}, {figures}. More --trials would.",
            order,
        ]
    return [f"{name} changed in {after} ({before}: not yet): {figures}.", order]
