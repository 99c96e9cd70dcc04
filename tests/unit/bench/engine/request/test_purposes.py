"""Contenders that a run leaves out because their profile is for something else."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from bench.engine.request.options import SelectionOptions, parse_options
from bench.scenarios import scenarios
from provision.errors import Problem


def profiles(*, only: str = "", scenario: str = "") -> set[str]:
    options = parse_options(selection=SelectionOptions(only=_list(only), scenario=_list(scenario)))
    return {selected.contender.profile for selected in options.select().contenders}


def _list(value: str) -> Sequence[str]:
    return (value,) if value else ()


def test_a_run_of_restarts_leaves_strict_profiles_out() -> None:
    assert "strict" not in profiles()
    assert "fast" in profiles()


@pytest.mark.parametrize("scenario", ["children", "stop", "shutdown", "all"])
def test_what_is_left_behind_is_measured_of_strict_profiles(scenario: str) -> None:
    assert {"default", "strict"} <= profiles(scenario=scenario)


def test_strict_profiles_alone_need_a_scenario_that_shows_their_purpose() -> None:
    with pytest.raises(Problem) as caught:
        profiles(only="s6/runner/strict")
    assert caught.value.usage
    assert "strict" in str(caught.value)
    assert caught.value.advice == "./inv bench --scenario=stop,children,shutdown"


def test_in_a_run_of_all_scenarios_the_others_say_why_they_leave_it_out() -> None:
    options = parse_options(
        selection=SelectionOptions(only=("s6/runner/strict",), scenario=("all",))
    )
    strict = next(
        selected.contender
        for selected in options.select().contenders
        if "/strict/" in selected.name
    )
    reasons = {name: scenario.why_not(strict) for name, scenario in scenarios().items()}
    assert reasons["restart"] == "The profile strict changes nothing that it shows."
    assert not reasons["children"]
