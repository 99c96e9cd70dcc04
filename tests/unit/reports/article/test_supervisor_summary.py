"""Sentences on one supervisor's figures."""

from __future__ import annotations

import pytest

from reports.article.article_table import article_table
from reports.article.supervisor_summary import summarize_supervisor
from reports.model.tables.summary_rows import summary_rows
from tests.support.samples import sample_runs
from tests.support.samples.sample_runs import contender, steady_latencies

S6 = "s6/runner/default/hosted"


@pytest.fixture
def s6_sentences() -> list[str]:
    run = sample_runs.run(
        contender(S6, steady_latencies(1006)),
        contender("s6/runner/fast/hosted", steady_latencies(5)),
        contender("s6/runner/fast/pid1", steady_latencies(10)),
    )
    return summarize_supervisor(run, "s6")


def test_fast_is_compared_with_default(s6_sentences: list[str]) -> None:
    assert "s6, fast is 201 times faster than by default." in s6_sentences


def test_pid1_is_compared_with_hosted(s6_sentences: list[str]) -> None:
    assert any("2.00 times slower than beside another init" in text for text in s6_sentences)


@pytest.mark.parametrize("doubtful", [0, 1])
def test_a_figure_with_a_doubt_is_called_neither_slower_nor_faster(doubtful: int) -> None:
    pair = [
        contender("pm2/runner/default/hosted", steady_latencies(7.8)),
        contender("pm2/runner/patient/hosted", steady_latencies(12.1)),
    ]
    assert any("slower" in text for text in summarize_supervisor(sample_runs.run(*pair), "pm2"))
    pair[doubtful]["doubts"] = [{"kind": "few", "text": "Few trials."}]
    assert not any("slower" in text for text in summarize_supervisor(sample_runs.run(*pair), "pm2"))


def test_a_doubt_hides_no_difference_that_a_busy_host_does_not_make() -> None:
    pair = [
        contender("systemd/runner/default/pid1", steady_latencies(250)),
        contender("systemd/runner/fast/pid1", steady_latencies(16)),
    ]
    pair[0]["doubts"] = [{"kind": "neighbour", "text": "Other load."}]
    sentences = summarize_supervisor(sample_runs.run(*pair), "systemd")
    assert "systemd, fast, PID 1 is 15.6 times faster than by default." in sentences


@pytest.mark.parametrize(
    ("ten_kb", "growth"),
    [(9200.0, "1,000 kB"), (200.0, "no more than noise"), (110.0, "no more than noise")],
)
def test_memory_that_did_not_grow_is_no_figure(ten_kb: float, growth: str) -> None:
    run = sample_runs.run(contender(S6, [], memory=(200.0, ten_kb)))
    assert (
        f"s6 takes 200 kB of private memory with one service, and {growth} for each further one."
        in summarize_supervisor(run, "s6")
    )


def test_a_pollers_median_is_a_share_of_its_period() -> None:
    run = sample_runs.run(contender("monit/monitor/fast/hosted", steady_latencies(500), period=1.0))
    sentence = "monit, fast acts on a grid of 1 s; its median is 50 % of that."
    assert sentence in summarize_supervisor(run, "monit")


def test_a_failed_contender_gives_the_reason_alone() -> None:
    failed = sample_runs.mark_failed(contender(S6, []), "in phase start: it fell over")
    assert summarize_supervisor(sample_runs.run(failed), "s6") == [
        "s6 was not measured: in phase start: it fell over"
    ]


def test_an_unfinished_scenario_is_named() -> None:
    runit = contender("runit/runner/default/hosted", steady_latencies(4.0))
    run = sample_runs.run(sample_runs.mark_unfinished(runit, "footprint"))
    sentence = "runit, footprint: unfinished, interrupted."
    assert sentence in summarize_supervisor(run, "runit")


def test_what_a_profile_is_not_for_is_said_once_and_in_no_table() -> None:
    strict = contender("s6/runner/strict/hosted", [])
    note = "The profile strict changes nothing that it shows."
    strict["scenarios"] = {
        name: {"status": "not applicable", "note": note, "metrics": []}
        for name in ("restart", "footprint")
    }
    run = sample_runs.run(contender(S6, steady_latencies(1006)), strict)
    sentences = [text for text in summarize_supervisor(run, "s6") if "strict" in text]
    assert sentences == [f"s6, strict, restart, footprint: not applicable, {note}"]
    assert "strict" not in {row.name.split("/")[2] for row in summary_rows(run)}
    table = article_table(run)
    assert "strict" not in str([cell.text for row in table.rows for cell in row])
