"""Comparing a contender with another of its supervisor that differs in one setting."""

from __future__ import annotations

from collections.abc import Sequence

from bench.model.run_file import ContenderResult, MetricResult
from reports.model.metrics import find_metric, intervals_overlap

# A figure must be this many times another before a sentence calls it different.
MIN_RATIO_TO_CALL_DIFFERENT = 2.0
# A look and a delay of one period each explain a restart of a poller; more is a wait on purpose.
_PERIODS_WITHOUT_A_WAIT = 2.0
_Setting = tuple[str, str, str, bool, str | None]


def find_counterpart(
    contender: ContenderResult,
    contenders: Sequence[ContenderResult],
    *,
    profile: str | None = None,
    pid1: bool | None = None,
) -> MetricResult | None:
    """Return the restart latency of the contender with another profile or place, on the same host.

    None where there is no such contender, or where it has no median.
    """
    counterpart = _counterpart(contender, contenders, profile, pid1)
    return _median_metric(counterpart) if counterpart else None


def find_undoubted_counterpart(
    contender: ContenderResult,
    contenders: Sequence[ContenderResult],
    *,
    profile: str | None = None,
    pid1: bool | None = None,
) -> MetricResult | None:
    """Return the same as find_counterpart; None, too, where a doubt may explain the difference.

    A busy host does not double a median.
    """
    counterpart = _counterpart(contender, contenders, profile, pid1)
    own, other = _median_metric(contender), counterpart and _median_metric(counterpart)
    if counterpart is None or own is None or other is None:
        return None
    is_doubtful = contender.get("doubts") or counterpart.get("doubts")
    if is_doubtful and not (is_far_above(own, other) or is_far_above(other, own)):
        return None
    return other


def _counterpart(
    contender: ContenderResult,
    contenders: Sequence[ContenderResult],
    profile: str | None,
    pid1: bool | None,
) -> ContenderResult | None:
    supervisor, role, own_profile, own_pid1, host = _setting(contender)
    target = (
        supervisor,
        role,
        own_profile if profile is None else profile,
        own_pid1 if pid1 is None else pid1,
        host,
    )
    return next((item for item in contenders if _setting(item) == target), None)


def _median_metric(contender: ContenderResult) -> MetricResult | None:
    metric = find_metric(contender, "restart", "restart_long")
    return metric if metric and metric["median"] is not None else None


def is_far_above(one: MetricResult, other: MetricResult) -> bool:
    """Tell whether a median is at least twice another, and their intervals do not overlap."""
    if one["median"] is None or other["median"] is None:
        return False
    return one["median"] >= MIN_RATIO_TO_CALL_DIFFERENT * other["median"] and not intervals_overlap(
        one, other
    )


def delays_young_daemons(contender: ContenderResult) -> bool:
    """Tell whether a daemon that ran for 0.3 s waits for its restart on purpose.

    Its median is far above that of a daemon that ran for long. A kill after 0.3 s always meets a
    poller at the same point of its period: there, every such restart took longer than all of the
    others, and their median is longer than two periods.
    """
    long, short = (
        find_metric(contender, "restart", f"restart_{name}") for name in ("long", "short")
    )
    if long is None or short is None or short["median"] is None:
        return False
    if not contender["period"]:
        return is_far_above(short, long)
    if short["min"] is None or long["max"] is None or long["censored"]:
        return False
    periods = short["median"] / (contender["period"] * 1000)
    return periods > _PERIODS_WITHOUT_A_WAIT and short["min"] > long["max"]


def _setting(contender: ContenderResult) -> _Setting:
    return (
        contender["supervisor"],
        contender["role"],
        contender["profile"],
        contender["pid1"],
        contender.get("host"),
    )
