"""Contenders, scenarios and efforts to make plans of."""

from __future__ import annotations

from bench.engine.plan import Job
from bench.engine.request.options import RunOptions
from bench.engine.request.resolve import (
    BUDGET_QUICK,
    GUEST_SECONDS,
    GUEST_SECONDS_QUICK,
    REPLICAS,
    TRIALS,
    TRIALS_QUICK,
)
from bench.model.scenario import SamplingEffort
from bench.model.selection.contenders import SelectedContender
from bench.scenarios import scenarios
from bench.scenarios.restarts.restart import RestartTrials

FULL = SamplingEffort(TRIALS, GUEST_SECONDS, None, REPLICAS, 1)
QUICK = SamplingEffort(TRIALS_QUICK, GUEST_SECONDS_QUICK, BUDGET_QUICK, REPLICAS, 1)
# Guests that the provider of these plans runs at once.
AT_ONCE = 160
BOTH = [scenarios()["restart"], scenarios()["footprint"]]
CONTENDERS = RunOptions().select().contenders
RUNIT = "runit/runner/default/hosted"
NAMES = [entry.name for entry in CONTENDERS]


def dealt(job: Job) -> list[RestartTrials]:
    """The trials of restart that the job's units have."""
    return [unit.parameters_as(RestartTrials) for unit in job.units if unit.scenario == "restart"]


def only(name: str) -> list[SelectedContender]:
    return [entry for entry in CONTENDERS if entry.name == name]
