"""Which supervisor to choose when: answers that stated rules draw from a run's figures alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from bench.model.run_file import FLOOR, ContenderResult, MetricResult, Run
from provision.errors.text import count_words
from reports.article.counterparts import MIN_RATIO_TO_CALL_DIFFERENT, find_counterpart, is_far_above
from reports.model.contenders import build_name, contender_label, sort_contenders
from reports.model.metrics import find_metric, intervals_overlap
from reports.model.quantities import format_quantity
from reports.model.run_summary import ranking_obstacle

LIGHT_FACTOR = 1.5  # of the lowest memory
SLOW_MS = 1000.0
_NO_FIGURE = "This run has no such figure."
_FASTEST = (
    "the lowest median restart time of a daemon that ran for long, and every contender whose 95 % "
    "interval overlaps that one's"
)


@dataclass(frozen=True)
class Recommendation:
    """A question, the rule that answers it, and the answer that it gives for this run."""

    question: str
    rule: str
    answer: str


@dataclass(frozen=True)
class _Choice:
    """A question for the fastest of a group of contenders; group: its name in the rule."""

    question: str
    group: str
    includes: Callable[[ContenderResult], bool]


_CHOICES = (
    _Choice(
        "Which is fastest beside an init that is there already?",
        "among contenders that another PID 1 starts",
        lambda contender: not contender["pid1"],
    ),
    _Choice(
        "Which is fastest as PID 1?",
        "among contenders that are PID 1 themselves",
        lambda contender: contender["pid1"],
    ),
    _Choice(
        "Which is fastest for a daemon that detaches itself?",
        "among monitors",
        lambda contender: contender["role"] == "monitor",
    ),
    _Choice(
        "Which is fastest as packaged?",
        "among packages in the default profile, no builds or configurations of one's own",
        lambda contender: contender["profile"] == "default" and not build_name(contender),
    ),
)

# A contender with a metric that has a median, and that median.
Measurement = tuple[ContenderResult, MetricResult, float]


def recommend(run: Run) -> list[Recommendation]:
    """Return the answer to every question; it says so where this run cannot tell."""
    contenders = [item for item in sort_contenders(run) if item["supervisor"] != FLOOR]
    return [
        Recommendation("Which is fastest?", f"{_FASTEST}.", _fastest(run, contenders)),
        *(_fastest_of_choice(run, contenders, choice) for choice in _CHOICES),
        Recommendation(
            "Which is fastest for a daemon that ends soon after its start?",
            "among contenders that act on events, the lowest median for a daemon that ran for "
            "0.3 s, and every contender whose 95 % interval overlaps that one's. Contenders that "
            "act once a period are left out: such kills always fall into the same phase.",
            _fastest(run, [item for item in contenders if not item["period"]], "restart_short"),
        ),
        Recommendation(
            "Which takes least memory with ten services?",
            "the least private memory of the whole supervision tree with ten "
            f"services, and every contender within {LIGHT_FACTOR:g} times that.",
            _lightest(run, contenders),
        ),
        Recommendation(
            "Which default is worth changing?",
            f"where the default's median is at least {MIN_RATIO_TO_CALL_DIFFERENT:g} times the "
            "other profile's, and their 95 % intervals do not overlap.",
            _defaults_worth_changing(contenders),
        ),
        Recommendation(
            "Which takes a second or longer?",
            f"a median of {format_quantity(SLOW_MS, 'ms')} or more for a daemon that ran for long.",
            _slow(contenders),
        ),
        *(
            Recommendation(
                f"Which failed to restart a daemon that ran for {uptime}?",
                "any trial without a restart by its deadline. The setting stands in brackets.",
                _failed_to_restart(contenders, name),
            )
            for name, uptime in (("restart_long", "long"), ("restart_short", "0.3 s"))
        ),
    ]


def _fastest_of_choice(
    run: Run, contenders: Sequence[ContenderResult], choice: _Choice
) -> Recommendation:
    included = [contender for contender in contenders if choice.includes(contender)]
    rule = f"{choice.group}: {_FASTEST}."
    return Recommendation(choice.question, rule, _fastest(run, included))


def _measurements(
    contenders: Sequence[ContenderResult], scenario: str, name: str
) -> list[Measurement]:
    """Return the contenders that have a median of that metric, in the order given."""
    candidates = ((item, find_metric(item, scenario, name)) for item in contenders)
    return [
        (contender, metric, metric["median"])
        for contender, metric in candidates
        if metric and metric["median"] is not None
    ]


def _lowest_first(measurements: Sequence[Measurement]) -> list[Measurement]:
    return sorted(measurements, key=lambda measurement: measurement[2])


def _fastest(run: Run, contenders: Sequence[ContenderResult], name: str = "restart_long") -> str:
    measurements = _lowest_first(_measurements(contenders, "restart", name))
    if not measurements:
        return _NO_FIGURE
    if obstacle := ranking_obstacle(run):
        return f"This run cannot say: {obstacle}."
    fastest, best, median = measurements[0]
    if best["ci_low"] is None:
        # Without an interval every other could be as fast: the lowest is named, no more.
        name = _with_median(fastest, median)
        return f"{name}, of {best['n']} samples, too few to tell it from others."
    return _join(
        _with_median(contender, median)
        for contender, metric, median in measurements
        if intervals_overlap(best, metric)
    )


def _lightest(run: Run, contenders: Sequence[ContenderResult]) -> str:
    measurements = _lowest_first(_measurements(contenders, "footprint", "private_dirty_10"))
    if not measurements:
        return _NO_FIGURE
    if obstacle := ranking_obstacle(run):
        return f"This run cannot say: {obstacle}."
    lowest = measurements[0][2]
    return _join(
        f"{contender_label(contender)} ({format_quantity(memory, 'kB')})"
        for contender, _, memory in measurements
        if memory <= LIGHT_FACTOR * lowest
    )


def _defaults_worth_changing(contenders: Sequence[ContenderResult]) -> str:
    sentences = [
        f"{contender_label(contender)}: {format_quantity(better['median'], 'ms')} in place of "
        f"{format_quantity(default['median'], 'ms')} ({contender['setting']})"
        for contender, better, _ in _measurements(contenders, "restart", "restart_long")
        if contender["profile"] != "default"
        and (default := find_counterpart(contender, contenders, profile="default"))
        and is_far_above(default, better)
    ]
    return _join(sentences) if sentences else "None that this run can tell."


def _slow(contenders: Sequence[ContenderResult]) -> str:
    sentences = [
        _with_median(contender, median)
        + (f", which acts every {contender['period']:g} s" if contender["period"] else "")
        for contender, _, median in _measurements(contenders, "restart", "restart_long")
        if median >= SLOW_MS
    ]
    return _join(sentences) if sentences else "None."


def _failed_to_restart(contenders: Sequence[ContenderResult], name: str) -> str:
    sentences = [
        f"{contender_label(contender)}: {metric['censored']} of "
        f"{count_words(metric['n'], 'restart')} ({contender['setting']})"
        for contender in contenders
        if (metric := find_metric(contender, "restart", name)) and metric["censored"]
    ]
    return _join(sentences) if sentences else "None."


def _with_median(contender: ContenderResult, median: float) -> str:
    return f"{contender_label(contender)} ({format_quantity(median, 'ms')})"


def _join(phrases: Iterable[str]) -> str:
    return "; ".join(phrases) + "."
