"""Samples of real runs, cut down to what the judges read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import cast

from bench.model.events import Event
from bench.model.scenario import SamplingEffort, Scenario, Verdict
from bench.model.statistics import Metric
from supervisors import supervisors
from supervisors.contender import Contender

_SCENARIOS = Path(__file__).parents[2] / "unit/bench/scenarios"

FULL = SamplingEffort(trials=30, guest_seconds=125.0, budget_seconds=None, max_guests=16, seed=1)
QUICK = SamplingEffort(trials=6, guest_seconds=25.0, budget_seconds=30.0, max_guests=16, seed=1)


def samples(name: str) -> list[Event]:
    """Read the samples recorded in SUBJECT/data/NAME.jsonl."""
    (path,) = _SCENARIOS.glob(f"*/data/{name}.jsonl")
    return [json.loads(line) for line in path.read_text().splitlines()]


def sample(stage: str, kind: str, **fields: object) -> Event:
    """Return a sample that no run recorded, with the fields that a judge reads."""
    return cast(Event, {"act": stage, "event": kind, **fields})


def recorded_files() -> list[str]:
    """Return the names that `samples` takes."""
    return sorted(path.stem for path in _SCENARIOS.glob("*/data/*.jsonl"))


def contender(name: str) -> Contender:
    """Return the contender of that name."""
    every = (one for supervisor in supervisors().values() for one in supervisor.contenders)
    return next(one for one in every if one.name == name)


def judged(scenario: Scenario, name: str, recorded: list[Event]) -> dict[str, Verdict]:
    """Return the verdicts by behaviour, after checking that they point at samples that exist."""
    verdicts = scenario.judge(contender(name), recorded)
    for verdict in verdicts:
        assert all(0 <= number < len(recorded) for number in verdict.evidence)
    assert len({verdict.behaviour for verdict in verdicts}) == len(verdicts)
    return {verdict.behaviour: verdict for verdict in verdicts}


def concluded(scenario: Scenario, name: str, recorded: list[Event]) -> dict[str, Metric]:
    """Return the figures by metric."""
    return {metric.metric: metric for metric in scenario.conclude(contender(name), recorded)}


def answers(verdicts: dict[str, Verdict]) -> dict[str, str]:
    """Return the answers by behaviour."""
    return {behaviour: verdict.answer for behaviour, verdict in verdicts.items()}


def without(recorded: list[Event], event: str, stage: str) -> list[Event]:
    """Return the samples but for one kind of event in one stage."""
    return [sample for sample in recorded if (sample["event"], sample.get("act")) != (event, stage)]
