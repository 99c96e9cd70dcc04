"""Comparison: what changed, what is chance, and what must not be compared in silence."""

from __future__ import annotations

import io
import random
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from bench.model.statistics import Metric, single, summary
from provision.errors import Problem
from reports.compare import Measured, changes, differences, show, turns
from reports.model import samples
from tests.support import sample_runs

NAMES = ("runit/runner/default/hosted", "s6/runner/default/hosted")


def measured(*middles: float, seed: int = 1, censored: int = 0, **other: Any) -> Measured:
    """A run in which each of NAMES had latencies around a middle."""
    dice = random.Random(seed)
    values = {
        name: sorted(middle * dice.lognormvariate(0, 0.1) for _ in range(30))
        for name, middle in zip(NAMES, middles, strict=True)
    }
    contenders = [
        sample_runs.contender(name, each, censored=censored) for name, each in values.items()
    ]
    run = sample_runs.run(*contenders, **other)
    return Measured(run, samples.of(sample_runs.samples(run, values)))


def of(found: list[Any], name: str, metric: str = "restart_long") -> Any:
    return next(each for each in found if (each.contender, each.metric) == (name, metric))


def test_the_same_twice_is_no_difference() -> None:
    found = changes(measured(4, 1000), measured(4, 1000, seed=2))
    assert {each.word for each in found} == {"chance", "single"}


def test_a_shift_is_found_with_its_size_and_direction() -> None:
    found = changes(measured(4, 1000), measured(6, 1000, seed=2))
    slower = of(found, NAMES[0])
    assert slower.word == "slower" and slower.significant
    assert 40 < slower.percent < 60
    assert slower.effect > 0.9
    assert not of(found, NAMES[1]).significant
    faster = of(changes(measured(6, 1000), measured(4, 1000)), NAMES[0])
    assert faster.word == "faster" and faster.effect < -0.9


def test_many_tests_are_corrected_for() -> None:
    one, two = measured(4, 1000), measured(4.3, 1060, seed=3)
    alone = Measured(one.run | {"contenders": one.run["contenders"][1:]}, one.samples)
    assert of(changes(alone, two), NAMES[1]).p < of(changes(one, two), NAMES[1]).p


def test_restarts_never_seen_count_as_the_longest() -> None:
    before, after = measured(4, 1000), measured(4, 1000)
    key = (NAMES[0], "long")
    for _ in range(15):
        after.samples.seen[key].pop(0)
        after.samples.censored[key] += 1
    found = changes(before, after)
    assert of(found, NAMES[0]).effect > 0.2


@pytest.mark.parametrize(
    ("other", "word"),
    [
        ({"quick": True}, "Different depths: full, then quick, few trials."),
        ({"system": {"name": "arch", "title": "Arch"}}, "Different systems: debian, then arch."),
        ({"provider": {"name": "libvirt", "reason": ""}}, "Different providers"),
        ({"warnings": ["too noisy for a ranking"]}, "too noisy for a ranking"),
        ({"ended": None}, "has not ended"),
    ],
)
def test_what_differs_is_said_loudly(other: dict[str, Any], word: str) -> None:
    said = differences(measured(4, 1000), measured(4, 1000, **other))
    assert any(word in each for each in said)
    console = Console(record=True, width=140)
    show([measured(4, 1000), measured(4, 1000, **other)], "", console)
    assert "CAUTION" in console.export_text()


@pytest.mark.parametrize("what", ["kernel", "processor", "memory_mib", "system", "name"])
def test_another_machine_is_said(what: str) -> None:
    other = measured(4, 1000)
    host = other.run["host"] | {what: 1 if what == "memory_mib" else "another"}
    assert differences(measured(4, 1000), Measured(other.run | {"host": host}, samples.of([])))
    assert not differences(measured(4, 1000), measured(4, 1000))


def test_another_instrument_is_said_and_an_unknown_one_is_another() -> None:
    one, other = measured(4, 1000, instrument="one"), measured(4, 1000, instrument="other")
    unknown = measured(4, 1000, instrument=None)
    assert differences(one, one) == []
    assert differences(one, other) == ["Different instruments: one, then other."]
    assert differences(one, unknown) == ["Different instruments: one, then unknown."]
    assert differences(unknown, unknown) == ["Different instruments: unknown, then unknown."]


def test_fail_on_a_regression() -> None:
    runs = [measured(4, 1000), measured(6, 1000, seed=2)]
    console = Console(record=True, width=140)
    assert show(runs, "", console) == 0
    assert show(runs, "regression:20", console) == 1
    assert f"regression: {NAMES[0]} restart_long +" in console.export_text()
    assert show(runs, "regression:80%", console) == 0
    assert show(runs[::-1], "regression:20", console) == 0


def shown(runs: list[Measured], fail_on: str = "", width: int = 140) -> tuple[int, str]:
    console = Console(file=io.StringIO(), record=True, width=width)
    status = show(runs, fail_on, console)
    return status, console.export_text()


