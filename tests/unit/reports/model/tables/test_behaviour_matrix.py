"""The behaviour matrix, and its tables on the terminal."""

from __future__ import annotations

import pytest
from rich.console import Console

from bench.model.run_file import Run
from reports.formats.terminal_tables import matrix_tables
from reports.model.tables.behaviour_matrix import build_matrix, format_signs
from tests.unit.reports.support.judged_runs import judged, judged_run, verdict


@pytest.fixture
def run() -> Run:
    return judged_run()


def test_a_behaviour_without_verdict_is_not_measured(run: Run) -> None:
    matrix = build_matrix(run)
    assert [row.label for row in matrix.rows] == ["a", "b"]
    assert [column.scenario for column in matrix.columns] == ["deaths", "stop"]
    assert matrix.columns[0].behaviours == ("exit 0", "memory limit")
    assert matrix.rows[0].cells == (("yes", "not measured"), ("partly",))
    assert matrix.rows[1].cells == (("no", "not measured"), ("not applicable",))
    assert format_signs(matrix.rows[1].cells[0]) == "✗?"


def test_guests_that_differ_have_a_sign_and_are_counted(run: Run) -> None:
    mixed = verdict("keeps trying", "partly")
    mixed["tally"] = {"no": 2, "yes": 1}
    alike = verdict("holds back", "no")
    alike["tally"] = {"no": 3}
    run["contenders"][0]["scenarios"]["crashloop"] = judged(mixed, alike)
    matrix = build_matrix(run)
    (row,) = (row for row in matrix.rows if row.name == run["contenders"][0]["name"])
    assert format_signs(row.cells[-1]) == "≠✗"
    counts = "keeps trying: no in 2 of 3, yes in 1 of 3; holds back: no in 3 of 3"
    assert f"{row.label}, crashloop: {counts}" in matrix.legend()


def test_a_run_without_verdicts_has_no_matrix(run: Run) -> None:
    for contender in run["contenders"]:
        contender["scenarios"] = {"restart": judged()}
    assert build_matrix(run).columns == ()


def test_its_tables_keep_within_the_width(run: Run) -> None:
    behaviours = [verdict(f"b{number}", "yes") for number in range(9)]
    for number in range(20):
        run["contenders"][0]["scenarios"][f"scenario{number:02}"] = judged(*behaviours)
    console = Console(width=500, record=True, quiet=True)
    matrix = build_matrix(run)
    tables = list(matrix_tables(matrix, 120))
    assert len(tables) > 1
    assert all(console.measure(table).maximum <= 120 for table in tables)
    shown = [str(column.header) for table in tables for column in table.columns[1:]]
    assert shown == [column.scenario for column in matrix.columns]
