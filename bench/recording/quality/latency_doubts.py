"""Reasons to doubt one contender's restart latencies, each with its figure and the next step."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

from bench.model.events import RESTART, Event, events_of_kind
from bench.model.modes import modes
from bench.model.observation.latency import restart_latencies
from bench.model.observation.timing import format_duration
from bench.model.run_file import GuestFacts, MetricResult, QualityIssue, ScenarioResult

# How wide the median's interval may be: as a share of the median, or of a poller's period.
MAX_INTERVAL = 0.5
# With fewer, the smallest and the largest sample do not hold the median with 95 %: 1 - 2 / 2**n.
MIN_SAMPLES = 6
# Samples further from a mode's quartiles than so many interquartile ranges are outliers (Tukey's
# far fence); a larger share of them than that points at the host.
OUTLIER_FENCE, MAX_OUTLIERS = 3.0, 0.1


class _LoadBound(NamedTuple):
    """The largest share of the time that is no issue, and what to say above it."""

    figure: Literal["steal", "waiting", "busy"]
    bound: float
    finding: str
    advice: str


_LOAD_BOUNDS = (
    _LoadBound("steal", 0.02, "other machines on this hypervisor took {:.0%} of the processors",
               "move to a quieter machine"),
    _LoadBound("waiting", 0.25, "processes waited for a processor in {:.0%} of the time",
               "stop other programs on this host, or measure fewer contenders at once"),
    _LoadBound("busy", 0.75, "the processors were busy for {:.0%} of the time",
               "stop other programs on this host, or measure fewer contenders at once"),
)  # fmt: skip


def quality_issues(
    restart: ScenarioResult,
    guests: Sequence[GuestFacts],
    period: float | None,
    samples: Sequence[Event],
) -> list[QualityIssue]:
    """Return the reasons to doubt one contender's restart latencies.

    restart: the result of that scenario; period: a poller's, in s.
    """
    if restart["status"] != "measured":
        return []
    metrics = {metric["metric"]: metric for metric in restart["metrics"]}
    metric = metrics.get("restart_long")
    if metric is None or not metric["n"]:
        return []
    latencies = restart_latencies(
        trial
        for trial in events_of_kind(samples, RESTART)
        if trial["scenario"] == "restart" and trial["group"] == "long" and not trial["warmup"]
    )
    return [
        *_busy_host(guests),
        *_too_few_samples(metric, period),
        *_several_modes(latencies),
        *_many_outliers(latencies),
    ]


def _busy_host(guests: Sequence[GuestFacts]) -> Iterator[QualityIssue]:
    loads = [guest["load"]["restart"] for guest in guests if "restart" in guest.get("load", {})]
    for figure, bound, finding, advice in _LOAD_BOUNDS:
        worst = max((load.get(figure, 0.0) for load in loads), default=0.0)
        if worst > bound:
            text = f"During its trials {finding.format(worst)} (bound {bound:.0%}): {advice}."
            yield {"kind": "neighbour", "text": text}
            return


def _too_few_samples(metric: MetricResult, period: float | None) -> Iterator[QualityIssue]:
    if metric["median"] is None:
        return
    n, low, high = metric["n"], metric["ci_low"], metric["ci_high"]
    if metric["censored"] and high is None:
        yield {
            "kind": "few",
            "text": f"{metric['censored']} of {n} restarts did not come in time (bound: few enough "
            "for the median's interval to have an upper end). More trials would not help. Look "
            "for the reason in the service's own log, or with ./inv try and that supervisor.",
        }
        return
    if low is None or high is None:
        yield {
            "kind": "few",
            "text": f"{n} trials are too few for a 95 % interval (bound {MIN_SAMPLES}): measure "
            "again with --trials=10 or more.",
        }
        return
    width = (high - low) / (period * 1e3 if period else metric["median"])
    if width > MAX_INTERVAL:
        scale = "its period" if period else "the median"
        needed = math.ceil(n * (width / MAX_INTERVAL) ** 2)
        yield {
            "kind": "few",
            "text": f"With {n} trials, the median's interval is as wide as {width:.0%} of {scale} "
            f"(bound {MAX_INTERVAL:.0%}): measure again with about --trials={needed}.",
        }


def _several_modes(latencies: Sequence[float]) -> Iterator[QualityIssue]:
    groups = modes(latencies)
    if len(groups) < 2:
        return
    shares = ", ".join(
        f"{len(group) / len(latencies):.0%} near {_duration(statistics.median(group))}"
        for group in groups
    )
    yield {
        "kind": "modes",
        "text": f"The latencies have {len(groups)} modes ({shares}; bound 1): the median alone "
        "misleads, so look at the distribution.",
    }


def _many_outliers(latencies: Sequence[float]) -> Iterator[QualityIssue]:
    """Count samples that lie far from every mode, or in none."""
    groups = modes(latencies)
    count = len(latencies) - sum(map(len, groups)) + sum(map(_outliers_of_mode, groups))
    if latencies and count > MAX_OUTLIERS * len(latencies):
        yield {
            "kind": "outliers",
            "text": f"{count} of {len(latencies)} samples lie beyond {OUTLIER_FENCE:g} "
            f"interquartile ranges of their mode or in no mode, up to {_duration(max(latencies))} "
            f"(bound {MAX_OUTLIERS:.0%}); all of them count. Stop other programs on this host, "
            "then measure again.",
        }


def _outliers_of_mode(group: Sequence[float]) -> int:
    import numpy as np

    low, high = np.quantile(group, [0.25, 0.75])
    reach = OUTLIER_FENCE * (high - low)
    return int(np.sum((np.asarray(group) < low - reach) | (np.asarray(group) > high + reach)))


def _duration(milliseconds: float) -> str:
    return format_duration(milliseconds / 1e3)
