"""A run on the terminal: the article's table, the latencies, and what went wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from reports.text import clean
from reports.view import LATENCY_COLUMNS, Row, counts, failures, rows, unranked

# On a narrower terminal these go, so that the rest need not be broken.
_ROOMY = 100
_FOR_ROOMY = frozenset({"min", "max"})


def show(run: dict[str, Any], console: Console, *, force: bool, folder: Path) -> int:
    """Print the run; returns 1 where something failed, else 0."""
    run = clean(run)
    found = rows(run)
    depth = ", quick: few trials" if run["quick"] else ""
    _say(
        console, f"{run['system']['title']} on {run['provider']['name']}{depth}, run {run['id']}",
        "bold",
    )  # fmt: skip
    for warning in run["warnings"]:
        _say(console, f"warning: {warning}", "yellow")
    console.print(article_table(found))
    if unranked(run) and not force:
        _say(console, "No ranking is printed; --force prints it all the same.")
    else:
        console.print(latency_table(found, roomy=console.width >= _ROOMY))
    _say(console, counts(run))
    for failure in failures(run):
        _say(console, f"{failure} (see {folder})", "red")
    return 1 if failures(run) else 0


def article_table(found: list[Row]) -> Table:
    """The article's table, with Responsiveness and VmPeak measured."""
    table = _table("Process supervision")
    table.add_column("supervisor")
    for heading in ("version", "process 1", "runner", "monitor"):
        table.add_column(heading)
    for heading in ("responsiveness", "VmPeak"):
        table.add_column(heading, justify="right")
    for row in found:
        cells = (
            row.label, row.version, row.process1, row.runner, row.monitor,
            row.responsiveness, row.vmpeak,
        )  # fmt: skip
        table.add_row(*(Text(cell) for cell in cells))
    return table


def latency_table(found: list[Row], *, roomy: bool) -> Table:
    """Restart latency, at long and at short uptime, fastest first; a column nobody fills goes."""
    ordered = sorted(found, key=lambda row: row.order)
    lines = [(row.label, *cells) for row in ordered for cells in row.latencies]
    shown = [
        index
        for index, heading in enumerate(LATENCY_COLUMNS)
        if any(line[index] for line in lines) and (roomy or heading not in _FOR_ROOMY)
    ]
    table = _table("Restart latency, ms, from SIGKILL to main()")
    for index in shown:
        table.add_column(LATENCY_COLUMNS[index], justify="left" if index < 2 else "right")
    for line in lines:
        table.add_row(*(Text(line[index]) for index in shown))
    return table


def _table(title: str) -> Table:
    return Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0),
                 show_edge=False)  # fmt: skip


def _say(console: Console, words: str, style: str = "") -> None:
    console.print(words, style=style, highlight=False, markup=False)
