"""Changes that no figure shows."""

from __future__ import annotations

from typing import cast

import pytest

from bench.model.statistics import Metric, single_value
from reports.compare.behaviour_changes import compare_behaviour
from reports.compare.runs import RunWithSamples
from tests.support.samples import sample_runs
from tests.unit.reports.support.compared_runs import (
    RUNIT,
    S6,
    changed,
    comparison_output,
    run_with_figures,
    run_with_medians,
)
from tests.unit.reports.support.judged_runs import Answer, judged, verdict


def test_a_contender_that_is_gone_is_a_regression() -> None:
    both = run_with_medians(4, 1000)
    one = changed(both, contenders=both.run["contenders"][:1])
    code, output = comparison_output([both, one], "regression:1000")
    assert code == 1 and f"regression: {S6} is not in {one.run['id']}" in output
    assert comparison_output([one, both], "regression:1000")[0] == 0
    assert comparison_output([both, one])[0] == 0


def test_a_contender_that_was_never_measured_is_no_loss() -> None:
    before, after = run_with_medians(4, 1000), run_with_medians(4, 1000)
    sample_runs.mark_failed(before.run["contenders"][1], "in phase start: no")
    after.run["contenders"].pop()
    assert comparison_output([before, after], "regression:1")[0] == 0


def test_a_scenario_that_failed_is_a_regression() -> None:
    before, failed = run_with_medians(4, 1000), run_with_medians(4, 1000)
    sample_runs.mark_failed(failed.run["contenders"][0], "in phase start: no", "footprint")
    output = comparison_output([before, failed], "regression:1")[1]
    assert f"regression: {RUNIT} footprint: failed" in output


def test_a_scenario_that_was_not_asked_for_is_a_regression() -> None:
    before, without = run_with_medians(4, 1000), run_with_medians(4, 1000)
    del without.run["contenders"][0]["scenarios"]["footprint"]
    code, output = comparison_output([before, without], "regression:1")
    assert code == 1 and f"regression: {RUNIT} footprint: not asked for" in output
    assert comparison_output([without, before], "regression:1")[0] == 0


def test_a_figure_that_is_missing_now_is_a_regression() -> None:
    missing = Metric("crash_back", "s", status="not measured", note="it did not come back")
    runs = [
        run_with_figures(single_value("crash_back", "s", 3), scenario="x"),
        run_with_figures(missing, scenario="x"),
    ]
    code, output = comparison_output(runs, "regression:10")
    assert code == 1 and "crash_back: not measured (it did not come back)" in output


@pytest.fixture
def lost_restarts() -> tuple[RunWithSamples, RunWithSamples]:
    """Two runs: in the second runit mostly fails to restart its daemon, and s6 has failed."""
    before, after = run_with_medians(4, 1000), run_with_medians(4, 1000, seed=2)
    runit = sample_runs.contender(RUNIT, [4.0, 4.1], censored=28)
    s6 = after.run["contenders"][1]
    s6["status"], s6["reason"] = "failed", "in phase start: no\nmore"
    return before, changed(after, contenders=[runit, s6])


def test_a_contender_that_restarts_no_more_became_worse(
    lost_restarts: tuple[RunWithSamples, RunWithSamples],
) -> None:
    changes = {(item.contender, item.what): item for item in compare_behaviour(*lost_restarts)}
    lost = changes[RUNIT, "restart_long"]
    assert lost.worse and lost.after == "no median, 28 of 30 did not come back in time"
    assert changes[S6, "status"].after == "failed in phase start: no"
    assert comparison_output(lost_restarts, "regression:1000")[0] == 1


def test_a_contender_that_restarts_again_did_not_become_worse(
    lost_restarts: tuple[RunWithSamples, RunWithSamples],
) -> None:
    before, after = lost_restarts
    assert not any(item.worse for item in compare_behaviour(after, before))


def run_with_answer(answer: Answer) -> RunWithSamples:
    compared = run_with_medians(4, 1000)
    scenarios = compared.run["contenders"][0]["scenarios"]
    scenarios["deaths"] = judged(verdict("exit 0", answer))
    return compared


@pytest.mark.parametrize(
    ("before", "after", "worse"),
    [("yes", "no", True), ("yes", "partly", True), ("partly", "yes", False),
     ("yes", "not measured", False)],
)  # fmt: skip
def test_a_verdict_that_changed_is_listed(before: Answer, after: Answer, worse: bool) -> None:
    (change,) = compare_behaviour(run_with_answer(before), run_with_answer(after))
    assert (change.what, change.before, change.after) == ("deaths, exit 0", before, after)
    assert change.worse is worse


def test_a_verdict_that_stayed_is_not_listed() -> None:
    assert compare_behaviour(run_with_answer("yes"), run_with_answer("yes")) == []


def run_with_tally(**tally: int) -> RunWithSamples:
    compared = run_with_answer("partly" if len(tally) > 1 else cast(Answer, next(iter(tally))))
    (result,) = compared.run["contenders"][0]["scenarios"]["deaths"]["verdicts"]
    result["tally"] = tally
    return compared


def test_guests_that_differ_by_chance_are_listed_and_are_no_regression() -> None:
    before, after = run_with_tally(yes=3), run_with_tally(no=2, yes=1)
    (change,) = compare_behaviour(before, after)
    assert (change.before, change.after) == ("yes in 3 of 3", "no in 2 of 3, yes in 1 of 3")
    assert not change.worse


def test_guests_that_all_do_otherwise_are_a_regression() -> None:
    (change,) = compare_behaviour(run_with_tally(yes=3), run_with_tally(no=3))
    assert change.worse
