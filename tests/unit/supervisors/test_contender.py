"""A contender's facts: its name, and limits that the suite can measure."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bench.model.observation.timing import has_long_limit, start_spacing
from bench.model.scenario import SamplingEffort
from bench.scenarios.restarts.restart import SCENARIO as RESTART
from bench.scenarios.restarts.restart import RestartTrials
from supervisors.contender import Contender, StartLimit

PLAIN = Contender("some", "runner", "default", pid1=False, setting="as packaged")
IN_ITS_LIFE = replace(PLAIN, start_limit=StartLimit(10, None))


def effort(replicas: int) -> SamplingEffort:
    return SamplingEffort(
        trials=30, guest_seconds=60.0, budget_seconds=None, max_guests=replicas, seed=1
    )


def test_a_name_tells_supervisor_role_profile_and_place() -> None:
    assert PLAIN.name == "some/runner/default/hosted"
    assert replace(PLAIN, pid1=True).name == "some/runner/default/pid1"


@pytest.mark.parametrize(
    ("count", "seconds", "words"),
    [
        (10, 86400.0, "at most 3600 s. Set seconds=None if the supervisor counts starts over"),
        (10, 1e6, "A limit of 10 starts in 1e+06 s: the suite waits for the whole period"),
        (10, 0.0, "seconds must be above 0"),
        (2, 10.0, "a count of 3 or more"),
        (3, None, "A limit of 3 starts in its whole life: the suite needs a count of 4 or more"),
    ],
)
def test_a_limit_that_cannot_be_measured_is_refused_when_it_is_built(
    count: int, seconds: float | None, words: str
) -> None:
    with pytest.raises(ValueError) as refused:
        StartLimit(count, seconds)
    assert words in str(refused.value)


def test_a_limit_is_recorded_as_count_and_seconds() -> None:
    assert StartLimit(10, 120.0).record == (10, 120.0)
    assert StartLimit(10, None).record == (10, None)


def test_a_limit_in_a_whole_life_has_no_period_to_wait_for() -> None:
    assert IN_ITS_LIFE.limit_that_lifts is None
    assert has_long_limit(IN_ITS_LIFE)
    assert start_spacing(IN_ITS_LIFE) == IN_ITS_LIFE.settled_uptime


@pytest.mark.parametrize("count", [4, 5, 10, 16])
@pytest.mark.parametrize("replicas", [1, 6])
def test_trials_stay_below_a_limit_in_a_whole_life_by_more_guests(
    count: int, replicas: int
) -> None:
    contender = replace(PLAIN, start_limit=StartLimit(count, None))
    units = RESTART.work_units(contender, effort(replicas))
    assert sum(unit.parameters_as(RestartTrials).long for unit in units) == 30
    first_start = 1
    assert all(first_start + unit.trials < count for unit in units)


def test_a_limit_in_a_whole_life_costs_no_waiting() -> None:
    limited = sum(unit.min_seconds for unit in RESTART.work_units(IN_ITS_LIFE, effort(6)))
    free = sum(unit.min_seconds for unit in RESTART.work_units(PLAIN, effort(6)))
    assert limited == pytest.approx(free)
