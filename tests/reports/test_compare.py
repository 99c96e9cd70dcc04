"""Comparison: what changed, what is chance, and what must not be compared in silence."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from provision.errors import Problem
from reports import samples
from reports.compare import Measured, changes, differences, show, turns
from tests.reports import made

NAMES = ("runit/runner/default/hosted", "s6/runner/default/hosted")


def measured(*middles: float, seed: int = 1, censored: int = 0, **other: Any) -> Measured:
    """A run in which each of NAMES had latencies around a middle."""
    dice = random.Random(seed)
    values = {
        name: sorted(middle * dice.lognormvariate(0, 0.1) for _ in range(30))
        for name, middle in zip(NAMES, middles, strict=True)
    }
    contenders = [made.contender(name, each, censored=censored) for name, each in values.items()]
    run = made.run(*contenders, **other)
    return Measured(run, samples.of(made.samples(run, values)))


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


def test_a_supervisor_that_restarts_no_more_is_a_regression() -> None:
    before, after = measured(4, 1000), measured(4, 1000, seed=2)
    mostly_lost = made.contender(NAMES[0], [4.0, 4.1], censored=28)
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
