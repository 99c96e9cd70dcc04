"""The figures of chosen metrics: a table each, a row a contender."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from bench.model.run_file import ContenderResult, MetricResult, Run
from bench.model.run_file.measured_daemon import is_of_own_daemon
from reports.model.blocks import Article, Cell, Column, Paragraph, Section, Table, number_cell
from reports.model.contenders import contender_label, sort_contenders
from reports.model.metrics import (
    SAME_PHASE,
    find_metric,
    format_count,
    format_interval,
    is_same_phase,
)
from reports.model.quantities import describe_metric
from reports.model.run_summary import describe_place, run_warnings

_READINESS = ("ready_long", "ready_short")
_FIGURES = ("median", "p90", "p99", "min", "max")


def figures_article(run: Run, metrics: Collection[str]) -> Article:
    """Return the tables of those metrics as an article; the run is sanitized."""
    sections = tuple(
        Section(f"figures-{number}", table.caption, (table,))
        for number, table in enumerate(figure_tables(run, metrics), start=1)
    )
    warnings = tuple(Paragraph(text) for text in run_warnings(run))
    return Article("Figures of supervisors", describe_place(run), warnings, sections)


def figure_tables(run: Run, metrics: Collection[str]) -> Iterator[Table]:
    """Yield a table for each metric and scenario that any contender has, without empty columns."""
    for scenario, metric, unit in _columns_of(run):
        if metric in metrics:
            yield _table(run, scenario, metric, unit)


def readiness_tables(run: Run) -> Iterator[Table]:
    """Yield how long a person's own program took to be ready; nothing of the suite's daemon."""
    if is_of_own_daemon(run):
        yield from figure_tables(run, _READINESS)


def _columns_of(run: Run) -> list[tuple[str, str, str]]:
    """Return each scenario and metric, in the order of the run, with the unit."""
    found: dict[tuple[str, str], str] = {}
    for contender in run["contenders"]:
        for scenario, result in contender["scenarios"].items():
            for metric in result["metrics"]:
                found.setdefault((scenario, metric["metric"]), metric["unit"])
    return [(*key, unit) for key, unit in found.items()]


def _table(run: Run, scenario: str, name: str, unit: str) -> Table:
    columns = (
        Column("Contender"),
        *(Column(heading, numeric=True) for heading in ("n", "Median", "95 % interval")),
        *(Column(key, numeric=True) for key in _FIGURES[1:]),
        Column("x floor", numeric=True),
        Column("Note"),
    )
    rows = [
        _row(contender, scenario, name)
        for contender in sort_contenders(run)
        if scenario in contender["scenarios"]
    ]
    shown = [
        index for index in range(len(columns)) if index < 3 or any(row[index].text for row in rows)
    ]
    return Table(
        caption=f"{name}{f', {unit}' if unit else ''} ({scenario})",
        columns=tuple(columns[index] for index in shown),
        rows=tuple(tuple(row[index] for index in shown) for row in rows),
    )


def _row(contender: ContenderResult, scenario: str, name: str) -> tuple[Cell, ...]:
    label = Cell(contender_label(contender))
    metric = find_metric(contender, scenario, name)
    if metric is None:
        note = describe_metric(contender, scenario, name)
        return (label, *(number_cell(None) for _ in range(8)), Cell(note))
    same_phase = is_same_phase(contender, name)
    median, *others = (number_cell(metric[key]) for key in _FIGURES)  # type: ignore[literal-required]
    ratio = None if same_phase else metric["floor_ratio"]
    note = SAME_PHASE if same_phase else _note(contender, scenario, metric)
    return (
        label,
        Cell(format_count(metric), metric["n"]),
        median,
        Cell(format_interval(metric), median.order),
        *others,
        number_cell(ratio),
        Cell(note),
    )


def _note(contender: ContenderResult, scenario: str, metric: MetricResult) -> str:
    if metric["median"] is not None:
        return ""
    return describe_metric(contender, scenario, metric["metric"])
