"""Changes of figures: every metric that both runs have of a contender."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from bench.model.run_file import ContenderResult, MetricResult
from reports.compare.runs import RunWithSamples, contenders_of_both, metrics_of_both
from reports.compare.significance import SIGNIFICANT, holm_correction, rank_test
from reports.model.contenders import contender_label
from reports.model.metrics import intervals_overlap, is_same_phase

# All other metrics are better when lower. How often a supervisor starts a daemon that ends at once
# is its choice.
_HIGHER_IS_BETTER = ("scale_up_", "lines_kept")
_NEITHER_IS_BETTER = ("crash_starts", "crash_delay")
# A difference of two metrics that are compared themselves, and often near nothing.
_DERIVED_SUFFIX = "_per_service"
# Metrics with samples at hand, and the uptime of those samples.
_SAMPLED = {"restart_long": "long", "restart_short": "short"}
_TIME_UNITS = ("ms", "s")


@dataclass(frozen=True)
class Change:
    """One metric of one contender, before and after.

    p: probability of such samples if nothing changed, corrected over all tests of the comparison;
    None without samples.
    effect: Cliff's delta, from -1 (every sample after is lower) to 1; None without samples.
    disjoint: whether the 95 % intervals of the medians do not overlap; None without intervals.
    """

    contender: str
    label: str
    metric: str
    unit: str
    before: float
    after: float
    p: float | None = None
    effect: float | None = None
    disjoint: bool | None = None

    @property
    def percent(self) -> float:
        """By how much the median grew; infinite where it was 0 before."""
        growth = self.after - self.before
        if not self.before:
            return math.copysign(math.inf, growth) if growth else 0.0
        return 100 * growth / abs(self.before)

    @property
    def percent_text(self) -> str:
        """The percentage in words."""
        return "from 0" if math.isinf(self.percent) else f"{self.percent:+.1f} %"

    @property
    def percent_worse(self) -> float:
        """By how many percent it became worse; negative where it became better."""
        if self.metric.startswith(_NEITHER_IS_BETTER):
            return 0.0
        return -self.percent if self.metric.startswith(_HIGHER_IS_BETTER) else self.percent

    @property
    def is_tested(self) -> bool:
        """Whether samples or intervals allow a test of significance."""
        return self.p is not None or self.disjoint is not None

    @property
    def is_significant(self) -> bool:
        """Whether a test finds more than chance."""
        return bool(self.disjoint) if self.p is None else self.p < SIGNIFICANT

    @property
    def verdict(self) -> str:
        """One word on the change; only times are tested, so they become slower or faster."""
        if not self.is_tested:
            return "single"
        if not self.is_significant:
            return "chance"
        return "slower" if self.percent > 0 else "faster"

    def is_listed(self, min_percent: float) -> bool:
        """Tell whether it is significant or at least that many percent."""
        return self.is_significant or abs(self.percent) >= min_percent

    def is_regression(self, limit: float) -> bool:
        """Tell whether it became worse by more than that many percent, and not by chance."""
        return self.percent_worse > limit and (self.is_significant or not self.is_tested)


def compare_metrics(before: RunWithSamples, after: RunWithSamples) -> list[Change]:
    """Return the change of every metric that both runs have, in the article's order.

    Leaves out metrics that depend on when a poller looked, and those that follow from two others.
    """
    return _correct_for_number_of_tests(list(_changes(before, after)))


def _changes(before: RunWithSamples, after: RunWithSamples) -> Iterator[Change]:
    for old, new in contenders_of_both(before, after):
        for one, other in metrics_of_both(old, new):
            if one["median"] is None or other["median"] is None:
                continue
            if one["metric"].endswith(_DERIVED_SUFFIX) or _depends_on_phase(new, one):
                continue
            change = Change(
                contender=new["name"],
                label=contender_label(new),
                metric=one["metric"],
                unit=other["unit"],
                before=one["median"],
                after=other["median"],
                disjoint=_are_disjoint(one, other),
            )
            yield _with_test(change, before, after)


def _depends_on_phase(contender: ContenderResult, metric: MetricResult) -> bool:
    """Tell whether a time depends on when a poller looked more than on the poller."""
    once = metric["n"] == 1 and metric["unit"] in _TIME_UNITS and contender["period"] is not None
    return once or is_same_phase(contender, metric["metric"])


def _are_disjoint(one: MetricResult, other: MetricResult) -> bool | None:
    bounds = (one["ci_low"], one["ci_high"], other["ci_low"], other["ci_high"])
    return None if None in bounds else not intervals_overlap(one, other)


def _with_test(change: Change, before: RunWithSamples, after: RunWithSamples) -> Change:
    """Return the change with p, not yet corrected, and effect where samples are at hand."""
    uptime = _SAMPLED.get(change.metric)
    if uptime is None:
        return change
    result = rank_test(*(_latencies(run, change.contender, uptime) for run in (before, after)))
    return replace(change, p=result.p, effect=result.effect) if result else change


def _latencies(run: RunWithSamples, contender: str, uptime: str) -> list[float]:
    """Return all latencies in ms; infinite for a trial without a restart."""
    values, censored = run.samples.latencies(contender, uptime)
    return [*values, *([math.inf] * censored)]


def _correct_for_number_of_tests(changes: Sequence[Change]) -> list[Change]:
    corrected = iter(holm_correction([change.p for change in changes if change.p is not None]))
    return [
        change if change.p is None else replace(change, p=next(corrected)) for change in changes
    ]
