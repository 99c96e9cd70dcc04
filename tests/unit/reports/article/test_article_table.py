"""The article's table."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.model.run_file import RecordedCount, Run, ScenarioResult
from bench.recording.store import read_run
from reports.article.article_table import NO_FIGURE, article_table
from reports.formats.markdown import render_table
from tests.support.samples import sample_runs


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return read_run(sample_runs.write_ordinary_run(tmp_path / "run"))


def cells(run: Run) -> dict[str, list[str]]:
    """The text of each cell, by the anchor of the row's first."""
    return {row[0].anchor: [cell.text for cell in row] for row in article_table(run).rows}


def not_measured(result: ScenarioResult, note: str) -> None:
    result["status"], result["note"] = "not measured", note


def recorded_count(version: str, lines: int) -> RecordedCount:
    return {
        "version": version, "lines": lines, "repository": "https://example.org/x",
        "commit": "0123456789abcdef" * 2 + "01234567", "cloc": "1.96", "date": "2026-11-29",
    }  # fmt: skip


def test_every_cell_has_text(run: Run) -> None:
    sample_runs.mark_failed(run["contenders"][0], "no", "restart")
    not_measured(run["contenders"][1]["scenarios"]["restart"], "period 9 s")
    del run["contenders"][2]["scenarios"]["footprint"]
    assert all(text for row in cells(run).values() for text in row)


def test_a_contender_that_failed_in_part_shows_its_other_figures(run: Run) -> None:
    sample_runs.mark_failed(run["contenders"][0], "no", "restart")
    assert cells(run)["supervisor-runit"][5:7] == ["failed", "2.45 MiB"]


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
    (count,) = (row[7] for row in article_table(run).rows if row[0].anchor == "supervisor-s6")
    assert count.footnote == "Counted by ./inv loc in version 2.11."
    assert cells(run)["supervisor-monit"][7] == NO_FIGURE


def test_a_count_that_cannot_be_made_is_a_recorded_one_and_the_cell_never_an_error(
    run: Run,
) -> None:
    lack = "http://b0llix.net/perp-2.07.tar.gz cannot be reached: Name or service not known"
    for name in ("s6", "monit"):
        run["supervisors"][name]["loc"] = {
            "article": {"version": "", "lines": None, "lack": lack},
            "today": {"version": "", "lines": None, "lack": lack},
            "reason": "",
            "difference": "",
        }
    run["supervisors"]["s6"]["loc_recorded"] = [
        recorded_count("1.2.3", 1000), recorded_count("9.9", 2000)
    ]  # fmt: skip
    table = article_table(run)
    by_name = {row[0].anchor: row[7] for row in table.rows}
    recorded, uncounted = by_name["supervisor-s6"], by_name["supervisor-monit"]
    assert recorded.text == "1,000"
    assert recorded.footnote == (
        "Recorded with the suite: version 1.2.3, commit 0123456789ab of https://example.org/x; "
        "cloc 1.96, 2026-11-29."
    )
    assert uncounted.text == NO_FIGURE
    assert uncounted.footnote == f"Not counted: {lack}."
    assert {recorded.footnote, uncounted.footnote} <= set(table.footnotes)


def test_the_newest_recorded_count_stands_for_a_version_without_one(run: Run) -> None:
    run["supervisors"]["s6"]["loc_recorded"] = [
        recorded_count("0.1", 1000), recorded_count("9.9", 2000)
    ]  # fmt: skip
    assert cells(run)["supervisor-s6"][7] == "2,000"


def test_footnotes_are_numbered_in_markdown(run: Run) -> None:
    text = render_table(article_table(run))
    assert f"| {NO_FIGURE} <sup>1</sup>" in text
    assert "\n\n1. Not counted: " in text


def test_a_supervisor_that_the_system_lacks_gives_the_reason(run: Run) -> None:
    run["supervisors"]["upstart"] = run["supervisors"]["runit"]
    run["absent"] = [{"supervisor": "upstart", "title": "upstart", "reason": "not to be had"}]
    row = cells(run)["supervisor-upstart"]
    assert row[1] == "not to be had"
    assert all(row)


def test_a_supervisor_that_the_draft_lacks_says_so_once(run: Run) -> None:
    run["supervisors"]["s6"]["article"] = None
    (row,) = (row for row in article_table(run).rows if row[0].anchor == "supervisor-s6")
    assert [cell.note for cell in row if "2012" in cell.note] == ["2012: not there"]
    assert row[0].note == "2012: not there"
