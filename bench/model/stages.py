"""The stages of a scenario: steps under a name that their events carry."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bench.model.events import STEP, Event, is_kind
from bench.model.scenario import ScenarioContext
from bench.model.steps import Step


@dataclass(frozen=True)
class Stage:
    """Steps of the measuring program whose events carry the stage's name as "act"."""

    name: str
    steps: tuple[Step, ...]


def run_stages(context: ScenarioContext, stages: Sequence[Stage], timeout: float) -> list[Event]:
    """Run the stages in one plan of the measuring program; return its events, labelled.

    timeout: seconds after which the measuring program is ended. Raises Problem.
    """
    steps = [step for stage in stages for step in stage.steps]
    stage_of_step = [stage.name for stage in stages for _ in stage.steps]
    current = stages[0].name
    events: list[Event] = []
    for event in context.measure(steps, timeout):
        if is_kind(event, STEP):
            current = stage_of_step[event["index"]]
        events.append({"act": current, **event})
    return events


def label_events(stage: str, events: Sequence[Event]) -> list[Event]:
    """Return the events as those of one stage."""
    return [{"act": stage, **event} for event in events]
