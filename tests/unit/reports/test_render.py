"""Every rendering of the same run, and of runs that hold anything."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from bench.model.statistics import summary
from bench.recording.store import read_run
from provision.errors import Problem
from reports import FORMATS, known_format, render
from reports.article.article import article
from reports.article.recommendations import findings
from reports.formats import html, markdown, terminal
from reports.model import samples
from reports.model.text import LONGEST, clean
from reports.model.view import SAME_PHASE, rows
from tests.support import sample_runs

HOSTILE = "[red]|<b>\x1b[31m\x00\u202e`*" + "x" * 10_000


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return sample_runs.ordinary(tmp_path / "run")


def shown(run: dict[str, Any], folder: Path, width: int) -> str:
    console = Console(file=io.StringIO(), width=width, record=True)
    terminal.show(run, console, force=False, folder=folder)
    return console.export_text()


@pytest.mark.parametrize("form", FORMATS)
def test_every_form_is_made(form: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert known_format(form) == form
    console = Console(width=140)
    assert render(form, read_run(folder), folder, console, force=False) == 0
    said = capsys.readouterr().out
    if form == "csv":
        assert len(list(csv.DictReader(io.StringIO(said)))) == 5 * 6
    if form == "json":
        assert json.loads(said)["schema"] == 1
    if form == "md":
        assert [Path(line).name for line in said.splitlines()][:2] == ["article.md", "medians.svg"]


def test_an_unknown_form_offers_the_nearest() -> None:
    with pytest.raises(Problem, match="no format named 'htlm'") as refused:
        known_format("htlm")
    assert "'html'" in refused.value.advice


def polled(folder: Path) -> dict[str, Any]:
    """A run in which the poller was killed soon after its start, too."""
    run = read_run(folder)
    for each in run["contenders"]:
        if each["supervisor"] in ("monit", "runit"):
            short = summary("restart_short", "ms", sample_runs.steady(654.0, 6)).as_dict()
            each["scenarios"]["restart"]["metrics"].append(short | {"floor_ratio": 545.0})
    (folder / "run.json").write_text(json.dumps(run))
    return run


@pytest.mark.parametrize("width", [80, 100, 120])
def test_a_pollers_short_uptime_is_labelled_and_not_ranked(folder: Path, width: int) -> None:
    lines = shown(polled(folder), folder, width).splitlines()
    assert max(map(len, lines)) <= width
    monit, runit = (
        next(line for line in lines if line.startswith(name) and " short" in line)
        for name in ("monit", "runit")
    )
    assert " short* " in monit and "654" in monit and "545" not in monit
    assert " short " in runit and "545" in runit
    assert any(line.rstrip() == f"* {SAME_PHASE}" for line in lines)


def test_a_run_without_such_rows_has_no_such_label(folder: Path) -> None:
    assert SAME_PHASE not in shown(read_run(folder), folder, 120)


def test_the_csv_and_the_article_label_it(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = polled(folder)
    assert render("csv", run, folder, Console(), force=False) == 0
    short = {
        row["supervisor"]: row["note"]
        for row in csv.DictReader(io.StringIO(capsys.readouterr().out))
        if row["metric"] == "restart_short"
    }
    assert short == {"monit": SAME_PHASE, "runit": ""}
    said = markdown.text(article(clean(run), samples.read(folder))).splitlines()
    (line,) = (line for line in said if SAME_PHASE in line)
    assert "monit" in line and "545" not in line


def test_the_csv_keeps_a_note_of_the_metrics_own(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = polled(folder)
    for each in run["contenders"]:
        each["scenarios"]["restart"]["metrics"][-1]["note"] = "own words"
    render("csv", run, folder, Console(), force=False)
    said = capsys.readouterr().out
    assert said.count("own words") == 5 and SAME_PHASE not in said


def test_an_example_without_a_source_says_so_in_the_article(folder: Path) -> None:
    run = read_run(folder)
    step = {"title": "Install", "note": f"It is not to be had. {HOSTILE}", "actions": []}
    run["supervisors"]["runit"]["usage"][0]["steps"].insert(0, step)
    made_of_it = article(clean(run), samples.read(folder))
    assert "Install: It is not to be had. \\[red\\]" in markdown.text(made_of_it)
    assert "Install: It is not to be had. [red]|&lt;b&gt;" in html.text(made_of_it)
    (folder / "run.json").write_text(json.dumps(run))
    assert read_run(folder) == run


@pytest.mark.parametrize("width", [80, 120])
def test_the_terminal_tables_fit(folder: Path, width: int) -> None:
    lines = shown(read_run(folder), folder, width).splitlines()
    assert max(map(len, lines)) <= width
    # Each contender and uptime takes a single line: no cell is broken.
    latency = lines[next(i for i, line in enumerate(lines) if "Restart latency" in line) :]
    assert sum("long" in line for line in latency) == 5
    assert any("s6 tuned" in line and "5.00" in line for line in latency)


def test_the_terminal_has_lines_of_code_once_they_are_counted(folder: Path) -> None:
    run = read_run(folder)
    assert "LOC" not in shown(run, folder, 120)
    run["supervisors"]["runit"]["loc"] = {"today": {"lines": 4321, "version": "2"}}
    said = shown(run, folder, 120).splitlines()
    assert any("VmPeak" in line and "LOC" in line for line in said)
    assert any(line.startswith("runit") and line.rstrip().endswith("4,321") for line in said)


def test_a_mode_that_was_seen_is_told(folder: Path) -> None:
    run = read_run(folder)
    run["contenders"][0]["verified"] = {"mode": "it polls", "mode_shown_by": "'up'"}
    assert "Verified here: it polls." in shown(run, folder, 120)
    assert "Verified here: it polls." in markdown.text(article(clean(run), samples.read(folder)))


def test_the_terminal_is_not_led_astray(folder: Path) -> None:
    run = read_run(folder)
    run["contenders"][0].update(title=HOSTILE, version=HOSTILE)
    run["warnings"] = [HOSTILE]
    said = shown(run, folder, 80)
    assert not set(said) & set("\x1b\x00\u202e")
    assert "[red]" in said


def test_clean_reaches_everything() -> None:
    said = clean({"a\x07": ["b\x1b", {"c": "x" * (LONGEST + 1)}], "n": 1, "lines": "1\n\t2"})
    assert said == {"a␇": ["b␛", {"c": "x" * (LONGEST - 1) + "…"}], "n": 1, "lines": "1\n\t2"}


def test_markdown_has_its_pictures_and_no_stray_markup(folder: Path) -> None:
    run = read_run(folder)
    run["supervisors"]["runit"]["title"] = HOSTILE
    made_of_it = article(clean(run), samples.read(folder))
    said, pictures = markdown.text(made_of_it), markdown.pictures(made_of_it)
    assert set(pictures) == {"medians.svg", "memory.svg", "ecdf-runit.svg", "ecdf-s6.svg",
                             "ecdf-monit.svg"}  # fmt: skip
    assert all(f"]({name})" in said for name in pictures)
    assert all("<style>" in svg for svg in pictures.values())
    assert r"\[red\]\|\<b\>" in said
    rows = [line for line in said.splitlines() if line.startswith("|")]
    unescaped = [line.replace(r"\|", "").count("|") for line in rows]
    assert {8 + 1, 10 + 1, 12 + 1} == set(unescaped)


@pytest.mark.parametrize("form", FORMATS)
def test_what_was_cut_short_is_shown_as_far_as_it_goes(form: str, folder: Path) -> None:
    run = read_run(folder)
    cut = sample_runs.cut(run["contenders"][0], "footprint")
    (folder / "run.json").write_text(json.dumps(run))
    console = Console(file=io.StringIO(), width=140, record=True)
    assert render(form, read_run(folder), folder, console, force=False) == 0
    if form == "terminal":
        assert "4 measured, 0 failed, 1 unfinished" in console.export_text()
    row = next(each for each in rows(run) if each.name == cut["name"])
    assert (row.responsiveness, row.vmpeak) == ("4.00 ms", "unfinished")
    assert "runit, footprint: unfinished, interrupted." in findings(run, "runit")


def test_every_cell_of_the_articles_table_says_something(folder: Path) -> None:
    run = read_run(folder)
    sample_runs.fail(run["contenders"][0], "no", "restart")
    run["contenders"][1]["scenarios"]["restart"].update(status="not measured", note="period 9 s")
    del run["contenders"][2]["scenarios"]["footprint"]
    run["supervisors"]["upstart"] = run["supervisors"]["runit"]
    run["absent"] = [{"supervisor": "upstart", "title": "upstart", "reason": "not to be had"}]
    run["supervisors"]["s6"]["loc"] = {
        "article": {"version": "0.14", "lines": None, "lack": "it cannot be reached"},
        "today": {"version": "2.11", "lines": 9000, "lack": ""},
        "reason": "", "difference": "",
    }  # fmt: skip
    (table,) = next(
        each.blocks for each in article(run, samples.read(folder)).sections if each.name == "table"
    )
    cells = {row[0].anchor: [cell.text for cell in row] for row in table.rows}  # type: ignore[union-attr]
    assert all(text for row in cells.values() for text in row)
    assert cells["supervisor-runit"][5:7] == ["failed", "2,512 kB"]  # one scenario did, one not
    assert cells["supervisor-s6"][5] == "not measured (period 9 s)\ntuned: 5.00 ms"
    assert cells["supervisor-s6"][7] == "9,000"
    assert cells["supervisor-upstart"][1] == "not to be had"
    assert cells["supervisor-monit"][7] == "not counted"
