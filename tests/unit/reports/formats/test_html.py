"""The page in a real browser: opened from disk, alone, and whatever its run holds."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from pathlib import Path

import pytest

from bench.model.run_file import Run
from bench.recording.store import read_run
from reports.render import write_article
from tests.support.samples import sample_runs
from tests.unit.reports.conftest import Browser

pytestmark = [pytest.mark.page, pytest.mark.timeout(300)]
PHONE, DESK = 390, 1200
HOSTILE = (
    "<script>window.hacked = 1</script>",
    '"\'><img src=x onerror="window.hacked = 1">',
    "</style></svg></script><b>bold</b>",
    "bell \x07 escape \x1b[31m null \x00 override \u202e end",
    "x" * 10_000,
    "{{ 7 * 7 }} {% raw %} ]]> &amp; <!--",
)


def write_page(folder: Path) -> Path:
    """Write the page of a run; return its path."""
    (page,) = write_article("html", read_run(folder), folder)
    return page


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return sample_runs.write_ordinary_run(tmp_path / "run")


@pytest.fixture(params=[DESK, PHONE], ids=["desk", "phone"])
def width(request: pytest.FixtureRequest, browser: Browser) -> int:
    browser.width(request.param)
    return int(request.param)


def test_it_loads_nothing_else(folder: Path, browser: Browser, width: int) -> None:
    page = write_page(folder)
    browser.open(page)
    assert browser.console() == []
    assert [url for url in browser.requests() if not url.startswith("data:")] == [page.as_uri()]
    assert page.stat().st_size < 3 << 20


def test_it_is_no_wider_than_the_window(folder: Path, browser: Browser, width: int) -> None:
    browser.open(write_page(folder))
    assert browser.run("return document.documentElement.scrollWidth") <= width


def test_tables_sort(folder: Path, browser: Browser) -> None:
    browser.width(DESK)
    browser.open(write_page(folder))
    medians = (
        "return [...document.querySelectorAll('#latency tbody tr')]"
        ".map(row => row.cells[1].dataset.key)"
    )
    click = (
        "[...document.querySelectorAll('#latency thead button')]"
        ".find(element => element.textContent === 'Median').click()"
    )
    headings = "return document.querySelectorAll('#latency thead th')[1].ariaSort"
    browser.run(click)
    up = [float(key) for key in browser.run(medians)]
    assert up == sorted(up) and len(set(up)) > 1
    assert browser.run(headings) == "ascending"
    browser.run(click)
    down = [float(key) for key in browser.run(medians)]
    assert down == up[::-1]
    assert browser.run(headings) == "descending"


def test_a_cell_without_a_figure_sorts_last(folder: Path, browser: Browser) -> None:
    change_run(folder, lambda run: sample_runs.mark_failed(run["contenders"][0], "it\nfell over"))
    browser.open(write_page(folder))
    last = "return [...document.querySelectorAll('#table tbody tr')].map(r => r.cells[5].innerText)"
    click = "document.querySelectorAll('#table thead button')[5].click()"
    for _ in range(2):
        browser.run(click)
        assert browser.run(last)[-1].startswith("failed")


def test_charts_show_the_value_under_the_pointer(folder: Path, browser: Browser) -> None:
    browser.width(DESK)
    browser.open(write_page(folder))
    shown = browser.run(
        "return [...document.querySelectorAll('.chart svg')]"
        ".map(element => element.getBoundingClientRect().width)"
    )
    assert len(shown) == 3 and min(shown) > 200
    hidden, text = browser.run(
        "const mark = document.querySelector('#figure-ecdf-s6 .role-mark [aria-label]');"
        "mark.scrollIntoView({block: 'center'});"
        "const box = mark.getBoundingClientRect();"
        "mark.dispatchEvent(new PointerEvent('pointermove', {bubbles: true,"
        " clientX: box.left + 2, clientY: box.top + 2}));"
        "const tip = document.getElementById('tip'); return [tip.hidden, tip.textContent]"
    )
    assert hidden is False
    assert "within" in text and "ms" in text


def test_text_has_contrast_in_both_themes(folder: Path, browser: Browser) -> None:
    browser.open(write_page(folder))
    colours = (
        "const of = (e, what) => getComputedStyle(e)[what].match(/\\d+/g).slice(0, 3).map(Number);"
        "const paper = of(document.documentElement, 'backgroundColor');"
        "const texts = ['body', 'a', '.note', '.warning', 'figcaption'].flatMap("
        "  s => [...document.querySelectorAll(s)].slice(0, 1)).map(e => of(e, 'color'));"
        "return [paper, texts]"
    )
    papers = set()
    for theme in ("light", "dark"):
        browser.theme(theme)
        paper, texts = browser.run(colours)
        papers.add(tuple(paper))
        assert all(contrast(paper, text) >= 4.5 for text in texts)
    assert len(papers) == 2


def test_it_is_accessible(folder: Path, browser: Browser) -> None:
    browser.open(write_page(folder))
    levels = browser.run(
        "return [...document.querySelectorAll('h1,h2,h3,h4')].map(e => Number(e.tagName[1]))"
    )
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert browser.run("return document.documentElement.lang") == "en"
    without = (
        "return [...document.querySelectorAll('.chart [role=img]')]"
        ".filter(element => !element.ariaLabel).length"
    )
    assert browser.run(without) == 0
    tables = (
        "return [...document.querySelectorAll('table')].filter(t => !t.caption ||"
        " ![...t.tHead.querySelectorAll('th')].every(h => h.scope === 'col') ||"
        " ![...t.tBodies[0].rows].every(r => r.cells[0].scope === 'row')).length"
    )
    assert browser.run(tables) == 0
    dead = (
        "return [...document.querySelectorAll('a[href^=\"#\"]')].filter("
        "a => !document.getElementById(a.hash.slice(1))).map(a => a.hash)"
    )
    assert browser.run(dead) == []


def test_hostile_text_is_only_text(folder: Path, browser: Browser, width: int) -> None:
    for index, text in enumerate(HOSTILE):
        change_run(folder, partial(inject, index=index, text=text))
    browser.open(write_page(folder))
    assert browser.console() == []
    assert browser.run("return window.hacked") is None
    assert browser.run("return document.querySelectorAll('main img, main b b').length") == 0
    shown = browser.run("return document.documentElement.innerText")
    assert HOSTILE[0] in shown
    assert "{{ 7 * 7 }}" in shown
    assert not set(shown) & set("\x00\x07\x1b\u202e")
    assert browser.run("return document.documentElement.scrollWidth") <= width
    assert not any(url.startswith("http") for url in browser.requests())


def test_failures_and_absences_are_shown(folder: Path, browser: Browser) -> None:

    def fail_all(run: Run) -> None:
        run["ended"] = None
        run["warnings"] = ["This host is too noisy for a ranking: stop something."]
        run["absent"] = [{"supervisor": "upstart", "title": "upstart",
                          "reason": "not available on Debian 12"}]  # fmt: skip
        upstart = run["supervisors"]["runit"].copy()
        upstart["title"] = "upstart"
        run["supervisors"]["upstart"] = upstart
        for contender in run["contenders"]:
            sample_runs.mark_failed(contender, "in phase start: no.\nmore")

    change_run(folder, fail_all)
    (folder / "samples.jsonl").unlink()
    browser.open(write_page(folder))
    assert browser.console() == []
    shown = browser.run("return document.body.innerText")
    assert "not available on Debian 12" in shown
    assert "in phase start: no." in shown
    assert "too noisy for a ranking" in shown
    assert "This run has not ended." in shown


def test_calibration_parts_and_doubts_are_shown(folder: Path, browser: Browser, width: int) -> None:

    def add_facts(run: Run) -> None:
        run["calibration"], run["bound"] = sample_runs.calibration(), 360.0
        for contender in run["contenders"]:
            sample_runs.add_restart_parts(
                contender, [0.05, 0.15, 1.8, 1.7, 0.3], [0.05, 1720.0, 1.8, 1.7, 0.3]
            )
            text = "6 trials are too few: --trials=10. " * 9
            contender["doubts"] = [{"kind": "few", "text": text}]

    change_run(folder, add_facts)
    browser.open(write_page(folder))
    assert browser.console() == []
    assert browser.run("return document.documentElement.scrollWidth") <= width
    for chart in ("figure-split-1 .track", "figure-lateness svg"):
        box = f"document.querySelector('#{chart}').getBoundingClientRect()"
        assert browser.run(f"return {box}.width") > 200
    rows = "return document.querySelectorAll('#split tbody tr, #trust tbody tr').length"
    assert browser.run(rows) == 10 + 2 + 5


def test_a_run_of_a_single_contender_has_its_charts(tmp_path: Path, browser: Browser) -> None:
    values = sample_runs.steady_latencies(4.0)
    name = "runit/runner/default/pid1"
    run = sample_runs.run(sample_runs.contender(name, values))
    browser.open(
        write_page(
            sample_runs.write_run(tmp_path, run, sample_runs.restart_samples({name: values}))
        )
    )
    assert browser.console() == []
    assert browser.run("return document.querySelectorAll('.chart svg').length") == 1
    assert browser.run("return document.querySelectorAll('figure.rows').length") == 2


def change_run(folder: Path, change: Callable[[Run], object]) -> None:
    """Change the run on disk."""
    path = folder / "run.json"
    run = json.loads(path.read_text())
    change(run)
    path.write_text(json.dumps(run))


def inject(run: Run, index: int, text: str) -> None:
    """Put a text wherever a run may hold text; index: of the contender that gets it."""
    contender = run["contenders"][index % len(run["contenders"])]
    contender["title"] = contender["setting"] = contender["version"] = text
    facts = run["supervisors"][contender["supervisor"]]
    facts["title"] = facts["idea"] = facts["home"] = text
    example = facts["usage"][0]
    action = example["steps"][0]["actions"][0]
    example["title"] = action["file"] = action["content"] = text
    run["warnings"].append(text)
    run["calibration"] = sample_runs.calibration(
        untraced=text, checks=[sample_runs.check(text, text, text, met=False)]
    )
    contender["doubts"] = [{"kind": "few", "text": text}]
    contender["scenarios"]["footprint"] = {"status": "not measured", "note": text, "metrics": []}


def contrast(one: list[int], other: list[int]) -> float:
    """Return the contrast ratio of two colours.

    Source: https://www.w3.org/TR/WCAG21/#dfn-contrast-ratio
    """

    def luminance(colour: list[int]) -> float:
        parts = [value / 255 for value in colour]
        line = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * line[0] + 0.7152 * line[1] + 0.0722 * line[2]

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)
