"""The behaviour matrix, a table for each scenario."""

from __future__ import annotations

from bench.model.run_file import Run
from reports.model.behaviour_matrix import BehaviourMatrix, MatrixRow, build_matrix
from reports.model.blocks import Cell, Column, Paragraph, Section, Table


def behaviour_section(run: Run) -> Section | None:
    """Return the section; None where no scenario judges behaviours."""
    matrix = build_matrix(run)
    if not matrix.columns:
        return None
    words = "What each does when. The evidence for each cell is in the supervisor's own section."
    tables = (_table(matrix, index) for index in range(len(matrix.columns)))
    return Section("behaviour", "Behaviour", (Paragraph(words), *tables))


def _table(matrix: BehaviourMatrix, index: int) -> Table:
    column = matrix.columns[index]
    return Table(
        caption=column.scenario,
        columns=(Column("Contender"), *(Column(name) for name in column.behaviours)),
        rows=tuple(_table_row(row, index) for row in matrix.rows),
    )


def _table_row(row: MatrixRow, index: int) -> tuple[Cell, ...]:
    supervisor = row.name.partition("/")[0]
    told = zip(row.cells[index], row.tallies[index], strict=True)
    answers = (Cell(tally or answer) for answer, tally in told)
    return (Cell(row.label, anchor=f"supervisor-{supervisor}"), *answers)
