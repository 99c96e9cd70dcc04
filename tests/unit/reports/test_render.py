"""Every format of the same run."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from bench.recording.store import read_run
from provision.errors import Problem
from reports.model.tables.summary_rows import summary_rows
from reports.render import render_run
from reports.view import FORMATS, View, check_format
from tests.support.samples import sample_runs


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return sample_runs.write_ordinary_run(tmp_path / "run")


@pytest.mark.parametrize("form", FORMATS)
def test_every_format_is_rendered(
    form: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert check_format(form) == form
    console = Console(width=140)
    assert render_run(View(form), read_run(folder), folder, console, force=False) == 0
    output = capsys.readouterr().out
    if form == "csv":
        results = [
            result for one in read_run(folder)["contenders"] for result in one["scenarios"].values()
        ]
        rows = list(csv.DictReader(io.StringIO(output)))
        assert len(rows) == sum(len(result["metrics"]) for result in results) > 0
    if form == "json":
        assert json.loads(output)["schema"] == 1
    if form == "md":
        names = [Path(line).name for line in output.splitlines()]
        assert names[:2] == ["article.md", "medians.svg"]


def test_an_unknown_format_offers_the_nearest() -> None:
    with pytest.raises(Problem, match="no format named 'htlm'") as refused:
        check_format("htlm")
    assert "'html'" in refused.value.advice


@pytest.mark.parametrize("form", FORMATS)
def test_an_unfinished_contender_is_rendered_as_far_as_it_was_measured(
    form: str, folder: Path
) -> None:
    run = read_run(folder)
    unfinished = sample_runs.mark_unfinished(run["contenders"][0], "footprint")
    (folder / "run.json").write_text(json.dumps(run))
    console = Console(file=io.StringIO(), width=140, record=True)
    assert render_run(View(form), read_run(folder), folder, console, force=False) == 0
    if form == "terminal":
        assert "4 measured, 0 failed, 1 unfinished" in console.export_text()
    row = next(row for row in summary_rows(run) if row.name == unfinished["name"])
    assert (row.responsiveness, row.vmpeak) == ("4.00 ms", "unfinished")


@pytest.mark.parametrize("form", FORMATS)
def test_no_format_prints_a_control_character_of_a_run(
    form: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = sample_runs.write_ordinary_run(tmp_path / "run\x1b[2J")
    run = read_run(folder)
    hostile = "\x1b]0;title\x07\u202e"
    sample_runs.mark_failed(run["contenders"][0], hostile)
    run["contenders"][1]["title"] = run["contenders"][1]["version"] = hostile
    run["contenders"][1]["scenarios"]["restart"]["metrics"][0]["note"] = hostile
    run["warnings"] = [hostile]
    run["absent"] = [{"supervisor": "perp", "title": "perp", "reason": hostile}]
    render_run(View(form), run, folder, Console(width=140), force=False)
    output = capsys.readouterr().out.replace("\n", "")
    assert [character for character in output if not character.isprintable()] == []
