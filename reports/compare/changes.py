"""Changes of figures: every metric that both runs have of a contender."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

from bench.model.run_file import ContenderResult, MetricResult
from reports.compare.limits import Limits
from reports.compare.runs import RunWithSamples, contenders_of_both, metrics_of_both, name_in
from reports.compare.statistics.sample_ratio import Interval
from reports.compare.statistics.sample_tests import SampledChange, SamplePair, compare_samples
from reports.compare.statistics.shape import QuantileChange
from reports.compare.statistics.verdict import change_verdict
from reports.model.contenders import contender_label, pair_label
from reports.model.metrics import is_same_phase

# All other metrics are better when lower. How often a supervisor starts a daemon that ends at once
# is its choice.
_HIGHER_IS_BETTER = ("scale_up_", "lines_kept")
_NEITHER_IS_BETTER = ("crash_starts", "crash_delay")
# A difference of two metrics that are compared themselves, and often near nothing.
_DERIVED_SUFFIX = "_per_service"
# Metrics with samples at hand, and the uptime of those samples.
_SAMPLED = {"restart_long": "long", "restart_short": "short"}
_CLOCK_UNITS = ("ms", "s")
# From this growth in percent on, a sentence says how many times as much it is.
MANY_TIMES = 1000.0
# A metric before and after.
MetricPair = tuple[MetricResult, MetricResult]
# A regression of these quantiles is one of the metric: a slower best case alone is none.
_GATED_QUANTILES = (50, 90)


@dataclass(frozen=True)
class Change:
    """One metric of one contender, before and after.

    before, after: the medians in run.json. percent: the growth from before to after; infinite where
    it was 0 before. interval: of that percentage; None where it has no test of significance.
    sampled: None where no samples are at hand.
    """

    contender: str
    label: str
    metric: str
    unit: str
    before: float
    after: float
    percent: float
    interval: Interval | None = None
    sampled: SampledChange | None = None

    @property
    def percent_text(self) -> str:
        """The percentage in words."""
        if math.isinf(self.percent):
            return "from 0" if not self.before else "without end"
        if self.percent >= MANY_TIMES:
            return f"{times(self.percent)} times"
        return f"{round(self.percent, 1) + 0.0:+.1f} %"

    @property
    def percent_worse(self) -> float:
        """By how many percent it became worse; negative where it became better."""
        return self._direction * self.percent if self._direction else 0.0

    @property
    def p(self) -> float | None:
        """The probability of samples moved so far if nothing changed; None without samples."""
        return self.sampled.p if self.sampled else None

    @property
    def effect(self) -> float | None:
        """Cliff's delta; None without samples."""
        return self.sampled.effect if self.sampled else None

    @property
    def shown_p(self) -> float | None:
        """The probability of the test that gives its word; None without samples."""
        return self.sampled.shape_p if self.sampled and self.differs_in_shape else self.p

    @property
    def is_tested(self) -> bool:
        """Whether samples or intervals allow a test of significance."""
        return self.interval is not None

    @property
    def is_significant(self) -> bool:
        """Whether it became higher or lower by more than chance: its interval excludes 0."""
        return self.interval is not None and self.interval.excludes_zero

    @property
    def differs_in_shape(self) -> bool:
        """Whether the distribution differs by more than chance, and not as a whole up or down."""
        return self.sampled is not None and self.sampled.differs_in_shape

    @property
    def verdict(self) -> str:
        """A word or two on the change, such as slower."""
        return change_verdict(self.interval, self.unit, differs_in_shape=self.differs_in_shape)

    @property
    def needs_quantiles(self) -> bool:
        """Whether one percentage does not describe it: its shape, its modes or its median."""
        if not self.sampled or not self.sampled.quantiles:
            return False
        contrary = (self.after - self.before) * self.percent < 0
        return self.differs_in_shape or self.sampled.several_modes or contrary

    def is_listed(self, min_percent: float) -> bool:
        """Tell whether it is more than chance or at least that many percent."""
        return self.is_significant or self.differs_in_shape or abs(self.percent) >= min_percent

    def may_be_regression(self, limits: Limits) -> bool:
        """Tell whether it got worse by more than the limits, whatever its interval."""
        return self._exceeds(limits, self.percent_worse)

    def is_regression(self, limits: Limits) -> bool:
        """Tell whether it is shown to be worse by more than the limits.

        The whole interval must lie beyond them; where there is no interval, the percentage.
        """
        if self.interval is None:
            return self.may_be_regression(limits)
        if self._direction < 0:
            return self._exceeds(limits, -self.interval.high)
        return self._direction > 0 and self._exceeds(limits, self.interval.low)

    def _exceeds(self, limits: Limits, percent: float) -> bool:
        """Tell whether that many percent of the figure before are more than the limits."""
        growth = abs(self.after - self.before) if not self.before else math.inf
        amount = abs(self.before) * percent / 100 if math.isfinite(percent) else growth
        return limits.are_exceeded(percent, amount, self.unit)

    def gated_quantiles(self) -> list[QuantileChange]:
        """Return the quantiles that may be a regression by themselves; none without samples."""
        quantiles = self.sampled.quantiles if self.sampled else ()
        return [item for item in quantiles if item.quantile in _GATED_QUANTILES]

    @property
    def _direction(self) -> int:
        """1 where lower is better, -1 where higher is, 0 where neither is."""
        if self.metric.startswith(_NEITHER_IS_BETTER):
            return 0
        return -1 if self.metric.startswith(_HIGHER_IS_BETTER) else 1


