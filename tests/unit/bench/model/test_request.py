"""What the command line may ask for."""

from __future__ import annotations

import re
from typing import Any

import pytest

from bench.model.request import DEFAULT_SCENARIOS, BenchRequest
from bench.scenarios import scenarios
from provision.errors import Problem

PLAIN: dict[str, Any] = {
    "system": "debian",
    "provider": "auto",
    "only": [],
    "scenario": [],
    "role": "",
    "profile": "",
    "trials": "",
    "seed": "1",
    "quick": False,
    "keep": False,
    "resume": False,
}


def asked(**changes: Any) -> BenchRequest:
    return BenchRequest.checked(**{**PLAIN, **changes})


def test_defaults() -> None:
    assert asked() == BenchRequest()
    assert asked().scenarios == DEFAULT_SCENARIOS


@pytest.mark.parametrize("trials", ["0", "-1", "-30", "many", "3.5", "1e3", " ", "٣", "0x10"])
def test_trials_below_one_or_no_number(trials: str) -> None:
    with pytest.raises(Problem, match=f"--trials={re.escape(trials)} ") as caught:
        asked(trials=trials)
    assert caught.value.usage
    assert "whole number, 1 or more" in caught.value.advice


@pytest.mark.parametrize("seed", ["", "-1", "one", "1.0"])
def test_a_seed_that_is_no_number(seed: str) -> None:
    with pytest.raises(Problem, match=f"--seed={seed} ") as caught:
        asked(seed=seed)
    assert caught.value.usage


def test_numbers() -> None:
    assert (asked(trials="7", seed="0").trials, asked(trials="7", seed="0").seed) == (7, 0)


def test_keep_and_resume_contradict() -> None:
    with pytest.raises(Problem, match="contradict") as caught:
        asked(keep=True, resume=True)
    assert caught.value.usage


@pytest.mark.parametrize(
    ("given", "flag"),
    [({"only": ["s6"]}, "--only"), ({"trials": "5"}, "--trials"), ({"quick": True}, "--quick"),
     ({"keep": True}, "--keep"), ({"seed": "2"}, "--seed"), ({"system": "arch"}, "--os"),
     ({"scenario": ["deaths"]}, "--scenario"), ({"quick": True, "role": "runner"}, "--role, ")],
)  # fmt: skip
def test_what_is_repeated_is_asked_for_by_the_run_alone(given: dict[str, Any], flag: str) -> None:
    with pytest.raises(Problem, match=r"--redo and .* contradict") as caught:
        asked(redo="unstable", **given)
    assert caught.value.usage
    assert flag in str(caught.value)


def test_to_repeat_is_enough() -> None:
    assert asked(redo="unstable") == BenchRequest(redo="unstable")


def test_names_by_comma_and_by_repetition() -> None:
    assert asked(only=["runit,s6", "god"]).only == ("runit", "s6", "god")


def test_unknown_scenario_offers_the_nearest() -> None:
    with pytest.raises(Problem) as caught:
        asked(scenario=["restrat"])
    assert caught.value.usage
    assert "'restart'" in caught.value.advice


def test_all_scenarios() -> None:
    assert asked(scenario=["all"]).scenarios == tuple(scenarios())


def test_the_same_question_ignores_how_it_is_asked() -> None:
    assert asked(resume=True).same_question() == asked().same_question()
    assert asked(keep=True).same_question() == asked().same_question()
    assert asked(trials="5").same_question() != asked().same_question()
    assert asked(seed="2").same_question() != asked().same_question()
    assert asked(only=["s6"]).same_question() != asked().same_question()
