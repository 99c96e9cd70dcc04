"""The seconds that a plan expects, against those that a whole run has recorded."""

from __future__ import annotations

from collections import defaultdict

import pytest

from bench.own_cost.growth import plan_of, recorded_seconds
from tests.support.samples.sample_runs import OLDER_RUN

# Scenarios that are played today as that run has played them. `restart` is dealt to other
# guests, with other waits: test_latency.py compares these with the measuring program.
SAME = ("footprint", "idle", "hang", "deaths", "stop", "reload", "tracking", "orphans")
# One guest did then what two do now.
TOGETHER = ("hang", "deaths")


@pytest.mark.parametrize("scenario", SAME)
def test_a_plan_expects_what_a_whole_run_took(scenario: str) -> None:
    """Within 15 %, all contenders of both together; the forecast of a run is as good as that."""
    recorded = recorded_seconds(OLDER_RUN / "run.json")
    planned: defaultdict[str, list[float]] = defaultdict(list)
    for job in plan_of(1, [scenario]).jobs:
        planned[job.selected.name] += [unit.seconds for unit in job.units]
    both = [name for name in planned if (name, scenario) in recorded]
    assert both
    expected = sum(
        sum(planned[name]) / (1 if scenario in TOGETHER else len(planned[name])) for name in both
    )
    took = sum(recorded[name, scenario] for name in both)
    assert expected == pytest.approx(took, rel=0.15)
