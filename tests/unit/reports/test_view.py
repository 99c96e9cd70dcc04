"""What a report shows: a part of a run, in an order, in units, into a file or a pipe."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from bench.model.run_file import Run
from bench.recording.store import read_run
from provision.errors import Problem
from reports.render import render_run
from reports.view import FORMATS, find_view
from tests.support.samples import sample_runs


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return sample_runs.write_ordinary_run(tmp_path / "run")


@pytest.fixture
def run(folder: Path) -> Run:
    return read_run(folder)


def shown(folder: Path, form: str, output: str = "-", capsys: Any = None, **options: Any) -> str:
    """Return what goes to standard output."""
    run = read_run(folder)
    console = Console(file=io.StringIO(), width=100)
    view = find_view(run, form, **options)
    assert render_run(view, run, folder, console, force=False, output=output) == 0
    assert isinstance(console.file, io.StringIO)
    return str(capsys.readouterr().out) + console.file.getvalue()


@pytest.mark.parametrize("form", FORMATS)
def test_every_format_goes_to_standard_output(
    form: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = sorted(folder.iterdir())
    text = shown(folder, form, capsys=capsys)
    assert "runit" in text
    assert sorted(folder.iterdir()) == before, "nothing is written beside the run"


@pytest.mark.parametrize("form", FORMATS)
def test_every_format_goes_into_a_file(
    form: str, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "reports" / "mine.txt"
    file.parent.mkdir()
    text = shown(folder, form, str(file), capsys=capsys)
    assert text.splitlines()[0] == str(file)
    assert "runit" in file.read_text() and "\x1b" not in file.read_text()
    assert (file.parent / "medians.svg").exists() is (form == "md")
    assert not list(folder.glob("article.*"))


def test_markdown_on_standard_output_describes_its_pictures(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = shown(folder, "md", capsys=capsys)
    assert ".svg" not in text and "![" not in text
    assert "- **The medians" in text or "median" in text


@pytest.mark.parametrize("form", FORMATS)
def test_contenders_are_chosen_in_every_format(
    form: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = shown(folder, form, capsys=capsys, only=["runit"])
    assert "runit" in text and "monit/" not in text and "s6/" not in text


@pytest.mark.parametrize("form", ["terminal", "md", "html"])
def test_metrics_give_a_table_each(
    form: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = shown(folder, form, capsys=capsys, metric=["vmpeak,restart_long"])
    assert "vmpeak, kB (footprint)" in text
    assert "restart_long, ms (restart)".replace("_", "\\_" if form == "md" else "_") in text
    assert "2,512" in text and "1,006" in text
    assert "pss" not in text and "Behaviours" not in text


def test_metrics_are_chosen_in_csv_and_json(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = shown(folder, "csv", capsys=capsys, metric=["pss"], only=["runit", "s6"])
    rows = list(csv.DictReader(io.StringIO(text)))
    assert {row["metric"] for row in rows} == {"pss_1", "pss_10"}
    assert {row["supervisor"] for row in rows} == {"runit", "s6"}
    facts = json.loads(shown(folder, "json", capsys=capsys, metric=["pss_1"]))
    assert [list(one["scenarios"]) for one in facts["contenders"]] == [["footprint"]] * 5


def order(text: str, *names: str) -> list[str]:
    """Return names in the order in which they begin lines; a name may begin another one."""
    longest_first = sorted(names, key=len, reverse=True)
    found = (
        next((name for name in longest_first if line.startswith(f"{name} ")), "")
        for line in text.splitlines()
    )
    return [name for name in found if name]


def test_rows_are_sorted_by_a_metric_or_by_name(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = ("runit", "s6", "s6, fast", "monit, fast", "floor")
    for sort, expected in (
        ("", ["runit", "s6", "s6, fast", "monit, fast", "floor"]),
        ("restart_long", ["floor", "runit", "s6, fast", "monit, fast", "s6"]),
        ("name", ["floor", "monit, fast", "runit", "s6", "s6, fast"]),
    ):
        text = shown(folder, "terminal", capsys=capsys, metric=["restart_long"], sort=sort)
        assert order(text, *names) == expected


def test_sorting_leaves_the_ranks_of_a_runs_record(
    run: Run, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    facts = json.loads(shown(folder, "json", capsys=capsys, sort="name"))
    ranks = {one["name"]: one["rank"] for one in run["contenders"]}
    assert {one["name"]: one["rank"] for one in facts["contenders"]} == ranks
    assert [one["name"] for one in facts["contenders"]] == sorted(ranks)
    assert facts["supervisors"] == run["supervisors"]


def test_units_change_all_figures_of_that_kind(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options: Any = {"metric": ["restart_long,vmpeak"], "only": ["runit"], "unit": ["us,MB"]}
    text = shown(folder, "terminal", capsys=capsys, **options)
    assert "restart_long, us (restart)" in text and "4,000" in text
    assert "vmpeak, MB (footprint)" in text and "2.45" in text
    rows = csv.DictReader(io.StringIO(shown(folder, "csv", capsys=capsys, unit=["s"])))
    row = next(one for one in rows if (one["supervisor"], one["metric"]) == ("s6", "restart_long"))
    assert row["unit"] == "s" and 0.9 < float(row["ci_low"]) < float(row["median"]) < 1.1


@pytest.mark.parametrize(
    ("form", "options", "words"),
    [
        ("terminal", {"only": ["runti"]}, "Did you mean 'runit'?"),
        ("terminal", {"metric": ["vmpaek"]}, "Did you mean 'vmpeak'?"),
        ("terminal", {"sort": "vmpaek"}, "Did you mean 'vmpeak'?"),
        ("terminal", {"metric": ["vmpeak"], "unit": ["MiB"]}, "Known: ms, us, s, kB, MB."),
        ("terminal", {"unit": ["us"]}, "--unit does not go with --format=terminal alone"),
        ("html", {"unit": ["us"]}, "For example --metric=restart_long --unit=us"),
        ("json", {"unit": ["us"], "metric": ["vmpeak"]}, "does not go with --format=json"),
        ("pyperf", {"metric": ["vmpeak"]}, "has restart latencies only"),
    ],
)
def test_what_makes_no_sense_is_refused_with_what_does(
    run: Run, form: str, options: Any, words: str
) -> None:
    with pytest.raises(Problem) as refused:
        find_view(run, form, **options)
    assert refused.value.usage and words in str(refused.value)


@pytest.mark.parametrize(
    ("name", "words"), [("missing/x.md", "does not exist"), (".", "is a folder")]
)
@pytest.mark.parametrize("form", ["terminal", "md", "csv"])
def test_an_output_that_cannot_be_is_refused(
    form: str, name: str, words: str, run: Run, folder: Path
) -> None:
    console = Console(file=io.StringIO())
    with pytest.raises(Problem, match=words) as refused:
        render_run(
            find_view(run, form), run, folder, console, force=False, output=str(folder / name)
        )
    assert refused.value.usage
