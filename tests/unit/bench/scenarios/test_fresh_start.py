"""What the scenario `restart` asks of the measuring program."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import replace
from typing import cast

import pytest

from bench.model.events import Event
from bench.model.scenario import ScenarioContext, WorkUnit
from bench.model.steps import Step
from bench.scenarios.restarts.restart import SCENARIO, RestartTrials
from provision.guests.guest import Guest
from supervisors import supervisors
from supervisors.service import services_of
from tests.support.samples.recorded import FULL, contender

MONIT = "monit/monitor/default/hosted"


def steps_of(name: str, trials: RestartTrials) -> list[Step]:
    """Return the steps that a guest of that contender is given for those trials."""
    taken: list[Step] = []

    def measure(steps: Sequence[Step], timeout: float) -> list[Event]:
        taken.extend(steps)
        return []

    of_name = contender(name)
    context = ScenarioContext(
        guest=cast(Guest, None),
        supervisor=supervisors()[of_name.supervisor],
        contender=of_name,
        services=services_of(of_name, 1),
        replica=0,
        slot=(0, 1),
        measure=measure,
        disturbing=nullcontext,
        loud=lambda alone: nullcontext(),
    )
    SCENARIO.perform(context, WorkUnit(SCENARIO.name, 1.0, 1, parameters=trials))
    return taken


def kinds(steps: Sequence[Step]) -> list[str]:
    return [step["do"] for step in steps]


def test_a_monitor_is_asked_for_the_fresh_start_of_a_guest_of_short_trials() -> None:
    """Its look brings that start, too: a period later, so that the guest would take two."""
    steps = steps_of(MONIT, RestartTrials(long=0, short=1))
    assert kinds(steps) == ["signal", "end", "run", "cpu_mark", "trials", "cpu_mark"]
    (run,) = (step for step in steps if step["do"] == "run")
    assert run["command"] == "monit start s1"


@pytest.mark.parametrize(
    ("name", "trials"),
    [
        (MONIT, RestartTrials(long=1, short=0, strata=((1.0, 2.0),))),
        ("god/monitor/default/hosted", RestartTrials(long=3, short=2, strata=((1.0, 2.0),) * 3)),
        ("supervisord/runner/default/hosted", RestartTrials(long=0, short=5)),
        ("runit/runner/default/hosted", RestartTrials(long=0, short=5)),
    ],
)
def test_others_get_fresh_starts_by_their_trials(name: str, trials: RestartTrials) -> None:
    assert kinds(steps_of(name, trials)) == ["cpu_mark", "trials", "cpu_mark"]


def test_a_slow_monitor_needs_one_period_for_all_of_its_trials() -> None:
    period = contender(MONIT).period
    assert period is not None
    units = SCENARIO.work_units(contender(MONIT), replace(FULL, max_guests=40))
    assert max(unit.min_seconds for unit in units) == period
