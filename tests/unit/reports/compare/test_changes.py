"""Changes of figures: what is more than chance, and what is not compared."""

from __future__ import annotations

import random
import statistics
from collections.abc import Sequence

import pytest

from bench.model.statistics import single_value, summarize
from reports.compare.changes import compare_metrics
from reports.compare.runs import RunWithSamples
from reports.model.samples import samples_from
from tests.support.samples import sample_runs
from tests.support.samples.sample_runs import steady_latencies
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


def run_with_samples(latencies: Sequence[float], period: float | None = None) -> RunWithSamples:
    """Return a run of runit alone, with these latencies in ms."""
    contender = sample_runs.contender(RUNIT, latencies, period=period)
    samples = samples_from(sample_runs.restart_samples({RUNIT: latencies}))
    return RunWithSamples(sample_runs.run(contender), samples)


@pytest.fixture
def slower_half() -> tuple[RunWithSamples, RunWithSamples]:
    """Two runs: in the second half of the restarts take twice as long, the others a bit less."""
    before = [100 + step for step in range(-15, 15)]
    after = [*(97.5 + step / 100 for step in range(16)), *(195 + step for step in range(14))]
    return run_with_samples(before), run_with_samples(after)


def test_the_word_follows_from_the_ranks_and_not_from_the_medians(
    slower_half: tuple[RunWithSamples, RunWithSamples],
) -> None:
    change = find_change(compare_metrics(*slower_half), RUNIT)
    means = [statistics.mean(run.samples.latencies(RUNIT, "long")[0]) for run in slower_half]
    assert means[1] / means[0] == pytest.approx(1.47, abs=0.02) and change.after < change.before
    assert change.p is not None and 0.01 < change.p < 0.05
    assert change.verdict == "slower" and change.interval is not None and change.interval.low > 0


def test_a_run_that_became_slower_in_its_mean_fails_the_gate(
    slower_half: tuple[RunWithSamples, RunWithSamples],
) -> None:
    code, output = comparison_output(slower_half, "regression:10")
    assert code == 1 and f"regression: {RUNIT} restart_long, p90 +84.6 %" in output
    assert "restart_long is slower and has several modes: p10 87.9, then 97.5 ms" in output
    assert comparison_output(slower_half[::-1], "regression:10")[0] == 0


def test_another_spread_around_the_same_median_differs_in_shape() -> None:
    narrow = steady_latencies(100)
    wide = [100 + 6 * (value - 100) for value in narrow]
    runs = [run_with_samples(narrow), run_with_samples(wide)]
    change = find_change(compare_metrics(*runs), RUNIT)
    assert change.verdict == "differs in shape" and not change.is_significant
    code, output = comparison_output(runs, "regression:10")
    words = "runit, restart_long differs in shape: p10 92.0, then 52.0 ms ("
    assert words in output and "; p50 100.0, then 100.0 ms (" in output
    assert code == 1 and "restart_long, p90 +37.0 %" in output
    assert comparison_output(runs[::-1], "regression:10")[0] == 0


def test_a_quantile_that_may_be_a_regression_is_undecided() -> None:
    narrow = steady_latencies(100)
    wide = [100 + 4 * (value - 100) for value in narrow]
    code, output = comparison_output(
        [run_with_samples(narrow), run_with_samples(wide)], "regression:10"
    )
    assert code == 0 and f"would tell: {RUNIT} restart_long, p90 +22.2 %" in output


def test_a_pollers_long_uptime_is_compared_as_any_other() -> None:
    generator = random.Random(1)
    runs = [
        run_with_samples([period * generator.random() for _ in range(60)], period=1.0)
        for period in (1000, 1000, 3000)
    ]
    same, longer = (compare_metrics(runs[0], run) for run in runs[1:])
    assert find_change(same, RUNIT).verdict == "chance"
    assert find_change(longer, RUNIT).verdict == "slower"


def test_very_few_samples_are_too_few_for_a_word() -> None:
    runs = [run_with_samples([value, value + 1, value + 2]) for value in (10.0, 90.0)]
    change = find_change(compare_metrics(*runs), RUNIT)
    assert change.verdict == "too few" and change.is_tested
    code, output = comparison_output(runs, "regression:10")
    assert code == 0 and "undecided, more trials would tell" in output
    assert "+727.3 % (unbounded)" in output


@pytest.mark.parametrize(("unit", "word"), [("ms", "slower"), ("kB", "larger")])
def test_only_times_become_slower(unit: str, word: str) -> None:
    runs = [
        run_with_figures(summarize("scale_x", unit, steady_latencies(value)), scenario="scale")
        for value in (4.0, 8.0)
    ]
    assert find_change(compare_metrics(*runs), RUNIT, "scale_x").verdict == word
    back = find_change(compare_metrics(*runs[::-1]), RUNIT, "scale_x").verdict
    assert back == {"slower": "faster", "larger": "smaller"}[word]


def test_the_interval_of_two_medians_reaches_from_end_to_end() -> None:
    figures = [summarize("scale_x", "ms", steady_latencies(value)) for value in (4.0, 8.0)]
    runs = [run_with_figures(figure, scenario="scale") for figure in figures]
    interval = find_change(compare_metrics(*runs), RUNIT, "scale_x").interval
    old, new = figures
    assert interval is not None and old.ci_high and new.ci_low and new.median and old.median
    assert interval.low == pytest.approx(100 * (new.ci_low - old.ci_high) / old.median)
    code, output = comparison_output(runs, "regression:98")
    assert code == 0 and "undecided, more trials would tell" in output
    assert comparison_output(runs, "regression:80")[0] == 1


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
    assert comparison_output(runs, "regression:1", metric=["scale_restart_10"])[0] == 1


def test_a_figure_that_was_0_is_compared_as_well() -> None:
    runs = [
        run_with_figures(single_value("wakeups", "/s", value), scenario="idle") for value in (0, 3)
    ]
    code, output = comparison_output(runs, "regression:1000", metric=["wakeups"])
    assert code == 1 and f"{RUNIT} wakeups from 0" in output
    assert comparison_output(runs[::-1], "regression:10", metric=["wakeups"])[0] == 0
    assert comparison_output([runs[0], runs[0]], "regression:0", metric=["wakeups"])[0] == 0


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
    assert comparison_output(runs, "regression:10", metric=[name])[0] == code


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


@pytest.mark.parametrize(("period", "compared"), [(None, True), (120.0, False)])
def test_a_single_time_of_a_poller_is_not_compared(period: float | None, compared: bool) -> None:
    name = "restart_after_exit_0"
    runs = [run_with_figures(single_value(name, "ms", value)) for value in (900, 90_000)]
    for run in runs:
        run.run["contenders"][0]["period"] = period
    assert (name in {change.metric for change in compare_metrics(*runs)}) is compared


def test_a_growth_by_very_much_is_told_in_times() -> None:
    change = find_change(
        compare_metrics(run_with_medians(3, 1000), run_with_medians(1004, 1000)), RUNIT
    )
    assert change.percent_text.endswith(" times") and "%" not in change.percent_text
    back = find_change(
        compare_metrics(run_with_medians(1004, 1000), run_with_medians(3, 1000)), RUNIT
    )
    assert back.percent_text.startswith("-99.7")
