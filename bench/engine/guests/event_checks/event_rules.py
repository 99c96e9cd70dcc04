"""What an event cannot be, whatever a supervisor does.

Each rule returns whether an event breaks it. Types and keys are checked before
(bench/model/events/wire.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from bench.engine.guests.event_checks.step_progress import Fields, Rule, StepProgress
from bench.engine.guests.event_checks.trial_rules import (
    TRIAL_RULES,
    UNKNOWN_SERVICE,
    ascend,
    is_of_unknown_service,
)
from bench.model.events import Event
from bench.model.events.parts import StormKill
from bench.model.steps import StormStep

STAMP_OF_FUTURE = "a stamp of the future"
WRONG_STEP = "an event of another step"
RESULT_TWICE = "a second result of one step"
_LARGEST = (1 << 63) - 1


def has_swapped_instance_stamps(event: Fields, progress: StepProgress) -> bool:
    """Tell whether a daemon was up before it started."""
    return bool(event["up_ns"] < event["main_ns"])


def is_seen_before_start(event: Fields, progress: StepProgress) -> bool:
    return bool(event["seen_ns"] < event["main_ns"])


def is_read_before_its_stamp(event: Fields, progress: StepProgress) -> bool:
    """Tell whether the daemon's own stamp is later than the moment when its line was read."""
    return bool(event["seen_ns"] < event[f"{event['event']}_ns"])


def is_seen_before_step(event: Fields, progress: StepProgress) -> bool:
    return bool(event["seen_ns"] < progress.begin_ns)


def has_impossible_instance(event: Fields, progress: StepProgress) -> bool:
    return bool(event["pid"] < 1 or event["seq"] < 1)


def ends_before_begin(event: Fields, progress: StepProgress) -> bool:
    return bool(event["end_ns"] < event["begin_ns"] or event["begin_ns"] < progress.begin_ns)


def counts_starts_wrongly(event: Fields, progress: StepProgress) -> bool:
    first, last, counts = event["first"], event["last"], event["per_second"]
    return (
        min(event["total"], event["lost"], *counts, 0) < 0
        or event["total"] != sum(counts)
        or len(first) + len(last) > event["total"]
        or not ascend([*first, *last, event["end_ns"]])
    )


def kills_another_service(storm: Fields, progress: StepProgress) -> bool:
    """Tell whether a storm kills a service that it was not to kill, or one twice."""
    killed = [kill["service"] for kill in storm["killed"]]
    return len(set(killed)) < len(killed) or not set(killed) <= set(_storm_services(progress))


def counts_storm_wrongly(storm: Fields, progress: StepProgress) -> bool:
    return bool(storm["asked"] != len(_storm_services(progress)))


def has_false_storm_kill(storm: Fields, progress: StepProgress) -> bool:
    begin_ns, end_ns = storm["begin_ns"], storm["end_ns"]
    return any(_is_false_kill(kill, begin_ns, end_ns) for kill in storm["killed"])


def gathers_before_first(event: Fields, progress: StepProgress) -> bool:
    first, last = event["first_ns"], event["last_ns"]
    if (first is None) is not (last is None):
        return True
    return bool(first is not None and first > last)


def counts_below_zero(event: Fields, progress: StepProgress) -> bool:
    """Tell whether a number of things is negative, or more things are down than there are."""
    counts = [
        event.get(key, 0) for key in ("down", "ended", "starts", "lost", "left", "zombies", "looks")
    ]
    return min(counts) < 0 or bool(event.get("down", 0) > event.get("asked", _LARGEST))


def lists_unknown_service(snapshot: Fields, progress: StepProgress) -> bool:
    return any(record["service"] not in progress.services for record in snapshot["services"])


def has_later_record(snapshot: Fields, progress: StepProgress) -> bool:
    """Tell whether a service's record has a stamp later than the snapshot."""
    return any(
        max(record["main_ns"], record["up_ns"]) > snapshot["ns"] for record in snapshot["services"]
    )


def gives_up_wrongly(event: Fields, progress: StepProgress) -> bool:
    planned = progress.planned_trials()
    return bool(event["trial"] + event["remaining"] != planned or event["remaining"] < 1)


def _storm_services(progress: StepProgress) -> list[str]:
    return cast(StormStep, progress.step)["services"]


def _is_false_kill(kill: StormKill, begin_ns: int, end_ns: int) -> bool:
    kill_ns, main_ns, exit_ns = kill["kill_ns"], kill["main_ns"], kill["exit_ns"]
    if (main_ns is None) is not (kill["new_pid"] is None) or kill["again"] < 0:
        return True
    ends = (end for end in (main_ns, exit_ns) if end is not None)
    return not begin_ns <= kill_ns <= end_ns or any(not kill_ns <= end <= end_ns for end in ends)


