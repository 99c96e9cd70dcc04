"""The reference run in the repository, and the README's table made of it."""

from __future__ import annotations

import math
import re
from html import unescape
from pathlib import Path
from typing import Any, Literal, cast

import pytest

from bench.model.run_file import FLOOR, Run
from bench.recording.store import read_run
from provision.errors import Problem
from reports import publish
from reports.model.metrics import median_of
from reports.model.samples import read_samples
from reports.model.tables.decision import FIGURES
from tests.support.samples import sample_runs


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    readme = tmp_path / "README.md"
    readme.write_text(f"# Title\n\n{publish.BEGIN}\nold\n{publish.END}\n\nMore.\n")
    monkeypatch.setattr(publish, "README", readme)
    monkeypatch.setattr(publish, "FOLDER", tmp_path / "published")
    return tmp_path


def test_the_readme_shows_the_published_run() -> None:
    text = publish.README.read_text()
    assert publish.readme_with(text, read_run(publish.FOLDER)) == text


def test_the_former_name_of_profiles_is_explained_where_a_run_has_it() -> None:
    older, newer = (
        publish.readme_table(
            sample_runs.run(sample_runs.contender(f"s6/runner/{profile}/hosted", [1.0, 2.0]))
        )
        for profile in ("tuned", "fast")
    )
    assert "tuned: fast or patient" in older
    assert "tuned" not in newer


def test_the_published_files_are_whole() -> None:
    run, samples = read_run(publish.FOLDER), read_samples(publish.FOLDER)
    assert samples.contenders == {contender["name"] for contender in run["contenders"]}
    assert (publish.FOLDER / "article.html").stat().st_size < 3 << 20


def test_the_published_page_and_table_say_what_the_run_says() -> None:
    run = read_run(publish.FOLDER)
    page = (publish.FOLDER / "article.html").read_text()
    shown = {}
    for row in re.findall(r"<tr data-place=.*?</tr>", page, flags=re.S):
        # The hint of a short name begins with the full one.
        name = unescape(re.findall(r'title="([^"]*)"', row)[0]).partition(":")[0]
        shown[name] = [float(key) for key in re.findall(r'<td data-key="([^"]*)"', row)]
    choices = [
        item for item in run["contenders"] if item["supervisor"] != FLOOR and item["role"] != "init"
    ]
    assert len(shown) == len(choices)
    for item in choices:
        medians = [median_of(item, figure.scenario, figure.metric) for figure in FIGURES]
        figures = [math.inf if median is None else median for median in medians]
        assert shown[item["name"]] == pytest.approx(figures)
    text = (publish.FOLDER / "article.md").read_text()
    assert run["id"] in page and run["id"] in text
    pictures = {path.name for path in publish.FOLDER.glob("*.svg")}
    assert pictures == set(re.findall(r"\]\(([\w.-]+\.svg)\)", text))


def test_publish_keeps_the_run_and_updates_the_table(place: Path) -> None:
    folder = sample_runs.write_ordinary_run(place / "run")
    files = publish.publish(read_run(folder), folder)
    assert read_run(place / "published") == read_run(folder)
    assert read_samples(place / "published") == read_samples(folder)
    assert {"article.html", "article.md", "samples.jsonl.gz"} <= {path.name for path in files}
    text = (place / "README.md").read_text()
    assert "| s6 " in text and "old" not in text and text.endswith("\n\nMore.\n")
    publish.publish(read_run(folder), folder)
    assert (place / "README.md").read_text() == text


def test_a_run_of_all_supervisors_may_name_them(place: Path) -> None:
    """As one of all defaults, and of all settings of one release, does."""
    folder = sample_runs.write_ordinary_run(place / "run")
    run = read_run(folder)
    every = [
        {**run["contenders"][0], "supervisor": name, "name": f"{name}/x"}
        for name in publish.ARTICLE
    ]
    asked: dict[str, Any] = {"options": {"system": "debian", "only": ["*"]}, "contenders": every}
    assert publish._left_out(cast(Run, {**run, **asked})) == []
    without = [row for row in every if row["supervisor"] != "runit"]
    assert publish._left_out(cast(Run, {**run, **asked, "contenders": without})) == ["runit"]


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        ({"quick": True}, "It is a quick run."),
        ({"ended": None}, "It has not ended."),
        ({"options": {"only": ["s6"]}}, "some supervisors only"),
    ],
)
def test_a_run_that_is_no_reference_is_refused(
    place: Path, other: dict[str, object], reason: str
) -> None:
    folder = sample_runs.write_ordinary_run(place / "run")
    with pytest.raises(Problem) as refused:
        publish.publish(cast(Run, {**read_run(folder), **other}), folder)
    assert reason in str(refused.value)
    assert not (place / "published").exists()


@pytest.mark.parametrize(
    ("status", "reason"),
    [("failed", "It failed to measure"), ("unfinished", "before it had measured all of")],
)
def test_a_run_that_lacks_figures_is_refused(
    place: Path, status: Literal["failed", "unfinished"], reason: str
) -> None:
    folder = sample_runs.write_ordinary_run(place / "run")
    run = read_run(folder)
    contender = run["contenders"][1]
    contender["status"] = status
    with pytest.raises(Problem, match=rf"{reason} {contender['name']}\."):
        publish.publish(run, folder)
    assert not (place / "published").exists()


def test_the_readmes_table_has_short_cells_whose_figures_cannot_wrap(place: Path) -> None:
    run = read_run(sample_runs.write_ordinary_run(place / "run"))
    run["absent"] = [{"supervisor": "perp", "title": "perp", "reason": "no package (or not)"}]
    run["supervisors"]["perp"] = {**run["supervisors"]["s6"], "title": "perp"}
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in publish.readme_table(run).splitlines()
        if line.startswith("| ")
    ]
    assert {len(row) for row in rows} == {9}
    assert max(len(re.sub("<sup>.*</sup>", "", cell)) for row in rows[2:] for cell in row) <= 24
    cells = {row[0]: row for row in rows}
    assert cells["s6"][5:8] == ["1.01\u00a0s", "5.00\u00a0ms\u00a0(fast)", "2.45\u00a0MiB"]
    # A reason is a footnote, never the text of a cell.
    assert cells["perp"][5].startswith("- <sup>") or cells["perp"][5].startswith("-\u00a0<sup>")
    assert "Not run: no package (or not)." in publish.readme_table(run)


def test_the_readmes_table_names_a_build_with_its_origin_and_digest(place: Path) -> None:
    run = read_run(sample_runs.write_ordinary_run(place / "run"))
    run["contenders"][0]["source"] = {
        "kind": "overlay", "text": "overlay /root/secret", "folder": "/root/secret",
        "sha256": "0123456789abcdef" * 4, "origin": "runit 9, commit abc of https://example.org/x",
    }  # fmt: skip
    table = publish.readme_table(run)
    assert (
        "An own build, not a package: runit 9, commit abc of https://example.org/x; "
        "SHA-256 of its files 0123456789abcdef."
    ) in table
    assert "secret" not in table


def test_a_readme_without_a_place_for_the_table_is_refused() -> None:
    with pytest.raises(Problem, match="no place for the table"):
        publish.readme_with(f"{publish.END} {publish.BEGIN}", sample_runs.run())
