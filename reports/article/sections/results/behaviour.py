"""The behaviour matrix, a table for each scenario."""

from __future__ import annotations

from collections.abc import Mapping

from bench.model.run_file import Run
from reports.model.behaviour_matrix import BehaviourMatrix, MatrixRow, build_matrix
from reports.model.blocks import Cell, Column, Paragraph, Section, Table
from reports.model.decision import evidence_anchor

_NO_EVIDENCE = ("not applicable", "not measured")


def behaviour_section(run: Run, release: str) -> Section | None:
    """Return the section; None where no scenario judges behaviours.

    release: of a run of several systems, what names without one are of; else empty.
    """
    matrix = build_matrix(run)
    if not matrix.columns:
        return None
    words = "What each does when. A click on an answer shows what it rests on."
    titles = run.get("scenario_titles", {})
    tables = (_table(matrix, index, release, titles) for index in range(len(matrix.columns)))
    return Section("behaviour", "Behaviour", (Paragraph(words), *tables))


def _caption(scenario: str, titles: Mapping[str, str]) -> str:
    """Return what a scenario is about, with its name; of an older run the name alone."""
    title = titles.get(scenario, "")
    return f"{title[:1].upper()}{title[1:]} ({scenario})" if title else scenario


def _table(matrix: BehaviourMatrix, index: int, release: str, titles: Mapping[str, str]) -> Table:
    column = matrix.columns[index]
    return Table(
        caption=_caption(column.scenario, titles),
        columns=(Column("Contender"), *(Column(name) for name in column.behaviours)),
        rows=tuple(_table_row(matrix, row, index, release) for row in matrix.rows),
    )


def _table_row(
    matrix: BehaviourMatrix, row: MatrixRow, index: int, release: str
) -> tuple[Cell, ...]:
    supervisor = row.name.partition("/")[0]
    # Evidence has the names of the whole run.
    name = row.name if "@" in row.name or not release else f"{row.name}@{release}"
    column = matrix.columns[index]
    told = zip(column.behaviours, row.cells[index], row.tallies[index], strict=True)
    answers = (
        Cell(
            tally or answer,
            anchor=""
            if answer in _NO_EVIDENCE
            else evidence_anchor(name, column.scenario, behaviour),
        )
        for behaviour, answer, tally in told
    )
    return (Cell(row.label, anchor=f"supervisor-{supervisor}"), *answers)