# What each kind of event must keep to: the reason of a rejection and its rule.
_INSTANCE_RULES: tuple[tuple[str, Rule], ...] = (
    (UNKNOWN_SERVICE, is_of_unknown_service),
    ("an impossible process", has_impossible_instance),
    ("a daemon that is up before it starts", has_swapped_instance_stamps),
)
_SEEN_RULES: tuple[tuple[str, Rule], ...] = (
    *_INSTANCE_RULES,
    (STAMP_OF_FUTURE, is_seen_before_start),
    ("an event from before its step", is_seen_before_step),
)
_LINE_RULES: tuple[tuple[str, Rule], ...] = (
    (UNKNOWN_SERVICE, is_of_unknown_service),
    ("an impossible process", has_impossible_instance),
    (STAMP_OF_FUTURE, is_read_before_its_stamp),
    ("an event from before its step", is_seen_before_step),
)
_SERVICE_RULES: tuple[tuple[str, Rule], ...] = ((UNKNOWN_SERVICE, is_of_unknown_service),)
_WINDOW_RULES: tuple[tuple[str, Rule], ...] = (("an end before its begin", ends_before_begin),)
_COUNT_RULES: tuple[tuple[str, Rule], ...] = (("a wrong count", counts_below_zero),)

RULES: Mapping[str, tuple[tuple[str, Rule], ...]] = {
    "sample": TRIAL_RULES,
    "gaveup": (*_SERVICE_RULES, ("a trial that the plan does not have", gives_up_wrongly)),
    "back": _INSTANCE_RULES,
    "up": _INSTANCE_RULES,
    "start": _SEEN_RULES,
    "gone": _SEEN_RULES,
    "unexpected": _SEEN_RULES,
    "ready": _LINE_RULES,
    "exit": _LINE_RULES,
    "left": _LINE_RULES,
    "noise": (("an event from before its step", is_seen_before_step),),
    "down": (*_SERVICE_RULES, *_COUNT_RULES),
    "alive": _SERVICE_RULES,
    "unready": (*_SERVICE_RULES, *_COUNT_RULES),
    "mode": _SERVICE_RULES,
    "starts": (*_SERVICE_RULES, *_WINDOW_RULES, ("a wrong count", counts_starts_wrongly)),
    "signalled": _WINDOW_RULES,
    "ran": _WINDOW_RULES,
    "cpu_mark": _WINDOW_RULES,
    "cpu": _WINDOW_RULES,
    "storm": (
        *_WINDOW_RULES,
        (UNKNOWN_SERVICE, kills_another_service),
        ("a wrong count", counts_storm_wrongly),
        ("a kill, an end or a start out of its storm", has_false_storm_kill),
    ),
    "gathered": (
        *_WINDOW_RULES,
        *_COUNT_RULES,
        ("an end before its begin", gathers_before_first),
    ),
    "reaped": (*_WINDOW_RULES, *_COUNT_RULES),
    "processes": (
        (UNKNOWN_SERVICE, lists_unknown_service),
        (STAMP_OF_FUTURE, has_later_record),
    ),
}

# The steps that print a kind; kinds that are not here may come from any step.
STEPS_OF_KIND: Mapping[str, frozenset[str]] = {
    "sample": frozenset({"trials"}),
    "gaveup": frozenset({"trials"}),
    "back": frozenset({"trials"}),
    "unexpected": frozenset({"trials"}),
    "up": frozenset({"await"}),
    "down": frozenset({"await"}),
    "alive": frozenset({"end"}),
    "unready": frozenset({"ready"}),
    "starts": frozenset({"starts"}),
    "storm": frozenset({"storm"}),
    "gathered": frozenset({"gather"}),
    "reaped": frozenset({"reap"}),
    "mode": frozenset({"mode"}),
    "ran": frozenset({"run", "await"}),
    "signalled": frozenset({"signal"}),
    "processes": frozenset({"snapshot"}),
    "footprint": frozenset({"footprint"}),
    "cpu": frozenset({"cpu"}),
    "cpu_mark": frozenset({"cpu_mark"}),
}


# The event that each such step prints once, as its result.
RESULT_OF_STEP: Mapping[str, str] = {
    "starts": "starts",
    "storm": "storm",
    "gather": "gathered",
    "reap": "reaped",
    "mode": "mode",
    "run": "ran",
    "signal": "signalled",
    "snapshot": "processes",
    "footprint": "footprint",
    "cpu": "cpu",
    "cpu_mark": "cpu_mark",
}


def lacks_result(progress: StepProgress) -> bool:
    """Tell whether a step has ended without its result, and without a reason for that."""
    result = RESULT_OF_STEP.get(progress.step["do"], "")
    explained = progress.failed or progress.rejected
    return bool(result) and not explained and result not in progress.kinds


def find_falsehood(event: Event, progress: StepProgress) -> str:
    """Return the reason why the event cannot be true; empty where it can."""
    kind = event["event"]
    steps = STEPS_OF_KIND.get(kind)
    if steps is not None and progress.step["do"] not in steps:
        return WRONG_STEP
    if kind in progress.kinds and RESULT_OF_STEP.get(progress.step["do"]) == kind:
        return RESULT_TWICE
    for reason, rule in RULES.get(kind, ()):
        if rule(event, progress):
            return reason
    return ""
