"""Samples that real runs have left, trimmed to what the judges read."""

from __future__ import annotations

import json
from pathlib import Path

from bench.model.scenario import Event, Scenario, Verdict
from supervisors import supervisors
from supervisors.contender import Contender


def samples(name: str) -> list[Event]:
    """What was recorded, one event a line, in data/NAME.jsonl."""
    path = Path(__file__).parents[1] / "unit/bench/scenarios/data" / f"{name}.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()]


def contender(name: str) -> Contender:
    """The contender of that name."""
    every = [each for one in supervisors().values() for each in one.contenders]
    return next(each for each in every if each.name == name)


def judged(scenario: Scenario, name: str, found: list[Event]) -> dict[str, Verdict]:
    """The verdicts by behaviour; each points at samples that exist."""
    verdicts = scenario.judge(contender(name), found)
    assert all(0 <= number < len(found) for each in verdicts for number in each.evidence)
    assert len({each.behaviour for each in verdicts}) == len(verdicts)
    return {each.behaviour: each for each in verdicts}


def answers(verdicts: dict[str, Verdict]) -> dict[str, str]:
    """The answers alone."""
    return {behaviour: each.answer for behaviour, each in verdicts.items()}


def without(found: list[Event], event: str, act: str) -> list[Event]:
    """The samples but for some kind of event in one act."""
    return [each for each in found if (each["event"], each.get("act")) != (event, act)]
