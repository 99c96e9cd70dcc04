"""The article's table."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.model.run_file import Run, ScenarioResult
from bench.recording.store import read_run
from reports.article.article_table import article_table
from tests.support.samples import sample_runs


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return read_run(sample_runs.write_ordinary_run(tmp_path / "run"))


def cells(run: Run) -> dict[str, list[str]]:
    """The text of each cell, by the anchor of the row's first."""
    return {row[0].anchor: [cell.text for cell in row] for row in article_table(run).rows}


def not_measured(result: ScenarioResult, note: str) -> None:
    result["status"], result["note"] = "not measured", note


def test_every_cell_has_text(run: Run) -> None:
    sample_runs.mark_failed(run["contenders"][0], "no", "restart")
    not_measured(run["contenders"][1]["scenarios"]["restart"], "period 9 s")
    del run["contenders"][2]["scenarios"]["footprint"]
    assert all(text for row in cells(run).values() for text in row)


def test_a_contender_that_failed_in_part_shows_its_other_figures(run: Run) -> None:
    sample_runs.mark_failed(run["contenders"][0], "no", "restart")
    assert cells(run)["supervisor-runit"][5:7] == ["failed", "2,512 kB"]


def test_a_scenario_that_was_not_measured_gives_the_reason(run: Run) -> None:
    not_measured(run["contenders"][1]["scenarios"]["restart"], "period 9 s")
    assert cells(run)["supervisor-s6"][5] == "not measured (period 9 s)\nfast: 5.00 ms"


def test_lines_of_code_are_those_of_today(run: Run) -> None:
    run["supervisors"]["s6"]["loc"] = {
        "article": {"version": "0.14", "lines": None, "lack": "it cannot be reached"},
        "today": {"version": "2.11", "lines": 9000, "lack": ""},
        "reason": "",
        "difference": "",
    }
    assert cells(run)["supervisor-s6"][7] == "9,000"
    assert cells(run)["supervisor-monit"][7] == "not counted"


def test_a_supervisor_that_the_system_lacks_gives_the_reason(run: Run) -> None:
    run["supervisors"]["upstart"] = run["supervisors"]["runit"]
    run["absent"] = [{"supervisor": "upstart", "title": "upstart", "reason": "not to be had"}]
    row = cells(run)["supervisor-upstart"]
    assert row[1] == "not to be had"
    assert all(row)
