"""What a gate judges: which figures, by how much, and of which contenders."""

from __future__ import annotations

import math
from typing import Any

import pytest

from bench.model.statistics import single_value
from provision.errors import Problem
from reports.compare.runs import RunWithSamples
from reports.model.samples import samples_from
from tests.support.samples import sample_runs
from tests.unit.reports.support.compared_runs import (
    RUNIT,
    S6,
    changed,
    compare,
    run_with_figures,
    run_with_medians,
)
from tests.unit.reports.support.judged_runs import judged, verdict

FLOOR = "floor/runner/default/hosted"


def with_floor(floor: float, runit: float = 4.0) -> RunWithSamples:
    """Return a run of runit and the floor with a steady latency in ms each."""
    latencies = {
        RUNIT: sample_runs.steady_latencies(runit),
        FLOOR: sample_runs.steady_latencies(floor),
    }
    contenders = [sample_runs.contender(name, values) for name, values in latencies.items()]
    return RunWithSamples(
        sample_runs.run(*contenders), samples_from(sample_runs.restart_samples(latencies))
    )


@pytest.mark.parametrize("name", ["vmpeak", "pss_10", "cpu_idle", "fds_1", "idle_cpu"])
def test_a_single_figure_is_judged_by_its_percentage_if_it_is_asked_for(name: str) -> None:
    runs = [run_with_figures(single_value(name, "kB", value)) for value in (1000, 1200)]
    words = f"{RUNIT} {name} +20.0 %, one figure each: no test of significance"
    assert words in compare(runs, "regression:15", metric=[name]).regressions
    assert not compare(runs, "regression:25", metric=[name]).regressions
    assert not compare(runs[::-1], "regression:15", metric=[name]).regressions
    assert not compare(runs, metric=[name]).regressions
    without = compare(runs, "regression:15")
    assert not without.regressions and without.unjudged == [words]
    assert not compare(runs, "regression:25").unjudged


def memory_regressions(before: float, after: float) -> list[str]:
    """Return what a gate says of private memory in kB."""
    figures = (single_value("private_dirty_1", "kB", kb) for kb in (before, after))
    runs = [run_with_figures(figure) for figure in figures]
    return compare(runs, "regression:10", metric=["private_dirty_1"]).regressions


def test_memory_that_moved_by_a_page_is_no_regression() -> None:
    """The floor's private memory was 12 kB in one run and 16 kB in the next."""
    assert not memory_regressions(12, 16)
    assert memory_regressions(12, 20)


def test_a_figure_that_was_nothing_is_judged_by_its_amount() -> None:
    assert not memory_regressions(0, 4)
    assert memory_regressions(0, 8)


def test_an_amount_accompanies_the_percentage() -> None:
    runs = [run_with_medians(4, 1000), run_with_medians(6, 1000, seed=2)]
    assert compare(runs, "regression:20%,500us").regressions
    assert not compare(runs, "regression:20%,5ms").regressions
    assert not compare(runs, "regression:20%,5ms").undecided
    assert compare(runs, "regression:500us").regressions
    assert not compare(runs, "regression:5ms").regressions


def test_an_amount_counts_for_a_quantile_too() -> None:
    """Each restart becomes shorter or longer by a half: the 90th percent moves, the median not."""
    steady = sample_runs.steady_latencies(4.0)
    split = [value * (1.5 if index % 2 else 1 / 1.5) for index, value in enumerate(steady)]
    runs = [with_latencies(steady), with_latencies(split)]
    (line,) = compare(runs, "regression:10").regressions
    assert "p90" in line
    assert not compare(runs, "regression:10%,10ms").regressions


def with_latencies(latencies: list[float]) -> RunWithSamples:
    """Return a run of runit with those latencies in ms."""
    values = {RUNIT: latencies}
    run = sample_runs.run(sample_runs.contender(RUNIT, latencies))
    return RunWithSamples(run, samples_from(sample_runs.restart_samples(values)))


def test_a_restart_that_never_comes_exceeds_every_amount() -> None:
    before, after = with_latencies([4.0] * 30), with_latencies([4.0] * 30)
    after.samples.latencies_ms.clear()
    after.samples.censored[RUNIT, "long"] = 30
    assert any(math.isinf(change.percent) for change in compare([before, after]).items[0].changes)
    assert compare([before, after], "regression:10%,100s").regressions


def test_the_floor_is_judged_where_it_is_asked_for() -> None:
    runs = [with_floor(1.0), with_floor(2.0)]
    assert not compare(runs, "regression:10").regressions
    assert len(compare(runs, "regression:10", only=["floor"]).regressions) == 1
    assert len(compare(runs, "regression:10", only=["runit,floor/runner"]).regressions) == 1


@pytest.mark.parametrize("only", [(), ("runit",)])
def test_a_floor_that_changed_is_a_caution(only: tuple[str, ...]) -> None:
    (comparison,) = compare([with_floor(1.0), with_floor(2.0)], only=only).items
    assert any("The floor itself changed" in caution for caution in comparison.cautions)
    (comparison,) = compare([with_floor(1.0), with_floor(1.0)], only=only).items
    assert not comparison.cautions


def test_a_missing_floor_is_no_regression() -> None:
    before = with_floor(1.0)
    after = changed(before, contenders=before.run["contenders"][:1])
    assert not compare([before, after], "regression:10").regressions
    assert compare([before, after], "regression:10", only=["floor"]).regressions


