"""A run on the terminal: the article's table, the latencies, and what went wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from reports.view import Row, counts, failures, rows, unranked


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
