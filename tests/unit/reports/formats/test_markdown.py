"""The article as Markdown, with its pictures as files."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.recording.store import read_run
from reports.formats import html, markdown
from reports.model.blocks import Article, Cell, Column, Paragraph, Section, Table
from tests.support.samples import sample_runs
from tests.unit.reports.support.renderings import HOSTILE, article_in


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return sample_runs.write_ordinary_run(tmp_path / "run")


def test_it_has_its_pictures_and_no_stray_markup(folder: Path) -> None:
    run = read_run(folder)
    run["supervisors"]["runit"]["title"] = HOSTILE
    article = article_in(run, folder)
    text, pictures = markdown.render_markdown(article), markdown.picture_files(article)
    assert set(pictures) == {"medians.svg", "memory.svg", "ecdf-runit.svg", "ecdf-s6.svg",
                             "ecdf-monit.svg"}  # fmt: skip
    assert all(f"]({name})" in text for name in pictures)
    assert all("<style>" in svg for svg in pictures.values())
    assert r"\[red\]\|\<b\>" in text
    rows = [line for line in text.splitlines() if line.startswith("|")]
    unescaped = [line.replace(r"\|", "").count("|") for line in rows]
    assert {8 + 1, 9 + 1, 12 + 1, 14 + 1} == set(unescaped)


def test_a_pollers_short_uptime_is_labelled_and_not_ranked(folder: Path) -> None:
    run = read_run(folder)
    for contender in run["contenders"]:
        if contender["supervisor"] in ("monit", "runit"):
            short = sample_runs.single_metric("restart_short", "ms", 654.0)
            short["floor_ratio"] = 545.0
            contender["scenarios"]["restart"]["metrics"].append(short)
    lines = markdown.render_markdown(article_in(run, folder)).splitlines()
    (line,) = (line for line in lines if line.startswith("| monit") and "ran for 0.3 s" in line)
    assert "654 ms <sup>" in line and "545" not in line
    assert any("the same phase of it: the figure is of that phase" in line for line in lines)


def test_a_verified_mode_is_shown(folder: Path) -> None:
    run = read_run(folder)
    run["contenders"][0]["verified"] = {"mode": "it polls", "mode_shown_by": "'up'"}
    text = markdown.render_markdown(article_in(run, folder))
    assert "Verified here: it polls." in text


def test_an_example_without_actions_shows_its_note(folder: Path) -> None:
    run = read_run(folder)
    run["supervisors"]["runit"]["usage"][0]["steps"].insert(
        0, {"title": "Install", "note": f"It is not to be had. {HOSTILE}", "actions": []}
    )
    article = article_in(run, folder)
    assert "Install: It is not to be had. \\[red\\]" in markdown.render_markdown(article)
    assert "Install: It is not to be had. [red]|&lt;b&gt;" in html.render_html(article)
    sample_runs.write_run(folder, run, [])
    assert read_run(folder) == run


def test_a_fence_is_longer_than_any_in_the_code() -> None:
    assert markdown._fence("a ```` b") == "`````\na ```` b\n`````"


def rendered(*sections: Section) -> str:
    return markdown.render_markdown(Article("Title", "Facts.", (), sections))


def test_a_table_has_its_caption_above_it() -> None:
    table = Table("What is left", (Column("Contender"),), ((Cell("runit"),),))
    assert "**What is left**\n\n| Contender |" in rendered(Section("one", "One", (table,)))


def test_a_caption_that_is_the_heading_is_printed_once() -> None:
    table = Table("What is left", (Column("Contender"),), ((Cell("runit"),),))
    assert rendered(Section("one", "What is left", (table,))).count("What is left") == 1


def test_how_the_page_is_used_is_told_on_the_page_alone() -> None:
    words = Paragraph("Read this.", page_text="Click there.")
    article = Article("Title", "Facts.", (), (Section("one", "One", (words,)),))
    assert "Click" not in markdown.render_markdown(article)
    assert "Read this. Click there." in html.render_html(article)


def test_a_home_page_is_a_link() -> None:
    address = "https://example.org/some_page.7.html"
    home = Section("one", "One", (Paragraph("Home:", address=address),))
    assert f'Home: <a href="{address}">{address}</a>' in html.render_html(
        Article("Title", "Facts.", (), (home,))
    )
    assert f"]({address})" in rendered(home)


@pytest.mark.parametrize(
    "address", ["javascript:alert(1)", 'https://x/"onclick="', "https://x/) ["]
)
def test_an_address_that_is_none_is_plain_text(address: str) -> None:
    home = Section("one", "One", (Paragraph("Home:", address=address),))
    text = html.render_html(Article("Title", "Facts.", (), (home,)))
    assert f'href="{address[:5]}' not in text
    assert f"]({address[:5]}" not in rendered(home)
