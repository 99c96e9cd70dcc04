"""Changes of figures: what is more than chance, and what is not compared."""

from __future__ import annotations

import pytest

from bench.model.statistics import single_value, summarize
from reports.compare.changes import compare_metrics
from tests.support.sample_runs import steady_latencies
from tests.unit.reports.support.compared_runs import (
    RUNIT,
    S6,
    changed,
    comparison_output,
    find_change,
    run_with_figures,
    run_with_medians,
)


def test_two_runs_of_the_same_differ_by_chance() -> None:
    changes = compare_metrics(run_with_medians(4, 1000), run_with_medians(4, 1000, seed=2))
    assert {change.verdict for change in changes} == {"chance", "single"}


def test_a_slower_median_is_found_with_its_size_and_effect() -> None:
    changes = compare_metrics(run_with_medians(4, 1000), run_with_medians(6, 1000, seed=2))
    slower = find_change(changes, RUNIT)
    assert slower.verdict == "slower" and slower.is_significant
    assert 40 < slower.percent < 60
    assert slower.effect is not None and slower.effect > 0.9
    assert not find_change(changes, S6).is_significant


def test_a_faster_median_has_a_negative_effect() -> None:
    changes = compare_metrics(run_with_medians(6, 1000), run_with_medians(4, 1000))
    faster = find_change(changes, RUNIT)
    assert faster.verdict == "faster"
    assert faster.effect is not None and faster.effect < -0.9


def test_p_is_corrected_for_the_number_of_tests() -> None:
    one, two = run_with_medians(4, 1000), run_with_medians(4.3, 1060, seed=3)
    s6_alone = changed(one, contenders=one.run["contenders"][1:])
    alone = find_change(compare_metrics(s6_alone, two), S6).p
    together = find_change(compare_metrics(one, two), S6).p
    assert alone is not None and together is not None and alone < together


def test_trials_without_a_restart_count_as_the_longest() -> None:
    before, after = run_with_medians(4, 1000), run_with_medians(4, 1000)
    key = (RUNIT, "long")
    for _ in range(15):
        after.samples.latencies_ms[key].pop(0)
        after.samples.censored[key] += 1
    effect = find_change(compare_metrics(before, after), RUNIT).effect
    assert effect is not None and effect > 0.2


def test_every_metric_of_a_contender_is_compared() -> None:
    slow = summarize("ready_long", "ms", steady_latencies(9.0))
    fast = summarize("ready_long", "ms", steady_latencies(3.0))
    cpu = [single_value("cpu_per_restart", "us", value) for value in (3000, 3400)]
    runs = [
        run_with_figures(fast, cpu[0], scenario="restart"),
        run_with_figures(slow, cpu[1], scenario="restart"),
    ]
    changes = compare_metrics(*runs)
    assert find_change(changes, RUNIT, "ready_long").verdict == "slower"
    assert find_change(changes, RUNIT, "cpu_per_restart").verdict == "single"
    code, output = comparison_output(runs, "regression:150")
    assert code == 1 and f"regression: {RUNIT} ready_long +200.0 %" in output
    assert "cpu_per_restart +13.3 %" in comparison_output(runs, "regression:10")[1]


def test_overlapping_intervals_are_chance_where_no_sample_is_at_hand() -> None:
    runs = [
        run_with_figures(
            summarize("scale_restart_10", "ms", steady_latencies(median)), scenario="scale"
        )
        for median in (4.0, 4.1)
    ]
    change = find_change(compare_metrics(*runs), RUNIT, "scale_restart_10")
    assert change.is_tested and change.verdict == "chance"
    assert comparison_output(runs, "regression:1")[0] == 0


def test_too_few_samples_for_an_interval_are_judged_by_their_percentage() -> None:
    runs = [
        run_with_figures(summarize("scale_restart_10", "ms", [median] * 3), scenario="scale")
        for median in (4.0, 4.1)
    ]
    assert comparison_output(runs, "regression:1")[0] == 1


def test_a_figure_that_was_0_is_compared_as_well() -> None:
    runs = [
        run_with_figures(single_value("wakeups", "/s", value), scenario="idle") for value in (0, 3)
    ]
    code, output = comparison_output(runs, "regression:1000")
    assert code == 1 and f"{RUNIT} wakeups from 0" in output
    assert comparison_output(runs[::-1], "regression:10")[0] == 0
    assert comparison_output([runs[0], runs[0]], "regression:0")[0] == 0


@pytest.mark.parametrize(
    ("name", "before", "after", "code"),
    [
        ("scale_up_990", 990, 200, 1),  # fewer services is worse
        ("scale_up_990", 200, 990, 0),
        ("crash_starts", 10, 60, 0),  # holding back is a choice
        ("crash_starts", 60, 10, 0),
        ("orphans_memory", -4, 40, 1),
        ("orphans_memory", 40, -4, 0),
    ],
)
def test_each_metric_knows_which_way_is_worse(
    name: str, before: float, after: float, code: int
) -> None:
    runs = [
        run_with_figures(single_value(name, "", value), scenario="any") for value in (before, after)
    ]
    assert comparison_output(runs, "regression:10")[0] == code


def test_a_pollers_short_uptime_is_not_compared() -> None:
    runs = [
        run_with_figures(
            summarize("restart_short", "ms", steady_latencies(median, 6)), scenario="restart"
        )
        for median in (10.0, 900.0)
    ]
    assert comparison_output(runs, "regression:10")[0] == 1
    for compared in runs:
        compared.run["contenders"][0]["period"] = 1.0
    assert "restart_short" not in {change.metric for change in compare_metrics(*runs)}
    assert comparison_output(runs, "regression:10")[0] == 0


@pytest.mark.parametrize(("period", "code"), [(None, 1), (120.0, 0)])
def test_a_single_time_of_a_poller_is_not_compared(period: float | None, code: int) -> None:
    runs = [
        run_with_figures(single_value("restart_after_exit_0", "ms", value))
        for value in (900, 90_000)
    ]
    for compared in runs:
        compared.run["contenders"][0]["period"] = period
    assert comparison_output(runs, "regression:10")[0] == code
