"""What the figures of a run say of one supervisor, a sentence each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bench.model.run_file import ContenderResult, MetricResult, Run
from reports.article.counterparts import delays_young_daemons, find_undoubted_counterpart
from reports.model.contenders import contender_label, has_measurements, sort_contenders
from reports.model.metrics import (
    find_metric,
    format_number,
    intervals_overlap,
    median_of,
)
from reports.model.quantities import format_quantity, format_span


def summarize_supervisor(run: Run, supervisor: str) -> list[str]:
    """Return sentences on each contender of a supervisor, then on how they compare."""
    contenders = [item for item in sort_contenders(run) if item["supervisor"] == supervisor]
    return [
        *(sentence for contender in contenders for sentence in _describe(contender)),
        *(sentence for contender in contenders for sentence in _compare(contender, contenders)),
    ]


def _describe(contender: ContenderResult) -> Iterator[str]:
    label = contender_label(contender)
    if contender["status"] == "failed" and not has_measurements(contender):
        yield f"{label} was not measured: {contender['reason'].splitlines()[0]}"
        return
    reasons: dict[str, list[str]] = {}
    for scenario, result in contender["scenarios"].items():
        if result["status"] != "measured":
            reason = f"{result['status']}, {result['note'].rstrip('.')}"
            reasons.setdefault(reason, []).append(scenario)
    for reason, names in reasons.items():
        yield f"{label}, {', '.join(names)}: {reason}."
    yield from _describe_restart(contender, label)
    yield from _describe_memory(contender, label)


def _describe_restart(contender: ContenderResult, label: str) -> Iterator[str]:
    long, short = (
        find_metric(contender, "restart", f"restart_{uptime}") for uptime in ("long", "short")
    )
    if not long or long["median"] is None:
        return
    yield f"{label} takes {_with_interval(long)} to restart a daemon that ran for long."
    period = contender["period"]
    if period:
        percent = long["median"] / period / 10
        yield f"{label} acts on a grid of {period:g} s; its median is {percent:.0f} % of that."
    if short and delays_young_daemons(contender):
        yield (
            f"{label} makes a daemon wait that dies 0.3 s after its start: "
            f"{format_quantity(short['median'], 'ms')}."
        )


def _describe_memory(contender: ContenderResult, label: str) -> Iterator[str]:
    one_service = median_of(contender, "footprint", "private_dirty_1")
    further_service = median_of(contender, "footprint", "private_dirty_per_service")
    if one_service is None or further_service is None:
        return
    # A tree with ten services that takes less than one with one was caught at another moment.
    further = (
        format_quantity(further_service, "kB") if further_service > 0 else "no more than noise"
    )
    yield (
        f"{label} takes {format_quantity(one_service, 'kB')} of private memory with one "
        f"service, and {further} for each further one."
    )


def _compare(contender: ContenderResult, contenders: Sequence[ContenderResult]) -> Iterator[str]:
    if contender["profile"] != "default":
        default = find_undoubted_counterpart(contender, contenders, profile="default")
        yield from _compare_with(contender, default, "than by default")
    if contender["pid1"]:
        hosted = find_undoubted_counterpart(contender, contenders, pid1=False)
        yield from _compare_with(contender, hosted, "than beside another init")


def _compare_with(
    contender: ContenderResult, other: MetricResult | None, than: str
) -> Iterator[str]:
    metric = find_metric(contender, "restart", "restart_long")
    if metric is None or other is None or intervals_overlap(metric, other):
        return
    if metric["median"] is None or other["median"] is None:
        return
    ratio = other["median"] / metric["median"]
    word = "faster" if ratio > 1 else "slower"
    factor = format_number(max(ratio, 1 / ratio))
    yield f"{contender_label(contender)} is {factor} times {word} {than}."


def _with_interval(metric: MetricResult) -> str:
    text = format_quantity(metric["median"], "ms")
    if interval := format_span(metric["ci_low"], metric["ci_high"], "ms"):
        text += f" (95 % interval {interval})"
    ratio = metric["floor_ratio"]
    return text + (f", {format_number(ratio)} x floor," if ratio and ratio != 1 else "")
