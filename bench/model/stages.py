"""A scenario's parts in the order in which they are played, and how to find what each brought."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bench.model.scenario import Event, ScenarioContext, Step
from supervisors.contender import Contender

# Seconds beyond two looks of the supervisor that anything may take which it is expected to do.
MARGIN = 15.0
_MS, _S = 1e6, 1e9


@dataclass(frozen=True)
class Stage:
    """One part: steps of the measuring program, whose events will bear its name."""

    name: str
    steps: tuple[Step, ...]


def run_stages(turn: ScenarioContext, acts: Sequence[Stage], timeout: float) -> list[Event]:
    """Play the acts in one go of the measuring program; returns its events, each with "act"."""
    steps = [step for act in acts for step in act.steps]
    names = [act.name for act in acts for _ in act.steps]
    current = acts[0].name
    played = []
    for event in turn.measure(steps, timeout):
        if event["event"] == "step":
            current = names[event["index"]]
        played.append({"act": current, **event})
    return played


@dataclass(frozen=True)
class StageEvents:
    """The samples of one act, each with its number among all of the contender's."""

    samples: tuple[tuple[int, Event], ...]

    def all(self, *names: str, **fields: object) -> list[tuple[int, Event]]:
        """Its events of those names with those values, oldest first."""
        return [
            (number, event)
            for number, event in self.samples
            if event["event"] in names and all(event.get(k) == v for k, v in fields.items())
        ]

    def first(self, *names: str, **fields: object) -> tuple[int, Event] | None:
        """The oldest event of those names with those values."""
        return next(iter(self.all(*names, **fields)), None)

    def last(self, *names: str, **fields: object) -> tuple[int, Event] | None:
        """The newest event of those names with those values."""
        return next(iter(reversed(self.all(*names, **fields))), None)


def stage_events(samples: Sequence[Event], act: str) -> StageEvents:
    """What one act brought; empty where it was not played."""
    return StageEvents(tuple((n, each) for n, each in enumerate(samples) if each.get("act") == act))


def deadline(contender: Contender) -> float:
    """Seconds after which what has not happened does not happen: beyond every look it takes."""
    return 2 * (contender.period or 0.0) + MARGIN


def seconds(begin_ns: int, end_ns: int) -> float:
    """The time between two stamps, in seconds."""
    return (end_ns - begin_ns) / _S


def format_duration(value: float) -> str:
    """So many seconds, in words fit for a sentence."""
    if value < 1:
        return f"{value * 1000:.1f} ms"
    return f"{value:.1f} s" if value < 100 else f"{value:.0f} s"
