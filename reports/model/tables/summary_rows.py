"""The rows that the terminal shows of a run, one a contender, each cell as text."""

from __future__ import annotations

import math
from dataclasses import dataclass

from bench.model.run_file import ContenderResult, MetricResult, Run, SupervisorFacts
from reports.model.contenders import applies_to, contender_label, sort_contenders
from reports.model.lines_of_code import lines_of_code
from reports.model.metrics import (
    find_metric,
    format_count,
    format_interval,
    format_number,
    is_same_phase,
)
from reports.model.quantities import describe_metric

LATENCY_COLUMNS = ("contender", "uptime", "n", "median", "95 % interval", "p90", "p99", "min",
                   "max", "x floor")  # fmt: skip
SAME_PHASE_MARK = "*"


@dataclass(frozen=True)
class SummaryRow:
    """One contender.

    median: of the restart latency of a daemon long up, infinite where there is none.
    latencies: the cells of LATENCY_COLUMNS without the first, a tuple for each uptime.
    """

    name: str
    label: str
    version: str
    process1: str
    runner: str
    monitor: str
    responsiveness: str
    vmpeak: str
    loc: str
    median: float
    latencies: tuple[tuple[str, ...], ...]


def summary_rows(run: Run) -> list[SummaryRow]:
    """Return a row for every contender of a run, in the article's order.

    Without those whose profile is for something else than restarts.
    """
    supervisors = run["supervisors"]
    return [
        _summary_row(contender, supervisors[contender["supervisor"]])
        for contender in sort_contenders(run)
        if applies_to(contender, "restart")
    ]


def _summary_row(contender: ContenderResult, supervisor: SupervisorFacts) -> SummaryRow:
    restart = find_metric(contender, "restart", "restart_long")
    lines = lines_of_code(supervisor, {contender["version"]}).lines
    return SummaryRow(
        name=contender["name"],
        label=contender_label(contender),
        version=contender["version"] or "?",
        process1=_process1(contender),
        runner="yes" if contender["role"] == "runner" else "",
        monitor="yes" if contender["role"] == "monitor" else "",
        responsiveness=describe_metric(contender, "restart", "restart_long"),
        vmpeak=describe_metric(contender, "footprint", "vmpeak"),
        loc="" if lines is None else f"{lines:,}",
        median=restart["median"] if restart and restart["median"] is not None else math.inf,
        latencies=tuple(
            _latency_cells(metric, uptime, is_same_phase(contender, metric["metric"]))
            for uptime in ("long", "short")
            if (metric := find_metric(contender, "restart", f"restart_{uptime}"))
        ),
    )


def _process1(contender: ContenderResult) -> str:
    if contender["needs_pid1"]:
        return "needed"
    return "possible" if contender["can_pid1"] else ""


def _latency_cells(metric: MetricResult, uptime: str, same_phase: bool) -> tuple[str, ...]:
    return (
        uptime + (SAME_PHASE_MARK if same_phase else ""),
        format_count(metric),
        format_number(metric["median"]),
        format_interval(metric),
        format_number(metric["p90"]),
        format_number(metric["p99"]),
        format_number(metric["min"]),
        format_number(metric["max"]),
        "" if same_phase else format_number(metric["floor_ratio"]),
    )
