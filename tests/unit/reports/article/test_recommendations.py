"""The recommendations follow from the figures by their rules, and say when these do not suffice."""

from __future__ import annotations

from typing import cast

import pytest

from bench.model.run_file import ContenderResult, MetricResult, Run
from reports.article.recommendations import recommend
from tests.support.samples import sample_runs
from tests.support.samples.sample_runs import contender, steady_latencies

RUNIT = "runit/runner/default/hosted"
S6 = "s6/runner/default/hosted"
S6_TUNED = "s6/runner/fast/hosted"
S6_TUNED_PID1 = "s6/runner/fast/pid1"
FLOOR = "floor/runner/default/hosted"


def answers(run: Run) -> dict[str, str]:
    return {item.question: item.answer for item in recommend(run)}


def test_contenders_with_overlapping_intervals_are_named_with_the_fastest() -> None:
    run = sample_runs.run(
        contender(RUNIT, steady_latencies(4.0)),
        contender(S6_TUNED, steady_latencies(4.1)),
        contender(S6_TUNED_PID1, steady_latencies(8.0)),
        contender(FLOOR, steady_latencies(1.0)),
    )
    by_question = answers(run)
    assert by_question["Which is fastest?"] == "runit (4.00 ms); s6, fast (4.10 ms)."
    assert by_question["Which is fastest as PID 1?"] == "s6, fast, PID 1 (8.00 ms)."
    assert (
        by_question["Which is fastest for a daemon that detaches itself?"]
        == "This run has no such figure."
    )
    assert (
        by_question["Which is fastest for a daemon that ends soon after its start?"]
        == "This run has no such figure."
    )


def test_the_fastest_has_the_lowest_median() -> None:
    run = sample_runs.run(
        contender(RUNIT, steady_latencies(40.0)), contender(S6, steady_latencies(9.0))
    )
    assert answers(run)["Which is fastest?"] == "s6 (9.00 ms)."


def test_the_lightest_has_the_least_memory_with_ten_services() -> None:
    heavy, light = (100, 9000), (500, 1024)
    run = sample_runs.run(contender(RUNIT, [], memory=heavy), contender(S6, [], memory=light))
    assert answers(run)["Which takes least memory with ten services?"] == "s6 (1.00 MiB)."


def test_a_default_that_is_much_slower_than_fast_is_worth_changing() -> None:
    run = sample_runs.run(
        contender(S6, steady_latencies(1006)), contender(S6_TUNED, steady_latencies(5))
    )
    by_question = answers(run)
    assert by_question["Which default is worth changing?"].startswith(
        "s6, fast: 5.00 ms in place of 1.01"
    )
    assert by_question["Which takes a second or longer?"] == "s6 (1.01 s)."


def test_a_default_as_fast_as_fast_is_not_worth_changing() -> None:
    run = sample_runs.run(
        contender(S6, steady_latencies(5.1)), contender(S6_TUNED, steady_latencies(5))
    )
    assert answers(run)["Which default is worth changing?"] == "None that this run can tell."


def test_a_noisy_host_gives_no_ranking() -> None:
    run = sample_runs.run(
        contender(RUNIT, steady_latencies(4)), warnings=["too noisy for a ranking: stop it"]
    )
    assert "too noisy" in answers(run)["Which is fastest?"]


def test_too_few_samples_are_named_as_such() -> None:
    run = sample_runs.run(contender(RUNIT, [4.0, 5.0, 6.0]))
    assert "3 samples, too few" in answers(run)["Which is fastest?"]


def test_trials_without_a_restart_are_counted() -> None:
    run = sample_runs.run(
        contender(RUNIT, steady_latencies(4), censored=2),
        sample_runs.mark_failed(contender(S6, []), "in phase start: it fell over"),
    )
    by_question = answers(run)
    question = "Which failed to restart a daemon that ran for"
    assert by_question[f"{question} long?"] == "runit: 2 of 32 restarts (nothing special)."
    assert by_question[f"{question} 0.3 s?"] == "None."


def test_an_end_that_is_final_is_told_with_its_uptime_and_its_setting() -> None:
    forever = contender("forever/runner/default/hosted", steady_latencies(4))
    forever["setting"] = "an end within 1 s of a start is final"
    metrics = forever["scenarios"]["restart"]["metrics"]
    short = {**metrics[0], "metric": "restart_short", "n": 1, "censored": 1, "median": None}
    metrics.append(cast(MetricResult, short))
    by_question = answers(sample_runs.run(forever))
    assert by_question["Which failed to restart a daemon that ran for long?"] == "None."
    assert by_question["Which failed to restart a daemon that ran for 0.3 s?"] == (
        "forever: 1 of 1 restart (an end within 1 s of a start is final)."
    )


@pytest.mark.parametrize("origin", ["source", "own_files"])
def test_a_build_of_ones_own_is_not_as_packaged(origin: str) -> None:
    own = cast(ContenderResult, {
        **contender(S6, steady_latencies(1.0)), origin: {"sha256": "dccab6c9" * 8}
    })  # fmt: skip
    by_question = answers(sample_runs.run(own, contender(RUNIT, steady_latencies(4.0))))
    assert by_question["Which is fastest as packaged?"] == "runit (4.00 ms)."
    assert "dccab6c9" in by_question["Which is fastest?"]


def test_an_empty_run_recommends_nothing() -> None:
    assert set(answers(sample_runs.run()).values()) == {
        "This run has no such figure.", "None that this run can tell.", "None."
    }  # fmt: skip
