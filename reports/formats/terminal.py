"""A run on the terminal: the article's table, the latencies, and what went wrong."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from reports.article import blocks, run_facts
from reports.model.matrix import SIGNS, Matrix, matrix
from reports.model.text import clean
from reports.model.view import (
    LATENCY_COLUMNS,
    MARK,
    SAME_PHASE,
    Row,
    counts,
    failures,
    in_mode,
    label,
    rows,
    unranked,
)

# On a narrower terminal these go, so that the rest need not be broken.
ROOMY = 100
_FOR_ROOMY = frozenset({"min", "max"})

# A terminal of this many columns shows the matrix; a wider one gains nothing by longer lines.
_WIDEST = 120
_STYLES = {"yes": "green", "no": "red", "partly": "yellow"}


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
    roomy = console.width >= ROOMY
    console.print()
    console.print(article_table(found, roomy=roomy))
    if (why := unranked(run)) and not force:
        _say(console, f"No ranking is printed, for {why}; --force prints it all the same.")
    else:
        console.print()
        console.print(latency_table(found, roomy=roomy))
    console.print()
    show_matrix(matrix(run), console)
    _show_trust(run, console)
    for each in run["contenders"]:
        if mode := in_mode(each):
            _say(console, f"{label(each)}: {each['setting']}.{mode}")
    for each in run["absent"]:
        _say(console, f"{each['title']}: {each['reason']}")
    _say(console, counts(run))
    _say(console, run_facts.lasted(run))
    for failure in failures(run):
        _say(console, f"{failure} (see {folder})", "red")
    return 1 if failures(run) else 0


def _show_trust(run: dict[str, Any], console: Console) -> None:
    """Where restarts' time goes, what measured the instrument, and what is doubtful."""
    for table in (run_facts.split_table(run), run_facts.doubts_table(run)):
        if table is not None:
            console.print(_block(table))
            _say(console, f"{table.note}\n" if table.note else "")
    for line in filter(None, (run_facts.witnessed(run), run_facts.calibrated(run))):
        _say(console, line)
    for check in run_facts.checks(run):
        _say(console, f"  {check}")
    console.print()


def _block(block: blocks.Table) -> Table:
    """A table that every rendering has."""
    table = _table(block.caption, roomy=True)
    for number, column in enumerate(block.columns):
        table.add_column(
            column.heading.lower(),
            justify="right" if column.numeric else "left",
            no_wrap=number == 0,
        )
    for row in block.rows:
        table.add_row(*(Text(cell.text) for cell in row))
    return table


def article_table(found: list[Row], *, roomy: bool) -> Table:
    """The article's table, with Responsiveness and VmPeak measured; LOC where it was counted."""
    table = _table("Process supervision", roomy=roomy)
    table.add_column("supervisor", no_wrap=True)
    table.add_column("version", no_wrap=True, max_width=None if roomy else 8)
    for heading in ("process 1", "runner", "monitor", "responsiveness", "VmPeak"):
        narrow = {"process 1": "process\n1", "responsiveness": "respon-\nsiveness"}
        table.add_column(
            heading if roomy else narrow.get(heading, heading),
            justify="right" if heading in ("responsiveness", "VmPeak") else "left",
        )
    if roomy and any(row.loc for row in found):
        table.add_column("LOC", justify="right")
    for row in found:
        reply = row.responsiveness if roomy else row.responsiveness.removeprefix("not measured ")
        cells = (row.label, row.version, row.process1, row.runner, row.monitor, reply, row.vmpeak)
        table.add_row(*(Text(cell) for cell in (*cells, row.loc)[: len(table.columns)]))
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
    table = _table("Restart latency, ms, from SIGKILL to main()", roomy=True)
    for index in shown:
        table.add_column(LATENCY_COLUMNS[index], justify="left" if index < 2 else "right")
    for line in lines:
        table.add_row(*(Text(line[index]) for index in shown))
    if any(MARK in line[1] for line in lines):
        table.caption, table.caption_justify = f"{MARK} {SAME_PHASE}", "left"
    return table


def show_matrix(found: Matrix, console: Console) -> None:
    """Print the matrix and its legend; nothing where no scenario judges behaviours."""
    if not found.columns:
        return
    for table in matrix_tables(found, min(console.width, _WIDEST)):
        console.print(table)
        console.print()
    for line in (*found.legend(), "Why: ./inv report --why SUPERVISOR/SCENARIO", ""):
        _say(console, line)


def matrix_tables(found: Matrix, width: int) -> Iterator[Table]:
    """The matrix in as many tables as it takes to stay within that many columns of text."""
    names = max((len(line.label) for line in found.lines), default=0)
    first = 0
    while first < len(found.columns):
        last, used = first, names + 2
        while last < len(found.columns) and (last == first or used + _wide(found, last) <= width):
            used += _wide(found, last)
            last += 1
        yield _matrix_table(found, first, last)
        first = last


def _wide(found: Matrix, index: int) -> int:
    column = found.columns[index]
    return max(len(column.scenario), len(column.behaviours)) + 2


def _matrix_table(found: Matrix, first: int, last: int) -> Table:
    table = _table("Behaviours" if first == 0 else "", roomy=True)
    table.add_column("contender", no_wrap=True)
    for column in found.columns[first:last]:
        table.add_column(column.scenario, no_wrap=True)
    for line in found.lines:
        table.add_row(Text(line.label), *(_signs(cell) for cell in line.cells[first:last]))
    return table


def _signs(answers: tuple[str, ...]) -> Text:
    return Text.assemble(*((SIGNS[answer], _STYLES.get(answer, "dim")) for answer in answers))


def _table(title: str, *, roomy: bool) -> Table:
    return Table(title=title or None, title_justify="left", box=box.SIMPLE_HEAD, show_edge=False,
                 padding=(0, 1 if roomy else 0, 0, 0))  # fmt: skip


def _say(console: Console, words: str, style: str = "") -> None:
    console.print(words, style=style, highlight=False, markup=False)
