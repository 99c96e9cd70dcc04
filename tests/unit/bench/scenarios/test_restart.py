"""In which order the daemon is killed after a long and after a short uptime."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest

from bench.model.events import Event
from bench.model.scenario import ScenarioContext, WorkUnit
from bench.model.steps import Step
from bench.scenarios.restart import SCENARIO, RestartTrials
from supervisors import supervisors
from supervisors.contender import Contender
from supervisors.service import services_of

PLAIN = supervisors()["runit"].contenders[0]
FINAL = replace(PLAIN, quick_end_is_final=True)


def _groups(contender: Contender, trials: RestartTrials) -> list[list[str]]:
    """The names of the groups of each step of trials."""
    asked: list[Step] = []

    def measure(plan: list[Step], timeout: float) -> list[Event]:
        asked.extend(plan)
        return []

    context = SimpleNamespace(
        contender=contender,
        services=services_of(contender, 1),
        tree={"root": ["runsv"], "pid1": False},
        slot=(0, 1),
        measure=measure,
    )
    unit = WorkUnit(SCENARIO.name, seconds=1, trials=2, parameters=trials)
    SCENARIO.perform(cast(ScenarioContext, context), unit)
    kills = [cast(dict[str, Any], step) for step in asked if step["do"] == "trials"]
    return [[group["name"] for group in step["groups"]] for step in kills]


@pytest.mark.parametrize(
    ("contender", "trials", "expected"),
    [
        (PLAIN, RestartTrials(5, 2), [["long", "short"]]),
        (FINAL, RestartTrials(5, 2), [["long"], ["short"]]),
        (FINAL, RestartTrials(0, 2), [["short"]]),
    ],
    ids=["mixed", "final", "what is left"],
)
def test_short_trials_come_last_where_a_quick_end_is_final(
    contender: Contender, trials: RestartTrials, expected: list[list[str]]
) -> None:
    assert _groups(contender, trials) == expected
