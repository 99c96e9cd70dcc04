"""What stands beside a restart figure that readers may not take as it is."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bench.model.run_file import ContenderResult, Run
from reports.article.article import build_article
from reports.article.summary_table import summary_table
from reports.compare.systems.history import History
from reports.compare.systems.history_table import releases_table
from reports.model.blocks import Block, Cell, Chooser, Section, Table
from reports.model.reservations import restart_footnote, restart_hint
from reports.model.samples import Samples
from tests.support.samples import sample_runs
from tests.unit.reports.support.renderings import steady_article

LOAD = (
    "During its trials processes waited for a processor in 96% of the time (bound 25%): "
    "stop other programs on this host."
)
MODES = "The latencies have 2 modes (80% near 1.5 ms; bound 1): the median alone misleads."


def poller(**doubts: str) -> ContenderResult:
    """Return a monitor that looks once in 120 s; doubts: texts by kind."""
    one = sample_runs.contender("monit/monitor/default/hosted", [4.0, 5.0, 6.0])
    short = sample_runs.single_metric("restart_short", "ms", 654.0)
    one["scenarios"]["restart"]["metrics"].append(short)
    one["period"] = 120.0
    one["doubts"] = [{"kind": kind, "text": text} for kind, text in doubts.items()]  # type: ignore[typeddict-item]
    return one


def tables(blocks: tuple[Block, ...]) -> Iterator[Table]:
    for block in blocks:
        match block:
            case Table():
                yield block
            case Chooser():
                yield block.table
            case Section():
                yield from tables(block.blocks)


def cells(run: Run, text: str) -> list[Cell]:
    """Return every cell of the article's tables with that text."""
    article = steady_article(run)
    return [
        cell
        for table in tables(article.sections)
        for row in table.rows
        for cell in row
        if cell.text == text
    ]


def test_a_young_daemon_of_a_poller_has_the_same_footnote_in_every_table() -> None:
    found = cells(sample_runs.run(poller()), "654 ms")
    noted = [cell.footnote for cell in found if cell.footnote]
    assert len(noted) == 2  # the chooser, and all restart times
    assert all("the same phase of it" in footnote for footnote in noted)


def test_a_history_of_releases_has_the_footnote_too() -> None:
    one = {**poller(), "name": "monit/monitor/default/hosted@sid"}
    history = History("monit", (one,), ("Debian sid",), ())  # type: ignore[arg-type]
    (row,) = releases_table([history]).rows
    assert [bool(cell.footnote) for cell in row[3:5]] == [False, True]


@pytest.mark.parametrize("kind", ["neighbour", "modes", "few", "outliers"])
def test_each_kind_of_doubt_has_plain_words(kind: str) -> None:
    words = restart_footnote(poller(**{kind: LOAD}), "restart_long")
    assert words
    assert kind not in words.split()


def test_a_doubt_about_long_trials_is_none_about_short_ones() -> None:
    one = poller(modes=MODES)
    assert "Several modes" in restart_footnote(one, "restart_long")
    assert "Several modes" not in restart_footnote(one, "restart_short")


def test_other_load_is_a_doubt_about_both() -> None:
    one = poller(neighbour=LOAD)
    assert all(
        "Other load" in restart_footnote(one, f"restart_{uptime}") for uptime in ("long", "short")
    )
    assert restart_footnote(one, "private_dirty_1") == ""


def test_the_hint_has_the_finding_without_advice() -> None:
    assert restart_hint(poller(neighbour=LOAD, modes=MODES), "restart_long") == (
        "During its trials processes waited for a processor in 96% of the time (bound 25%). "
        "The latencies have 2 modes (80% near 1.5 ms; bound 1)."
    )


def test_the_short_table_has_the_footnote() -> None:
    (row,) = summary_table(sample_runs.run(poller(neighbour=LOAD))).rows
    assert any("Other load" in cell.footnote for cell in row)


def test_how_far_to_trust_a_run_begins_with_numbers() -> None:
    run = sample_runs.run(poller(neighbour=LOAD))
    (trust,) = (one for one in build_article(run, Samples()).sections if one.name == "trust")
    text = trust.blocks[0].text  # type: ignore[union-attr]
    assert "disturbed 1 (100%) of the 1 contenders with a restart figure" in text


def test_a_run_without_restarts_has_no_share_of_doubtful_ones() -> None:
    (trust,) = (
        one for one in build_article(sample_runs.run(), Samples()).sections if one.name == "trust"
    )
    assert "contenders with a restart figure" not in trust.blocks[0].text  # type: ignore[union-attr]