def figured(*figures: Metric, scenario: str = "footprint") -> Measured:
    """A run in which the first of NAMES has those figures instead."""
    it = measured(4, 1000)
    metrics = [each.as_dict() for each in figures]
    part = {"status": "measured", "note": "", "metrics": metrics}
    it.run["contenders"][0]["scenarios"][scenario] = part
    return it


@pytest.mark.parametrize("name", ["vmpeak", "pss_10", "cpu_idle", "fds_1", "idle_cpu"])
def test_a_figure_read_once_is_judged_by_its_percentage(name: str) -> None:
    runs = [figured(single(name, "kB", 1000)), figured(single(name, "kB", 1200))]
    status, said = shown(runs, "regression:15")
    assert status == 1
    words = f"regression: {NAMES[0]} {name} +20.0 %, one figure each: no test of significance"
    assert words in said
    assert "single: one figure each" in said
    assert shown(runs, "regression:25")[0] == 0
    assert shown(runs[::-1], "regression:15")[0] == 0
    assert shown(runs)[0] == 0


def test_every_metric_of_a_contender_is_compared() -> None:
    slow = summary("ready_long", "ms", sample_runs.steady(9.0))
    fast = summary("ready_long", "ms", sample_runs.steady(3.0))
    cpu = [single("cpu_per_restart", "us", value) for value in (3000, 3400)]
    runs = [figured(fast, cpu[0], scenario="restart"), figured(slow, cpu[1], scenario="restart")]
    found = changes(*runs)
    assert of(found, NAMES[0], "ready_long").word == "slower"
    assert of(found, NAMES[0], "cpu_per_restart").word == "single"
    status, said = shown(runs, "regression:150")
    assert status == 1 and f"regression: {NAMES[0]} ready_long +200.0 %" in said
    assert "cpu_per_restart +13.3 %" in shown(runs, "regression:10")[1]


def test_intervals_that_overlap_are_chance_where_no_sample_is_at_hand() -> None:
    runs = [
        figured(summary("scale_restart_10", "ms", sample_runs.steady(middle)), scenario="scale")
        for middle in (4.0, 4.1)
    ]
    (change,) = (each for each in changes(*runs) if each.metric == "scale_restart_10")
    assert change.tested and change.word == "chance"
    assert shown(runs, "regression:1")[0] == 0
    few = [
        figured(summary("scale_restart_10", "ms", [middle] * 3), scenario="scale")
        for middle in (4.0, 4.1)
    ]
    assert shown(few, "regression:1")[0] == 1  # no interval of so few


def test_a_figure_that_was_nothing_is_compared_as_well() -> None:
    runs = [figured(single("wakeups", "/s", value), scenario="idle") for value in (0, 3)]
    status, said = shown(runs, "regression:1000")
    assert status == 1 and f"{NAMES[0]} wakeups from 0" in said
    assert shown(runs[::-1], "regression:10")[0] == 0
    assert shown([runs[0], runs[0]], "regression:0")[0] == 0


@pytest.mark.parametrize(
    ("name", "before", "after", "status"),
    [
        ("scale_up_990", 990, 200, 1),  # fewer services is worse
        ("scale_up_990", 200, 990, 0),
        ("crash_starts", 10, 60, 0),  # holding back is a choice
        ("crash_starts", 60, 10, 0),
        ("orphans_memory", -4, 40, 1),
        ("orphans_memory", 40, -4, 0),
    ],
)
def test_which_way_is_worse(name: str, before: float, after: float, status: int) -> None:
    runs = [figured(single(name, "", value), scenario="any") for value in (before, after)]
    assert shown(runs, "regression:10")[0] == status


def test_a_pollers_short_uptime_is_not_compared() -> None:
    runs = [
        figured(summary("restart_short", "ms", sample_runs.steady(middle, 6)), scenario="restart")
        for middle in (10.0, 900.0)
    ]
    assert shown(runs, "regression:10")[0] == 1
    for each in runs:
        each.run["contenders"][0]["period"] = 1.0
    assert "restart_short" not in {each.metric for each in changes(*runs)}
    assert shown(runs, "regression:10")[0] == 0


@pytest.mark.parametrize(("period", "status"), [(None, 1), (120.0, 0)])
def test_one_look_of_a_poller_is_not_compared(period: float | None, status: int) -> None:
    runs = [figured(single("restart_after_exit_0", "ms", value)) for value in (900, 90_000)]
    for each in runs:
        each.run["contenders"][0]["period"] = period
    assert shown(runs, "regression:10")[0] == status


def test_what_hardly_changed_is_counted() -> None:
    said = shown([measured(4, 1000), measured(4, 1000)])[1]
    assert "10 figures changed by less than 10 %." in said
    assert "pss_1" not in said and "What changed" not in said
    runs = [measured(4, 1000), figured(single("vmpeak", "kB", 2512 * 1.3))]
    said = shown(runs)[1]
    assert "vmpeak" in said and "pss_1 " not in said
    assert "6 other figures changed by less than 10 %." in said


