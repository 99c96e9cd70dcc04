"""In which order the daemon is killed after a long and after a short uptime."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest

from bench.model.events import Event
from bench.model.observation.latency import SlottedKills
from bench.model.scenario import SamplingEffort, ScenarioContext, WorkUnit
from bench.model.steps import Step
from bench.scenarios.restarts.restart import SCENARIO, RestartTrials
from supervisors import supervisors
from supervisors.contender import Contender
from supervisors.service import services_of

PLAIN = supervisors()["runit"].contenders[0]
FINAL = replace(PLAIN, quick_end_is_final=True)


def _perform(unit: WorkUnit, contender: Contender, slots: int = 1) -> tuple[list[Step], float]:
    """The steps that a guest of so many slots is asked for, and within how many seconds."""
    asked: list[tuple[list[Step], float]] = []

    def measure(plan: list[Step], timeout: float) -> list[Event]:
        asked.append((plan, timeout))
        return []

    context = SimpleNamespace(
        contender=contender,
        services=services_of(contender, 1),
        tree={"root": ["runsv"], "pid1": False},
        slot=(0, slots),
        measure=measure,
    )
    SCENARIO.perform(cast(ScenarioContext, context), unit)
    return asked[0]


def _groups(contender: Contender, trials: RestartTrials) -> list[list[str]]:
    """The names of the groups of each step of trials."""
    unit = WorkUnit(SCENARIO.name, seconds=1, trials=2, parameters=trials)
    asked, _ = _perform(unit, contender)
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


def test_short_trials_have_a_guest_of_their_own_where_a_quick_end_is_final() -> None:
    effort = SamplingEffort(6, 60.0, None, max_guests=4, seed=1)
    parts = [unit.parameters_as(RestartTrials) for unit in SCENARIO.work_units(FINAL, effort)]
    assert [(part.long, part.short) for part in parts] == [(6, 0), (0, 2)]
    alone = [
        unit.parameters_as(RestartTrials)
        for unit in SCENARIO.work_units(FINAL, replace(effort, max_guests=1))
    ]
    assert [(part.long, part.short) for part in alone] == [(6, 2)]


def test_nothing_is_waited_for_after_a_quick_end_that_is_final() -> None:
    unit = WorkUnit(SCENARIO.name, seconds=1, trials=2, parameters=RestartTrials(0, 2))
    for contender, expected in ((FINAL, (0, 0.0)), (PLAIN, (1, None))):
        asked, _ = _perform(unit, contender)
        (kills,) = (step for step in asked if step["do"] == "trials")
        assert (kills["warmup"], kills.get("patience")) == expected


def test_a_guest_has_the_time_that_its_kills_wait_for_their_slot() -> None:
    """In a run of 300 guests with slots, 30 kills wait for about 7 minutes."""
    trials, kills = RestartTrials(30, 2), SlottedKills(30, 2.0, 5.0)
    unit = WorkUnit(SCENARIO.name, seconds=120, trials=32, parameters=trials, slotted=kills)
    _, alone = _perform(unit, PLAIN)
    _, among_many = _perform(unit, PLAIN, slots=300)
    assert among_many - alone >= kills.wait(300) > 300
