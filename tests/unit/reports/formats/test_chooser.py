"""The table to choose by, in a real browser: its questions, its links, without scripts, a phone."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bench.recording.store import read_run
from reports.formats.html import render_html
from reports.model.tables.decision import QUESTIONS
from reports.render import write_article
from tests.support.samples import sample_runs
from tests.support.samples.sample_runs import contender, steady_latencies
from tests.unit.reports.conftest import Browser
from tests.unit.reports.support.judged_runs import Answer, judged, verdict
from tests.unit.reports.support.renderings import steady_article

pytestmark = [pytest.mark.page, pytest.mark.timeout(300)]
PHONE, TABLET, DESK = 390, 768, 1440
RUNIT, RUNIT_PID1 = "runit/runner/default/hosted", "runit/runner/default/pid1"
S6, MONIT = "s6/runner/fast/hosted", "monit/monitor/fast/hosted"
FLOOR = "floor/runner/default/hosted"
# Median in ms, private kB, and whether a daemon that ends at once is tried on and on.
FACTS: dict[str, tuple[float, float, Answer]] = {
    RUNIT: (4.0, 200, "yes"),
    RUNIT_PID1: (3.0, 300, "yes"),
    S6: (5.0, 2000, "no"),
    MONIT: (900.0, 1200, "partly"),
}
ALL = ["runit, PID 1", "runit", "s6, ready", "monit, fast"]
SHOWN = (
    "return [...document.querySelectorAll('.choices tbody tr')]"
    ".filter(row => row.getClientRects().length).map(row => row.cells[0].innerText)"
)


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("chooser") / "run"
    contenders = []
    for name, (median, memory, answer) in FACTS.items():
        item = contender(name, steady_latencies(median), memory=(memory, memory * 2))
        item["scenarios"]["crashloop"] = judged(verdict("keeps trying", answer, (1,)))
        contenders.append(item)
    contenders[2]["short_name"] = "ready"
    contenders.append(contender(FLOOR, steady_latencies(1.0), rank=100))
    latencies = {name: steady_latencies(facts[0]) for name, facts in FACTS.items()}
    latencies[FLOOR] = steady_latencies(1.0)
    titles = {"crashloop": "a daemon that ends at once"}
    run = sample_runs.run(*contenders, scenario_titles=titles)
    sample_runs.write_run(folder, run, sample_runs.restart_samples(latencies))
    return write_article("html", read_run(folder), folder)[0]


def open_at(browser: Browser, page: Path, fragment: str = "", width: int = DESK) -> None:
    browser.width(width)
    browser.driver.get("about:blank")
    browser.driver.get(f"{page.as_uri()}{fragment}")


def choose(browser: Browser, name: str, value: str) -> None:
    browser.run(
        f"const s = document.querySelector('.chooser select[name={name}]'); s.value = '{value}';"
        "s.dispatchEvent(new Event('change', {bubbles: true}))"
    )


def fragment(browser: Browser) -> str:
    return str(browser.run("return location.hash"))


@pytest.mark.parametrize(
    ("name", "value", "remaining"),
    [
        ("place", "init", ["runit, PID 1"]),
        ("place", "container", ["runit, PID 1"]),
        ("place", "beside", ["runit", "s6, ready", "monit, fast"]),
        ("daemon", "monitor", ["monit, fast"]),
        ("crashes", "on", ["runit, PID 1", "runit"]),
        ("crashes", "stops", ["s6, ready"]),
        ("crashes", "pauses", ["monit, fast"]),
        ("memory", "256", ["runit"]),
        ("memory", "5120", ALL),
    ],
)
def test_an_answer_leaves_what_fits_and_stands_in_the_address(
    page: Path, browser: Browser, name: str, value: str, remaining: list[str]
) -> None:
    open_at(browser, page)
    assert browser.run(SHOWN) == ALL
    choose(browser, name, value)
    assert browser.run(SHOWN) == remaining
    assert fragment(browser) == f"#choose&{name}={value}"
    counted = browser.run("return document.querySelector('.chooser output').innerText")
    assert counted == f"{len(remaining)} of 4 shown"
    open_at(browser, page, fragment(browser))
    assert browser.run(SHOWN) == remaining


def test_the_address_keeps_several_answers_and_the_order(page: Path, browser: Browser) -> None:
    open_at(browser, page, "#choose&place=beside&sort=memory&order=down")
    assert browser.run(SHOWN) == ["s6, ready", "monit, fast", "runit"]
    click = "document.querySelector('.choices th[data-sort=restart] button').click()"
    browser.run(click)
    assert browser.run(SHOWN) == ["runit", "s6, ready", "monit, fast"]
    assert fragment(browser) == "#choose&place=beside&sort=restart"
    browser.run("document.querySelector('.chooser [type=reset]').click()")
    browser.run("return new Promise(done => setTimeout(done, 50))")
    assert len(browser.run(SHOWN)) == len(ALL)


def test_an_address_with_nonsense_shows_everything(page: Path, browser: Browser) -> None:
    open_at(browser, page, "#choose&place=%3Cb%3E&sort=nothing&memory=x&more=1")
    assert browser.run(SHOWN) == ALL
    assert browser.console() == []


def test_a_malformed_address_does_no_harm(page: Path, browser: Browser) -> None:
    open_at(browser, page, "#%")
    browser.run("document.querySelector('.choices td a').click()")
    assert browser.run("return document.querySelector('dialog[open]')") is not None
    assert browser.console() == []


def test_answers_stand_in_the_address_of_a_browser_of_2022(page: Path, browser: Browser) -> None:
    open_at(browser, page)
    browser.run("delete URLSearchParams.prototype.size")
    choose(browser, "place", "init")
    assert fragment(browser) == "#choose&place=init"
    choose(browser, "place", "")
    assert fragment(browser) == "#choose"


def test_answers_that_nothing_fits_are_told_so(page: Path, browser: Browser) -> None:
    open_at(browser, page, "#choose&place=init&daemon=monitor")
    assert browser.run(SHOWN) == []
    assert "leave a question open" in browser.run("return document.body.innerText")


def test_every_figure_and_answer_leads_to_what_it_rests_on(page: Path, browser: Browser) -> None:
    open_at(browser, page)
    cells = browser.run(
        "return [...document.querySelectorAll('.choices td a')].map("
        "a => [a.innerText, document.getElementById(a.hash.slice(1))?.textContent ?? ''])"
    )
    assert len(cells) == 4 * len(FACTS)
    assert all(evidence for _, evidence in cells)
    figures = [(text, evidence) for text, evidence in cells if text[0].isdigit()]
    assert all(text in evidence for text, evidence in figures)
    answers = [evidence for text, evidence in cells if not text[0].isdigit()]
    assert any("keeps trying was seen to be partly." in evidence for evidence in answers)


def test_every_answer_of_the_matrix_leads_to_what_it_rests_on(page: Path, browser: Browser) -> None:
    open_at(browser, page)
    found = browser.run(
        "return [...document.querySelectorAll('#behaviour td a')].map("
        "a => document.getElementById(a.hash.slice(1))?.textContent ?? '')"
    )
    assert len(found) == len(FACTS)
    caption = browser.run("return document.querySelector('#behaviour caption').innerText")
    assert caption == "A daemon that ends at once (crashloop)"
    assert all("keeps trying was seen" in evidence for evidence in found)


def test_names_and_headings_say_what_they_stand_for(page: Path, browser: Browser) -> None:
    open_at(browser, page)
    hints = browser.run(
        "return [...document.querySelectorAll('.choices tbody th a, .choices thead th[data-sort]')]"
        ".map(element => element.title)"
    )
    assert f"{S6}: nothing special." in hints
    assert any(hint.startswith("median time from the kill") for hint in hints)
    words = browser.run("return document.querySelector('#words').innerText")
    assert "Never gives up" in words and "Floor:" in words


def test_a_click_opens_the_evidence_in_place_and_the_keyboard_closes_it(
    page: Path, browser: Browser
) -> None:
    open_at(browser, page)
    browser.run("document.querySelector('.choices td a').click()")
    text = browser.run("return document.querySelector('dialog[open]').innerText")
    assert "runit, PID 1, restart: median 3.00 ms of 30" in text
    assert browser.run("return document.activeElement.closest('dialog') !== null")
    browser.run("document.querySelector('dialog a').click()")
    assert browser.run("return document.querySelector('dialog[open]')") is None
    assert browser.run("return document.querySelector(location.hash.replace(/[@.]/g, '\\\\$&'))"
                       ".closest('details').open")  # fmt: skip


def test_without_scripts_everything_is_shown(page: Path, browser: Browser, tmp_path: Path) -> None:
    quiet = tmp_path / "quiet.html"
    quiet.write_text(re.sub(r"<script>.*?</script>", "", page.read_text(), flags=re.S))
    open_at(browser, quiet)
    assert browser.run(SHOWN) == ALL
    hidden = browser.run(
        "return [...document.querySelectorAll('.chooser, dialog, #tip')]"
        ".filter(element => element.getClientRects().length).length"
    )
    assert hidden == 0
    assert browser.run("return document.querySelectorAll('figure.rows li').length") > len(FACTS)


@pytest.mark.parametrize("width", [PHONE, TABLET, DESK])
def test_the_figure_that_matters_stands_beside_the_name(
    page: Path, browser: Browser, width: int
) -> None:
    open_at(browser, page, width=width)
    assert browser.run("return document.documentElement.scrollWidth") <= width
    cut_off = browser.run(
        "return [...document.querySelectorAll('.choices tbody tr, #latency tbody tr')]"
        ".map(row => row.cells[1])"
        ".concat([...document.querySelectorAll('figure.rows .figure, figure.rows .track')])"
        ".filter(element => element.getBoundingClientRect().right > innerWidth"
        " || element.scrollWidth > element.clientWidth + 1"
        " && !element.matches('.track, .figure')).length"
    )
    assert cut_off == 0


def test_the_questions_have_labels_and_can_be_answered_by_keyboard(
    page: Path, browser: Browser
) -> None:
    open_at(browser, page)
    unlabelled = (
        "return [...document.querySelectorAll('.chooser select')]"
        ".filter(element => !element.labels.length).length"
    )
    assert browser.run(unlabelled) == 0
    assert browser.run("return document.querySelector('.chooser output').ariaLive") == "polite"
    select = browser.driver.find_element("css selector", ".chooser select[name=place]")
    select.send_keys("as PID 1 of a machine")
    assert browser.run(SHOWN) == ["runit, PID 1"]


def test_the_contents_are_at_the_side_where_there_is_room(page: Path, browser: Browser) -> None:
    beside = (
        "const nav = document.querySelector('nav').getBoundingClientRect();"
        "return nav.right <= document.querySelector('main').getBoundingClientRect().left"
    )
    open_at(browser, page)
    assert browser.run(beside)
    open_at(browser, page, width=PHONE)
    assert not browser.run(beside)


def test_the_printed_page_has_the_table_and_no_questions(page: Path, browser: Browser) -> None:
    open_at(browser, page)
    browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    try:
        assert len(browser.run(SHOWN)) == len(ALL)
        assert browser.run("return document.querySelector('.chooser').getClientRects().length") == 0
    finally:
        browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})


def test_a_run_of_several_releases_shows_one_first(browser: Browser, tmp_path: Path) -> None:
    releases = {"bookworm": ("Debian 12", 4.0), "trixie": ("Debian 13", 5.0)}
    items = []
    for release, (title, median) in releases.items():
        item = contender(RUNIT, steady_latencies(median))
        item["name"], item["title"] = f"{RUNIT}@{release}", f"runit on {title}"
        items.append(item)
    items.append(contender(FLOOR, steady_latencies(1.0), rank=100))
    for item in items:
        item["scenarios"]["crashloop"] = judged(verdict("keeps trying", "yes", (1,)))
    systems = [
        {"name": name, "title": title, "release": name} for name, (title, _) in releases.items()
    ]
    run = sample_runs.run(
        *items, systems=systems, system={"name": "both", "title": "Debian 12, Debian 13"}
    )
    run["supervisors"]["runit"]["title"] = "runit"
    page = tmp_path / "releases.html"
    page.write_text(render_html(steady_article(run)))
    open_at(browser, page)
    assert browser.run(SHOWN) == ["runit\nDebian 13"]
    choose(browser, "release", "bookworm")
    assert browser.run(SHOWN) == ["runit\nDebian 12"]
    choose(browser, "release", "")
    assert len(browser.run(SHOWN)) == 2
    assert fragment(browser) == "#choose&release=any"
    open_at(browser, page, fragment(browser))
    assert len(browser.run(SHOWN)) == 2
    targets = browser.run(
        "return [...document.querySelectorAll('td a')]"
        ".filter(a => !document.getElementById(a.hash.slice(1))).map(a => a.hash)"
    )
    assert targets == []


def test_the_questions_name_behaviours_that_scenarios_judge() -> None:
    published = read_run(Path(__file__).parents[4] / "reports" / "published")
    judged_there = {
        verdict["behaviour"]
        for item in published["contenders"]
        for result in item["scenarios"].values()
        for verdict in result.get("verdicts", [])
    }
    assert {question.behaviour for question in QUESTIONS} <= judged_there
