"""What the checks of events know while one step of a plan runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass, field
from typing import Any, cast

from bench.model.events import Event
from bench.model.events.program import RestartTrial
from bench.model.steps import Step, TrialGroup, TrialsStep

# A group of kills that the plan does not name: each only makes the fresh start for a trial.
FRESH = "fresh"

# An event as the rules read it: a rule is for kinds that have the keys that it reads.
Fields = Mapping[str, Any]


@dataclass
class StepProgress:
    """What the rules know while a step of the plan runs.

    begin_ns: its stamp. services: every name that a service of this guest may have.
    """

    step: Step
    begin_ns: int
    services: Set[str]
    # Of the step `trials`: trials by group; the number and the kill of the latest.
    trials_by_group: Counter[str] = field(default_factory=Counter)
    last_trial: int = -1
    last_kill_ns: int = 0
    gave_up: bool = False
    # Kinds of events that the step has printed.
    kinds: set[str] = field(default_factory=set)
    failed: bool = False
    rejected: int = 0

    def groups(self) -> dict[str, TrialGroup]:
        """Return the groups of trials that are planned, by name."""
        return {group["name"]: group for group in self.trials_step()["groups"]}

    def trials_step(self) -> TrialsStep:
        """Return the step, which is `trials`."""
        return cast(TrialsStep, self.step)

    def planned_trials(self) -> int:
        """Return the number of trials that are planned, warm-ups included."""
        step = self.trials_step()
        return step.get("warmup", 0) + sum(group["trials"] for group in step["groups"])

    def is_fresh_kill(self, trial: Fields) -> bool:
        """Tell whether a trial is a kill only for the fresh start of a planned one."""
        return bool(trial["group"] == FRESH and trial["warmup"] and FRESH not in self.groups())


# Whether an event breaks a rule.
Rule = Callable[[Fields, StepProgress], bool]


def note_trial(trial: RestartTrial, progress: StepProgress) -> None:
    """Let the rules for later trials know a trial that kept to all of them."""
    progress.last_kill_ns = trial["kill_ns"]
    if progress.is_fresh_kill(trial):
        return
    progress.last_trial = trial["trial"]
    if not trial["warmup"]:
        progress.trials_by_group[trial["group"]] += 1


def missing_trials(progress: StepProgress) -> int:
    """Return how many planned trials ended without a sample, and without a reason for that."""
    if progress.step["do"] != "trials" or progress.gave_up or progress.failed:
        return 0
    if progress.rejected:
        return 0
    counts = progress.trials_by_group
    groups = progress.trials_step()["groups"]
    return sum(max(0, group["trials"] - counts[group["name"]]) for group in groups)


def latest_stamp(event: Event) -> int:
    """Return the latest stamp of an event in ns: it was printed after that; 0 without one."""
    fields = cast(Fields, event)
    return max(
        (value for key in _STAMP_KEYS.get(event["event"], ()) if (value := fields.get(key))),
        default=0,
    )


_INSTANCE_STAMPS = ("main_ns", "up_ns", "seen_ns")
_STAMP_KEYS: Mapping[str, tuple[str, ...]] = {
    "sample": ("kill_ns", "exit_ns", "begun_ns", "main_ns", "up_ns", "ready_ns"),
    **dict.fromkeys(("start", "gone", "up", "back", "unexpected"), _INSTANCE_STAMPS),
    **{kind: (*_INSTANCE_STAMPS, f"{kind}_ns") for kind in ("ready", "exit", "left")},
    "noise": ("seen_ns",),
    "gathered": ("end_ns", "first_ns", "last_ns"),
    "reaped": ("end_ns", "made_ns"),
    **dict.fromkeys(("starts", "signalled", "ran", "cpu_mark", "cpu", "storm"), ("end_ns",)),
}
