"""The tables that a terminal shows of a run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich import box
from rich.table import Table
from rich.text import Text

from reports.formats.fitting import TextColumn, TextTable
from reports.model import blocks
from reports.model.metrics import SAME_PHASE
from reports.model.tables.behaviour_matrix import SIGNS, BehaviourMatrix
from reports.model.tables.summary_rows import LATENCY_COLUMNS, SAME_PHASE_MARK, SummaryRow

_LATENCY_KEYS = 2  # contender and uptime
# What a narrow terminal leaves out, the highest first: there is room for whole figures only.
_LATENCY_OPTIONAL = {"max": 6, "min": 5, "p99": 4, "p90": 3, "x floor": 2, "n": 1}
_COLUMN_GAP = 2
_STYLES = {"yes": "green", "no": "red", "partly": "yellow"}


def article_table(rows: Sequence[SummaryRow]) -> TextTable:
    """Return the article's table; with lines of code where they were counted."""
    columns = [
        TextColumn("supervisor", key=True),
        TextColumn("version", optional=4),
        TextColumn("process 1", optional=1),
        TextColumn("runner", optional=2),
        TextColumn("monitor", optional=3),
        TextColumn("responsiveness", right=True),
        TextColumn("VmPeak", right=True),
        TextColumn("LOC", right=True, optional=5),
    ]
    cells = [
        (row.label, row.version, row.process1, row.runner, row.monitor, row.responsiveness,
         row.vmpeak, row.loc)
        for row in rows
    ]  # fmt: skip
    if not any(row.loc for row in rows):
        columns.pop()
    return TextTable("Process supervision", columns, [row[: len(columns)] for row in cells])


def latency_table(rows: Sequence[SummaryRow]) -> TextTable:
    """Return restart latencies at long and short uptime, fastest first, without empty columns."""
    fastest_first = sorted(rows, key=lambda row: row.median)
    lines = [(row.label, *cells) for row in fastest_first for cells in row.latencies]
    shown = [index for index in range(len(LATENCY_COLUMNS)) if any(line[index] for line in lines)]
    columns = [
        TextColumn(
            LATENCY_COLUMNS[index],
            right=index >= _LATENCY_KEYS,
            key=index < _LATENCY_KEYS,
            optional=_LATENCY_OPTIONAL.get(LATENCY_COLUMNS[index], 0),
        )
        for index in shown
    ]
    marked = any(SAME_PHASE_MARK in line[1] for line in lines)
    return TextTable(
        "Restart latency, ms, from SIGKILL to the start of the daemon",
        columns,
        [[line[index] for index in shown] for line in lines],
        f"{SAME_PHASE_MARK} {SAME_PHASE}" if marked else "",
    )


def blocks_table(table: blocks.Table) -> TextTable:
    """Return a table of the article for the terminal, without its note."""
    # What stands before the first figure names the row; without figures, only the first cell does.
    numeric = [index for index, column in enumerate(table.columns) if column.numeric]
    keys = numeric[0] if numeric else 1
    columns = [
        TextColumn(
            _lower_first(column.heading),
            right=column.numeric,
            key=index < keys,
            prose=not column.numeric and index >= keys,
        )
        for index, column in enumerate(table.columns)
    ]
    rows = [[cell.text for cell in row] for row in table.rows]
    return TextTable(table.caption, columns, rows)


def _lower_first(heading: str) -> str:
    """Return a heading in lower case, but for units and abbreviations such as kB and CPU."""
    return heading if heading[1:2].isupper() else heading[:1].lower() + heading[1:]


def matrix_tables(matrix: BehaviourMatrix, width: int) -> Iterator[Table]:
    """Yield the matrix in as many tables as it takes to stay within that width.

    A scenario that does not fit beside the contenders stays as wide as it is.
    """
    label_width = max((len(row.label) for row in matrix.rows), default=0)
    first = 0
    while first < len(matrix.columns):
        last, used = first, label_width + _COLUMN_GAP
        while last < len(matrix.columns) and (
            last == first or used + _column_width(matrix, last) <= width
        ):
            used += _column_width(matrix, last)
            last += 1
        yield _matrix_table(matrix, first, last, used if used > width else None)
        first = last


def _column_width(matrix: BehaviourMatrix, index: int) -> int:
    column = matrix.columns[index]
    return max(len(column.scenario), len(column.behaviours)) + _COLUMN_GAP


def _matrix_table(matrix: BehaviourMatrix, first: int, last: int, width: int | None) -> Table:
    title = "Behaviours" if first == 0 else None
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, show_edge=False,
                  padding=(0, 1, 0, 0), width=width)  # fmt: skip
    table.add_column("contender", no_wrap=True)
    for column in matrix.columns[first:last]:
        table.add_column(column.scenario, no_wrap=True)
    for row in matrix.rows:
        table.add_row(Text(row.label), *map(_styled_signs, row.cells[first:last]))
    return table


def _styled_signs(answers: Sequence[str]) -> Text:
    return Text.assemble(*((SIGNS[answer], _STYLES.get(answer, "dim")) for answer in answers))