def test_contenders_restrict_it() -> None:
    runs = [run_with_medians(4, 1000), run_with_medians(6, 2000, seed=2)]
    for only, names in (("runit", {RUNIT}), ("s6/runner", {S6}), ("runit,s6", {RUNIT, S6})):
        comparisons = compare(runs, "regression:10", only=[only])
        assert {change.contender for change in comparisons.items[0].changes} == names
        assert {line.split()[0] for line in comparisons.regressions} == names


def test_a_contender_that_is_gone_counts_if_it_is_asked_for() -> None:
    before = run_with_medians(4, 1000)
    after = changed(before, contenders=before.run["contenders"][:1])
    assert compare([before, after], "regression:10", only=["s6"]).regressions
    assert not compare([before, after], "regression:10", only=["runit"]).regressions


def test_metrics_restrict_it() -> None:
    runs = [run_with_medians(4, 1000), run_with_medians(6, 1000, seed=2)]
    for run, kb in zip(runs, (1000, 2000), strict=True):
        metrics = run.run["contenders"][0]["scenarios"]["footprint"]["metrics"]
        metrics[:] = [
            sample_runs.single_metric(name, "kB", kb) for name in ("pss_1", "pss_10", "vmpeak")
        ]
    for metric, expected in (
        ("restart_long", {"restart_long"}),
        ("pss", {"pss_1", "pss_10"}),
        ("pss_1", {"pss_1"}),
        ("vmpeak,restart_long", {"vmpeak", "restart_long"}),
    ):
        comparisons = compare(runs, "regression:10", metric=[metric], only=["runit"])
        assert {change.metric for change in comparisons.items[0].changes} == expected
        assert {line.split()[1] for line in comparisons.regressions} == expected


def test_what_is_left_out_is_not_tested_and_leaves_more_to_the_rest() -> None:
    runs = [run_with_medians(4, 1000), run_with_medians(4.3, 1060, seed=3)]
    alone, together = (
        next(one.p for one in compare(runs, only=only).items[0].changes if one.contender == S6)
        for only in (["s6"], [])
    )
    assert alone is not None and together is not None and alone < together


def with_crash_loop(answer: Any, status: str = "measured") -> RunWithSamples:
    """Return a run in which runit has a verdict on a crash loop, or failed to be measured in it."""
    compared = run_with_medians(4, 1000)
    contender = compared.run["contenders"][0]
    contender["scenarios"]["crashloop"] = judged(verdict("backs off", answer))
    if status == "failed":
        sample_runs.mark_failed(contender, "no answer", "crashloop")
    return compared


@pytest.mark.parametrize("after", [with_crash_loop("no"), with_crash_loop("yes", "failed")])
def test_scenarios_restrict_it(after: RunWithSamples) -> None:
    runs = [with_crash_loop("yes"), after]
    assert compare(runs, "regression:10").regressions
    assert compare(runs, "regression:10", scenario=["crashloop"]).regressions
    assert not compare(runs, "regression:10", scenario=["restart,footprint"]).regressions
    assert not compare(runs, "regression:10", metric=["restart_long"]).regressions


@pytest.mark.parametrize(
    ("part", "words"),
    [
        ({"only": ["runti"]}, "Did you mean 'runit'?"),
        ({"only": ["s6/runner/tuned"]}, "Did you mean 's6/runner/default/hosted'?"),
        ({"scenario": ["restrat"]}, "Known: restart, footprint."),
        ({"metric": ["vmpaek"]}, "Did you mean 'vmpeak'?"),
        ({"metric": ["vmpeak"], "scenario": ["restart"]}, "Known: restart_long."),
        ({"metric": [","]}, "--metric=, names nothing."),
    ],
)
def test_what_no_run_has_is_refused_with_what_there_is(part: Any, words: str) -> None:
    with pytest.raises(Problem) as refused:
        compare([run_with_medians(4, 1000)] * 2, **part)
    assert refused.value.usage and words in str(refused.value)


def test_a_former_name_of_a_scenario_is_understood() -> None:
    runs = [run_with_figures(single_value("x", "s", 1), scenario="supervisor-killed")] * 2
    assert len(compare(runs, scenario=["amnesia"]).items[0].changes) == 1


def test_a_gate_without_anything_to_judge_does_not_pass() -> None:
    runs = [run_with_figures(single_value("wakeups", "/s", 1), scenario="idle")] * 2
    with pytest.raises(Problem, match="has no figure to judge") as refused:
        compare(runs, "regression:10", scenario=["idle"])
    assert refused.value.usage and "wakeups" in refused.value.known
    assert not compare(runs, "regression:10", metric=["wakeups"]).regressions
    assert len(compare(runs, scenario=["idle"]).items[0].changes) == 1


def test_verdicts_are_something_to_judge() -> None:
    runs = [with_crash_loop("yes")] * 2
    assert not compare(runs, "regression:10", scenario=["crashloop"]).regressions


def test_a_profile_of_today_is_found_in_an_older_run() -> None:
    old, new, strict = (f"s6/runner/{profile}/pid1" for profile in ("tuned", "fast", "strict"))
    older, today = (
        RunWithSamples(sample_runs.run(*contenders), samples_from([]))
        for contenders in (
            [sample_runs.contender(old, [4.0] * 30)],
            [sample_runs.contender(name, [5.0] * 30) for name in (new, strict)],
        )
    )
    (comparison,) = compare([older, today], only=["s6/runner/fast"]).items
    assert {change.contender for change in comparison.changes} == {new}
    assert not comparison.only_before and not comparison.only_after