def test_a_contender_that_is_gone_is_a_regression() -> None:
    both = measured(4, 1000)
    one = Measured(both.run | {"contenders": both.run["contenders"][:1]}, both.samples)
    status, said = shown([both, one], "regression:1000")
    assert status == 1 and f"regression: {NAMES[1]} is not in {one.run['id']}" in said
    assert shown([one, both], "regression:1000")[0] == 0
    assert shown([both, one])[0] == 0


def test_a_contender_that_never_was_measured_is_no_loss() -> None:
    before, after = measured(4, 1000), measured(4, 1000)
    sample_runs.fail(before.run["contenders"][1], "in phase start: no")
    after.run["contenders"].pop()
    assert shown([before, after], "regression:1")[0] == 0


def test_a_scenario_that_failed_or_was_not_asked_for_is_told() -> None:
    before, failed, without = (measured(4, 1000) for _ in range(3))
    sample_runs.fail(failed.run["contenders"][0], "in phase start: no", "footprint")
    del without.run["contenders"][0]["scenarios"]["footprint"]
    assert f"regression: {NAMES[0]} footprint: failed" in shown([before, failed], "regression:1")[1]
    status, said = shown([before, without], "regression:1")
    assert status == 1 and f"regression: {NAMES[0]} footprint: not asked for" in said
    assert shown([without, before], "regression:1")[0] == 0


def test_a_figure_that_cannot_be_had_any_more_is_a_regression() -> None:
    lost = Metric("crash_back", "s", status="not measured", note="it did not come back")
    runs = [figured(single("crash_back", "s", 3), scenario="x"), figured(lost, scenario="x")]
    status, said = shown(runs, "regression:10")
    assert status == 1 and "crash_back: not measured (it did not come back)" in said


@pytest.mark.parametrize("width", [80, 100, 120])
def test_the_table_fits_the_terminal(width: int) -> None:
    names = ("private_dirty_10", "restart_after_out_of_memory", "restart_holdoff_short")
    runs = [figured(*(single(name, "kB", value) for name in names)) for value in (12345.0, 98765.0)]
    for each in runs:
        each.run["contenders"][0]["title"] = "supervisor of a name [b]"
    said = shown(runs, "regression:10", width)[1]
    assert max(map(len, said.splitlines())) <= width
    assert all(f" {name}" in said for name in names)
    assert "+700.0 %" in said and "single" in said and "[b]" in said


def test_a_supervisor_that_restarts_no_more_is_a_regression() -> None:
    before, after = measured(4, 1000), measured(4, 1000, seed=2)
    mostly_lost = sample_runs.contender(NAMES[0], [4.0, 4.1], censored=28)
    failed = after.run["contenders"][1] | {"status": "failed", "reason": "in phase start: no\nmore"}
    worse = Measured(after.run | {"contenders": [mostly_lost, failed]}, after.samples)
    found = {(each.contender, each.what): each for each in turns(before, worse)}
    lost = found[NAMES[0], "restart_long"]
    assert lost.worse and lost.after == "no median, 28 of 30 did not come back in time"
    assert found[NAMES[1], "it"].after == "failed in phase start: no"
    console = Console(record=True, width=120, quiet=True)
    assert show([before, worse], "regression:1000", console) == 1
    assert not any(each.worse for each in turns(worse, before))


@pytest.mark.parametrize(
    ("one", "other", "worse"),
    [("yes", "no", True), ("yes", "partly", True), ("partly", "yes", False),
     ("yes", "not measured", False)],
)  # fmt: skip
def test_a_verdict_that_changed_is_told(one: str, other: str, worse: bool) -> None:
    def judged(answer: str) -> Measured:
        it = measured(4, 1000)
        verdict = {"behaviour": "exit 0", "answer": answer, "sentence": "So.", "evidence": []}
        part = {"status": "measured", "note": "", "metrics": [], "verdicts": [verdict]}
        it.run["contenders"][0]["scenarios"]["deaths"] = part
        return it

    (turn,) = turns(judged(one), judged(other))
    assert (turn.what, turn.before, turn.after) == ("deaths, exit 0", one, other)
    assert turn.worse is worse
    assert turns(judged(one), judged(one)) == []


@pytest.mark.parametrize("bad", ["regression", "regression:x", "improvement:5", "regression:-1"])
def test_a_bad_limit_is_refused(bad: str) -> None:
    with pytest.raises(Problem, match="is not understood") as refused:
        show([measured(4, 1000)] * 2, bad, Console())
    assert refused.value.usage


def test_one_run_is_nothing_to_compare_with() -> None:
    with pytest.raises(Problem, match="nothing to compare with"):
        show([measured(4, 1000)], "", Console())


def test_contenders_in_one_run_only_are_named(tmp_path: Path) -> None:
    both, console = measured(4, 1000), Console(record=True, width=140)
    one = Measured(both.run | {"contenders": both.run["contenders"][:1]}, both.samples)
    show([both, one], "", console)
    assert f"Only before: {NAMES[1]}." in console.export_text()
