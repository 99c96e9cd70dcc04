"""The behaviour matrix, a table for each scenario."""

from __future__ import annotations

from collections.abc import Mapping

from bench.model.run_file import Run
from reports.compare.systems.system_views import names_of_evidence
from reports.model.blocks import Cell, Column, Paragraph, Section, Table
from reports.model.tables.behaviour_matrix import BehaviourMatrix, MatrixRow, build_matrix
from reports.model.tables.decision import evidence_anchor

_NO_EVIDENCE = frozenset({"not applicable", "not measured"})
_WORDS = (
    "What each does when something happens to it or to its daemon. Partly: it does so under "
    "a condition, or for a part of what was asked, as the sentence with the evidence says. Where a "
    'race decides, several guests were measured: "yes in 3 of 3" counts those guests. Not '
    "applicable: the question does not arise for this contender. Contenders of which a table could "
    "say nothing are left out of it."
)
_PAGE_WORDS = "A click on an answer shows what it rests on."


def behaviour_section(view: Run, whole: Run) -> Section | None:
    """Return the section; None where no scenario judges behaviours.

    view: the run of one system. whole: that of all systems, whose names evidence has.
    """
    matrix = build_matrix(view)
    names = names_of_evidence(view, whole)
    if not matrix.columns:
        return None
    titles = view.get("scenario_titles", {})
    tables = (_table(matrix, index, names, titles) for index in range(len(matrix.columns)))
    shown = (table for table in tables if table.rows)
    return Section("behaviour", "Behaviour", (Paragraph(_WORDS, page_text=_PAGE_WORDS), *shown))


def _caption(scenario: str, titles: Mapping[str, str]) -> str:
    """Return what a scenario is about, with its name; of an older run the name alone."""
    title = titles.get(scenario, "")
    return f"{title[:1].upper()}{title[1:]} ({scenario})" if title else scenario


def _table(
    matrix: BehaviourMatrix, index: int, names: Mapping[str, str], titles: Mapping[str, str]
) -> Table:
    column = matrix.columns[index]
    return Table(
        caption=_caption(column.scenario, titles),
        columns=(Column("Contender"), *(Column(name) for name in column.behaviours)),
        rows=tuple(
            _table_row(matrix, row, index, names)
            for row in matrix.rows
            if not set(row.cells[index]) <= _NO_EVIDENCE
        ),
    )


def _table_row(
    matrix: BehaviourMatrix, row: MatrixRow, index: int, names: Mapping[str, str]
) -> tuple[Cell, ...]:
    supervisor = row.name.partition("/")[0]
    name = names[row.name]
    column = matrix.columns[index]
    answers = zip(column.behaviours, row.cells[index], row.tallies[index], strict=True)
    cells = (
        Cell(
            tally or answer,
            anchor=""
            if answer in _NO_EVIDENCE
            else evidence_anchor(name, column.scenario, behaviour),
        )
        for behaviour, answer, tally in answers
    )
    return (Cell(row.label, anchor=f"supervisor-{supervisor}"), *cells)
