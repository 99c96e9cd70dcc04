"""Restart latency: a table of all contenders, and a picture for each supervisor."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from bench.model.run_file import FLOOR, ContenderResult, MetricResult, Run
from reports.article.charts.latency import share_chart
from reports.article.distributions import Distribution, floors_of_one_host
from reports.article.host_groups import group_by_host, host_suffix, numbered_name
from reports.model.blocks import (
    Block,
    Cell,
    Column,
    Figure,
    Panels,
    Paragraph,
    Section,
    Table,
    number_cell,
)
from reports.model.contenders import (
    applies_to,
    contender_label,
    full_name,
    sort_contenders,
)
from reports.model.metrics import (
    find_metric,
    format_count,
    is_same_phase,
    median_of,
)
from reports.model.quantities import describe_metric, format_quantity, format_span
from reports.model.reservations import restart_footnote, restart_hint
from reports.model.run_summary import ranking_obstacle, sort_supervisors
from reports.model.text import shorten

# The page must open at once, whatever was run: a picture with more lines says nothing.
_MAX_PANEL_LINES = 10
_COLUMNS = (
    Column("Contender"),
    Column("Median", numeric=True),
    Column("95 % interval", numeric=True, hint="of the median, exact, by order statistics"),
    Column("n", numeric=True, hint="number of restarts; censored: those that never came"),
    Column("p90", numeric=True, hint="nine of ten restarts are quicker"),
    Column("p99", numeric=True, hint="99 of 100 restarts are quicker"),
    Column("Min", numeric=True),
    Column("Max", numeric=True),
    Column("x floor", numeric=True, hint="the median over the floor's, the smallest supervisor"),
)
_NOTE = (
    "From the kill (SIGKILL) to the successor's main(), of a daemon that ran for longer than every "
    "hold-off of the supervisor, where nothing else is said. p99 stays empty below 100 restarts."
)
_HOW_TO_READ = (
    "How to read these: a line climbs from 0 to 100 % as restarts are done; a steep line is a "
    "steady supervisor, one that ends below 100 % lost some. Solid lines are of a daemon that ran "
    "for long, dashed ones of one that ran for 0.3 s; the grey one is the floor. All share one "
    "axis."
)


def latency_section(run: Run, distributions: Sequence[Distribution]) -> Section | None:
    """Return the section; None where nobody was asked to restart."""
    if not any("restart" in contender["scenarios"] for contender in run["contenders"]):
        return None
    table = Table(
        caption="Restart latency",
        columns=_COLUMNS,
        rows=tuple(row for contender in _ranked(run) for row in _table_rows(contender)),
        note=_NOTE,
    )
    return Section("latency", "All restart times", (table, *_panels(run, distributions)))


def _ranked(run: Run) -> list[ContenderResult]:
    """Return the contenders, fastest first; in the article's order where there is no ranking."""
    contenders = [item for item in sort_contenders(run) if applies_to(item, "restart")]
    if ranking_obstacle(run):
        return contenders
    return sorted(contenders, key=_median_or_infinite)


def _median_or_infinite(contender: ContenderResult) -> float:
    median = median_of(contender, "restart", "restart_long")
    return math.inf if median is None else median


def _table_rows(contender: ContenderResult) -> Iterator[tuple[Cell, ...]]:
    for uptime in ("long", "short"):
        metric = find_metric(contender, "restart", f"restart_{uptime}")
        if metric is not None:
            yield _metric_row(contender, uptime, metric)
        elif uptime == "long":
            yield _reason_row(contender)


def _metric_row(contender: ContenderResult, uptime: str, metric: MetricResult) -> tuple[Cell, ...]:
    same_phase = is_same_phase(contender, metric["metric"])
    footnote = restart_footnote(contender, metric["metric"])
    hint = restart_hint(contender, metric["metric"])
    median = _time_cell(metric["median"], footnote, hint)
    if metric["median"] is None:
        reason = "No restart was seen." if metric["n"] else f"{metric['note'].capitalize()}."
        median = Cell("none", math.inf, footnote=reason)
    return (
        _contender_cell(contender, uptime),
        median,
        Cell(format_span(metric["ci_low"], metric["ci_high"], "ms"), median.order),
        Cell(format_count(metric), metric["n"]),
        _time_cell(metric["p90"]),
        _time_cell(metric["p99"]),
        _time_cell(metric["min"]),
        _time_cell(metric["max"]),
        number_cell(None if same_phase else metric["floor_ratio"]),
    )


def _time_cell(ms: float | None, footnote: str = "", hint: str = "") -> Cell:
    order = math.inf if ms is None else ms
    return Cell(format_quantity(ms, "ms"), order, hint=hint, footnote=footnote)


def _reason_row(contender: ContenderResult) -> tuple[Cell, ...]:
    """Return a row that says why a contender has no latencies."""
    reason = describe_metric(contender, "restart", "restart_long")
    blank = number_cell(None)
    return (
        _contender_cell(contender, "long"),
        Cell("none", math.inf, footnote=f"{reason[:1].upper()}{reason[1:]}."),
        blank,
        Cell("0", 0),
        *([blank] * 5),
    )


def _contender_cell(contender: ContenderResult, uptime: str) -> Cell:
    return Cell(
        contender_label(contender),
        note="a daemon that ran for 0.3 s" if uptime == "short" else "",
        anchor=f"supervisor-{contender['supervisor']}",
        hint=full_name(contender),
    )


def _panels(run: Run, distributions: Sequence[Distribution]) -> list[Block]:
    """Return a picture for each supervisor and separate host, and how to read them."""
    if not distributions:
        return []
    low = min(item.values[0] for item in distributions) / 1.2
    high = max(item.values[-1] for item in distributions) * 1.2
    groups = group_by_host(run, distributions)
    figures = (
        _panel(run, name, index, group, low, high)
        for name in sort_supervisors(run)
        for index, group in enumerate(groups)
        if name != FLOOR
    )
    panels = Panels(tuple(figure for figure in figures if figure))
    return [Paragraph(_HOW_TO_READ, aside=True), panels]


def _panel(
    run: Run, supervisor: str, index: int, group: Sequence[Distribution], low: float, high: float
) -> Figure | None:
    """Return the picture of one supervisor on an axis from low to high ms; None: not measured."""
    labels = {
        contender_label(contender)
        for contender in run["contenders"]
        if contender["supervisor"] == supervisor
    }
    lines = [item for item in group if item.label in labels and not item.floor]
    if not lines:
        return None
    title = shorten(run["supervisors"][supervisor]["title"])
    floors = floors_of_one_host(group)[:1]
    grey = ", the floor in grey" if floors else ""
    return Figure(
        name=numbered_name(f"ecdf-{supervisor}", index),
        title=f"{title}{host_suffix(run, lines)}",
        alt=f"The share of {title}'s restarts done within a time, on a log axis from "
        f"{format_quantity(low, 'ms')} to {format_quantity(high, 'ms')}, a line for each "
        f"contender, dashed for a daemon 0.3 s up{grey}. The figures are in the table above.",
        svg=share_chart([*lines[:_MAX_PANEL_LINES], *floors], low, high),
    )
