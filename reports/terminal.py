"""A run on the terminal: the article's table, the latencies, and what went wrong."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from reports.matrix import SIGNS, Matrix, matrix
from reports.view import Row, counts, failures, rows, unranked

# A terminal of this many columns shows the matrix; a wider one gains nothing by longer lines.
_WIDEST = 120
_STYLES = {"yes": "green", "no": "red", "partly": "yellow"}


def show(run: dict[str, Any], console: Console, *, force: bool, folder: Path) -> int:
    """Print the run; returns 1 where something failed, else 0."""
    found = rows(run)
    depth = ", quick: few trials" if run["quick"] else ""
    console.print(
        f"{run['system']['title']} on {run['provider']['name']}{depth}, run {run['id']}",
        style="bold", highlight=False,
    )  # fmt: skip
    for warning in run["warnings"]:
        console.print(f"warning: {warning}", style="yellow", highlight=False)
    console.print(article_table(found))
    if unranked(run) and not force:
        console.print("No ranking is printed; --force prints it all the same.", highlight=False)
    else:
        console.print(latency_table(found))
    behaviours = matrix(run)
    for table in matrix_tables(behaviours, min(console.width, _WIDEST)):
        console.print(table)
    if behaviours.columns:
        for line in behaviours.legend():
            console.print(line, highlight=False, markup=False)
        console.print("Why: ./inv report --why SUPERVISOR/SCENARIO", highlight=False)
    console.print(counts(run), highlight=False)
    for failure in failures(run):
        console.print(f"{failure} (see {folder})", style="red", highlight=False, markup=False)
    return 1 if failures(run) else 0


def article_table(found: list[Row]) -> Table:
    """The article's table, with Responsiveness and VmPeak measured."""
    table = Table(title="Process supervision", title_justify="left")
    table.add_column("supervisor")
    for heading in ("version", "process 1", "runner", "monitor"):
        table.add_column(heading)
    for heading in ("responsiveness", "VmPeak"):
        table.add_column(heading, justify="right")
    for row in found:
        table.add_row(
            row.label, row.version, row.process1, row.runner, row.monitor,
            row.responsiveness, row.vmpeak,
        )  # fmt: skip
    return table


def latency_table(found: list[Row]) -> Table:
    """Restart latency, at long and at short uptime, fastest first."""
    table = Table(title="Restart latency, ms, from SIGKILL to main()", title_justify="left")
    table.add_column("contender")
    table.add_column("uptime")
    for heading in ("n", "median", "95 % interval", "p90", "p99", "min", "max", "x floor"):
        table.add_column(heading, justify="right")
    for row in sorted(found, key=lambda row: row.order):
        for cells in row.latencies:
            table.add_row(row.label, *cells)
    return table


def matrix_tables(found: Matrix, width: int) -> Iterator[Table]:
    """The matrix in as many tables as it takes to stay within that many columns of text."""
    names = max((len(line.label) for line in found.lines), default=0)
    first = 0
    while first < len(found.columns):
        last, used = first, names + 4
        while last < len(found.columns) and (last == first or used + _wide(found, last) <= width):
            used += _wide(found, last)
            last += 1
        yield _matrix_table(found, first, last)
        first = last


def _wide(found: Matrix, index: int) -> int:
    column = found.columns[index]
    return max(len(column.scenario), len(column.behaviours)) + 3


def _matrix_table(found: Matrix, first: int, last: int) -> Table:
    table = Table(title="Behaviours" if first == 0 else None, title_justify="left")
    table.add_column("contender", no_wrap=True)
    for column in found.columns[first:last]:
        table.add_column(column.scenario, no_wrap=True)
    for line in found.lines:
        table.add_row(line.label, *(_signs(cell) for cell in line.cells[first:last]))
    return table


def _signs(answers: tuple[str, ...]) -> Text:
    return Text.assemble(*((SIGNS[answer], _STYLES.get(answer, "dim")) for answer in answers))
