"""A real run of five releases, cut down to two supervisors: what changed, and where it is said."""

from __future__ import annotations

import io
from collections.abc import Callable
from html import unescape
from pathlib import Path

import pytest
from rich.console import Console

from bench.recording.store import read_run
from bench.recording.validity.samples_check import find_damage
from reports.compare.changes import compare_metrics
from reports.compare.runs import RunWithSamples, with_samples
from reports.compare.systems.history import change_lines, histories
from reports.compare.systems.system_views import system_view
from reports.formats import html, markdown, terminal
from tests.unit.reports.support.renderings import article_in

FOLDER = Path(__file__).parents[2] / "data" / "releases"
S6 = "s6 2.11.3.2 (Debian 12) restarts a daemon"
OPENRC = "OpenRC, patient, PID 1 0.64.1 (Debian forky) restarts a daemon"
# The releases since when they do otherwise: by NEWS of s6 2.11.2.0, and by two commits of OpenRC
# 0.62, whose delay is 128 ms at every other end of a daemon that was up for longer than 12 s.
SENTENCES = [
    f"{S6} that ran for long slower: 1.01 s, in 2.10.0.2 (Debian 11) 6.11 ms: 167 times (",
    f"{S6} that ran for 0.3 s slower: 1.00 s, in 2.10.0.2 (Debian 11) 701 ms: +43.3 % (",
    f"{OPENRC} that ran for long otherwise, not slower or faster as a whole: 5.86 ms, "
    "in 0.56 (Debian 13) 1.11 ms: ",
    f"{OPENRC} that ran for 0.3 s slower: 216 ms, in 0.56 (Debian 13) 1.03 ms: 161 times (",
]


@pytest.fixture(scope="module")
def recorded() -> RunWithSamples:
    run = read_run(FOLDER)
    assert find_damage(run, FOLDER) == []
    return with_samples(run, FOLDER)


def test_the_changes_of_the_recorded_run_are_those_of_the_supervisors(
    recorded: RunWithSamples,
) -> None:
    *lines, summary = change_lines(recorded)
    assert summary == (
        "2 contenders over Debian 11, Debian 12, Debian 13, Debian forky, Debian sid: "
        "8 steps, 4 changes."
    )
    changes = [line for line in lines if "known change" not in line]
    assert len(changes) == len(SENTENCES)
    for line, sentence in zip(changes, SENTENCES, strict=True):
        assert line.startswith(sentence)
    assert [line[:60] for line in lines if line not in changes] == [
        "s6, known change: Since 2.11.2.0 (NEWS; commit 04876fb of s6",
        "OpenRC, patient, PID 1, known change: Since 0.62 (commits 8e",
    ]


def test_its_history_has_the_version_of_each_release(recorded: RunWithSamples) -> None:
    versions = {
        item.label: [result["version"] for result in item.results] for item in histories(recorded)
    }
    assert versions == {
        "s6": ["2.10.0.2", "2.11.3.2", "2.13.1.0", "2.15.1.0", "2.15.1.0"],
        "OpenRC, patient, PID 1": ["0.42", "0.45.2", "0.56", "0.64.1", "0.64.1"],
    }


def on_a_terminal(recorded: RunWithSamples) -> str:
    console = Console(file=io.StringIO(), width=300, record=True)
    terminal.print_run(recorded.run, console, force=False, folder=FOLDER)
    return console.export_text()


def as_markdown(recorded: RunWithSamples) -> str:
    return markdown.render_markdown(article_in(recorded.run, FOLDER)).replace("\\", "")


def as_a_page(recorded: RunWithSamples) -> str:
    return unescape(html.render_html(article_in(recorded.run, FOLDER)))


@pytest.mark.parametrize("render", [on_a_terminal, as_markdown, as_a_page])
def test_every_rendering_says_what_changed(
    recorded: RunWithSamples, render: Callable[[RunWithSamples], str]
) -> None:
    text = render(recorded)
    for sentence in SENTENCES:
        assert sentence in text
    for version in ("2.10.0.2", "2.15.1.0", "0.42", "0.64.1"):
        assert version in text


def test_two_of_its_releases_compare_as_two_runs(recorded: RunWithSamples) -> None:
    trixie, forky = (system_view(recorded, release) for release in ("trixie", "forky"))
    slower = [change for change in compare_metrics(trixie, forky) if change.verdict == "slower"]
    assert [(change.contender, change.metric) for change in slower] == [
        ("openrc/runner/patient/pid1", "restart_short")
    ]