def compare_metrics(before: RunWithSamples, after: RunWithSamples) -> list[Change]:
    """Return the change of every metric that both runs have, in the article's order.

    Leaves out metrics that depend on when a poller looked, and those that follow from two others.
    """
    changes = list(_changes(before, after))
    pairs = [_samples_of(change, before, after) for change in changes]
    sampled = iter(compare_samples([pair for pair in pairs if pair]))
    return [
        _with_samples(change, next(sampled)) if pair else change
        for change, pair in zip(changes, pairs, strict=True)
    ]


def _changes(before: RunWithSamples, after: RunWithSamples) -> Iterator[Change]:
    """Yield the changes by what run.json has alone."""
    for old, new in contenders_of_both(before, after):
        for one, other in metrics_of_both(old, new):
            if one["metric"].endswith(_DERIVED_SUFFIX) or _depends_on_phase(new, one):
                continue
            if change := _change(pair_label(old, new), new, one, other):
                yield change


def compare_figure(
    before: RunWithSamples,
    after: RunWithSamples,
    new: ContenderResult,
    metrics: MetricPair,
    comparisons: int = 1,
) -> Change | None:
    """Return the change of one metric of a contender, whatever it depends on.

    new: the contender in the later run. comparisons: as compare_samples has it. None where the
    metric has no median in one of the runs.
    """
    change = _change(contender_label(new), new, *metrics)
    pair = _samples_of(change, before, after) if change else None
    if change is None or pair is None:
        return change
    (sampled,) = compare_samples([pair], comparisons)
    return _with_samples(change, sampled)


def _change(
    label: str, new: ContenderResult, one: MetricResult, other: MetricResult
) -> Change | None:
    if one["median"] is None or other["median"] is None:
        return None
    return Change(
        contender=new["name"],
        label=label,
        metric=one["metric"],
        unit=other["unit"],
        before=one["median"],
        after=other["median"],
        percent=_percent(other["median"] - one["median"], one["median"]),
        interval=_interval_of_medians(one, other),
    )


def _depends_on_phase(contender: ContenderResult, metric: MetricResult) -> bool:
    """Tell whether a time depends on when a poller looked more than on the poller."""
    once = metric["n"] == 1 and metric["unit"] in _CLOCK_UNITS and contender["period"] is not None
    return once or is_same_phase(contender, metric["metric"])


def _interval_of_medians(one: MetricResult, other: MetricResult) -> Interval | None:
    """Return the interval that two intervals of medians give; None where one is missing.

    It excludes 0 exactly where they do not overlap.
    """
    low, high = one["ci_low"], one["ci_high"]
    other_low, other_high = other["ci_low"], other["ci_high"]
    if low is None or high is None or other_low is None or other_high is None:
        return None
    median = one["median"] or 0.0
    return Interval(_percent(other_low - high, median), _percent(other_high - low, median))


def times(percent: float) -> str:
    """Return how many times as much a growth makes, e.g. 355 for 35,400 %."""
    return f"{1 + percent / 100:,.0f}"


def _percent(growth: float, before: float) -> float:
    if not before:
        return math.copysign(math.inf, growth) if growth else 0.0
    return 100 * growth / abs(before)


def _samples_of(change: Change, before: RunWithSamples, after: RunWithSamples) -> SamplePair | None:
    """Return the samples of a metric in both runs; None where one has none."""
    uptime = _SAMPLED.get(change.metric)
    if uptime is None:
        return None
    old, new = (_latencies(run, name_in(run, change.contender), uptime) for run in (before, after))
    return (old, new) if old and new else None


def _latencies(run: RunWithSamples, contender: str, uptime: str) -> list[float]:
    """Return all latencies in ms; infinite for a trial without a restart."""
    values, censored = run.samples.latencies(contender, uptime)
    return [*values, *([math.inf] * censored)]


def _with_samples(change: Change, sampled: SampledChange) -> Change:
    return replace(change, percent=sampled.percent, interval=sampled.interval, sampled=sampled)
