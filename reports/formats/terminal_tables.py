"""The tables that a terminal shows of a run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich import box
from rich.table import Table
from rich.text import Text

from reports.model import blocks
from reports.model.behaviour_matrix import SIGNS, BehaviourMatrix
from reports.model.metrics import SAME_PHASE
from reports.model.summary_rows import LATENCY_COLUMNS, SAME_PHASE_MARK, SummaryRow

# A narrower terminal shows fewer columns, so that no cell is broken into lines.
ROOMY_WIDTH = 100
_ROOMY_ONLY = frozenset({"min", "max"})
_MAX_NARROW_VERSION = 8
_NARROW_HEADINGS = {"process 1": "process\n1", "responsiveness": "respon-\nsiveness"}
_RIGHT_ALIGNED = frozenset({"responsiveness", "VmPeak"})
_COLUMN_GAP = 2
_STYLES = {"yes": "green", "no": "red", "partly": "yellow"}


def plain_table(title: str, *, roomy: bool) -> Table:
    """Return an empty table in the style that all of them have."""
    return Table(title=title or None, title_justify="left", box=box.SIMPLE_HEAD, show_edge=False,
                 padding=(0, 1 if roomy else 0, 0, 0))  # fmt: skip


def article_table(rows: Sequence[SummaryRow], *, roomy: bool) -> Table:
    """Return the article's table; with lines of code where they were counted and fit."""
    table = plain_table("Process supervision", roomy=roomy)
    table.add_column("supervisor", no_wrap=True)
    table.add_column("version", no_wrap=True, max_width=None if roomy else _MAX_NARROW_VERSION)
    for heading in ("process 1", "runner", "monitor", "responsiveness", "VmPeak"):
        table.add_column(
            heading if roomy else _NARROW_HEADINGS.get(heading, heading),
            justify="right" if heading in _RIGHT_ALIGNED else "left",
        )
    if roomy and any(row.loc for row in rows):
        table.add_column("LOC", justify="right")
    for row in rows:
        cells = (
            row.label,
            row.version,
            row.process1,
            row.runner,
            row.monitor,
            row.responsiveness if roomy else row.responsiveness.removeprefix("not measured "),
            row.vmpeak,
            row.loc,
        )
        table.add_row(*map(Text, cells[: len(table.columns)]))
    return table


def latency_table(rows: Sequence[SummaryRow], *, roomy: bool) -> Table:
    """Return restart latencies at long and short uptime, fastest first, without empty columns."""
    fastest_first = sorted(rows, key=lambda row: row.median)
    lines = [(row.label, *cells) for row in fastest_first for cells in row.latencies]
    shown = [
        index
        for index, heading in enumerate(LATENCY_COLUMNS)
        if any(line[index] for line in lines) and (roomy or heading not in _ROOMY_ONLY)
    ]
    table = plain_table("Restart latency, ms, from SIGKILL to main()", roomy=True)
    for index in shown:
        table.add_column(LATENCY_COLUMNS[index], justify="left" if index < 2 else "right")
    for line in lines:
        table.add_row(*(Text(line[index]) for index in shown))
    if any(SAME_PHASE_MARK in line[1] for line in lines):
        table.caption, table.caption_justify = f"{SAME_PHASE_MARK} {SAME_PHASE}", "left"
    return table


def blocks_table(table: blocks.Table) -> Table:
    """Return a table of the article for the terminal, without its note."""
    result = plain_table(table.caption, roomy=True)
    for index, column in enumerate(table.columns):
        result.add_column(
            column.heading.lower(),
            justify="right" if column.numeric else "left",
            no_wrap=index == 0,
        )
    for row in table.rows:
        result.add_row(*(Text(cell.text) for cell in row))
    return result


def matrix_tables(matrix: BehaviourMatrix, width: int) -> Iterator[Table]:
    """Yield the matrix in as many tables as it takes to stay within that width."""
    label_width = max((len(row.label) for row in matrix.rows), default=0)
    first = 0
    while first < len(matrix.columns):
        last, used = first, label_width + _COLUMN_GAP
        while last < len(matrix.columns) and (
            last == first or used + _column_width(matrix, last) <= width
        ):
            used += _column_width(matrix, last)
            last += 1
        yield _matrix_table(matrix, first, last)
        first = last


def _column_width(matrix: BehaviourMatrix, index: int) -> int:
    column = matrix.columns[index]
    return max(len(column.scenario), len(column.behaviours)) + _COLUMN_GAP


def _matrix_table(matrix: BehaviourMatrix, first: int, last: int) -> Table:
    table = plain_table("Behaviours" if first == 0 else "", roomy=True)
    table.add_column("contender", no_wrap=True)
    for column in matrix.columns[first:last]:
        table.add_column(column.scenario, no_wrap=True)
    for row in matrix.rows:
        table.add_row(Text(row.label), *map(_styled_signs, row.cells[first:last]))
    return table


def _styled_signs(answers: Sequence[str]) -> Text:
    return Text.assemble(*((SIGNS[answer], _STYLES.get(answer, "dim")) for answer in answers))
