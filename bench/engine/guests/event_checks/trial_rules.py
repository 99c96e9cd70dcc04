"""What a trial cannot be, whatever a supervisor does.

Each rule returns whether a trial breaks it. A daemon that is started twice, lost lines, starts
between trials and restarts that never come break none.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

from bench.engine.guests.event_checks.step_progress import FRESH, Fields, Rule, StepProgress
from bench.model.observation.timing import NS_PER_S

_SIGKILL = 9
# s: a drawn uptime may differ from its bounds by what a decimal number loses.
_TOLERANCE = 1e-6
UNKNOWN_SERVICE = "an unknown service"
START_BEFORE_KILL = "a start before its kill"
OUT_OF_ORDER = "a trial out of order"


def is_of_unknown_service(event: Fields, progress: StepProgress) -> bool:
    return event["service"] not in progress.services


def starts_before_kill(trial: Fields, progress: StepProgress) -> bool:
    return trial["main_ns"] is not None and trial["main_ns"] < trial["kill_ns"]


def is_half_censored(trial: Fields, progress: StepProgress) -> bool:
    """Tell whether a trial has a successor and is censored, or neither."""
    stamps = (trial["main_ns"], trial["up_ns"], trial["new_pid"], trial["seq"])
    return any((stamp is None) is not trial["censored"] for stamp in stamps)


def has_swapped_successor_stamps(trial: Fields, progress: StepProgress) -> bool:
    stamps = (trial["begun_ns"], trial["main_ns"], trial["up_ns"])
    return not ascend(stamp for stamp in stamps if stamp is not None)


def is_ready_before_start(trial: Fields, progress: StepProgress) -> bool:
    ready_ns, main_ns = trial["ready_ns"], trial["main_ns"]
    return ready_ns is not None and (main_ns is None or ready_ns < main_ns)


def ends_before_kill(trial: Fields, progress: StepProgress) -> bool:
    return trial["exit_ns"] is not None and trial["exit_ns"] < trial["kill_ns"]


def is_killed_before_start(trial: Fields, progress: StepProgress) -> bool:
    return bool(trial["kill_ns"] < trial["old_main_ns"])


def has_wrong_uptime(trial: Fields, progress: StepProgress) -> bool:
    """Tell whether the uptime is not the time from the start to the kill, or below the drawn."""
    uptime_ns = trial["kill_ns"] - trial["old_main_ns"]
    drawn_ns = (trial["drawn_s"] - _TOLERANCE) * NS_PER_S
    return bool(trial["uptime_ns"] != uptime_ns or uptime_ns < drawn_ns)


def is_killed_too_early(trial: Fields, progress: StepProgress) -> bool:
    return bool(trial["kill_ns"] < max(trial["at_ns"], progress.begin_ns))


def is_out_of_order(trial: Fields, progress: StepProgress) -> bool:
    """Tell whether a trial comes a second time, or was killed before the one before it."""
    return bool(trial["trial"] <= progress.last_trial or trial["kill_ns"] <= progress.last_kill_ns)


def has_older_successor(trial: Fields, progress: StepProgress) -> bool:
    return trial["seq"] is not None and trial["seq"] <= trial["old_seq"]


def is_of_another_plan(trial: Fields, progress: StepProgress) -> bool:
    """Tell whether service, signal, deadline, group or drawn uptime are not those of the plan."""
    step = progress.trials_step()
    if trial["service"] != step["service"] or trial["signal"] != step.get("signal", _SIGKILL):
        return True
    if trial["deadline_s"] != step["deadline"]:
        return True
    if trial["group"] == FRESH and FRESH not in progress.groups():
        return not trial["warmup"] or trial["drawn_s"] != 0
    group = progress.groups().get(trial["group"])
    if group is None:
        return True
    low, high = group["uptime"]
    return not low - _TOLERANCE <= trial["drawn_s"] <= high + _TOLERANCE


def is_false_warmup(trial: Fields, progress: StepProgress) -> bool:
    """Tell whether a trial is left out of the figures without being a warm-up, or the reverse."""
    warmups = progress.trials_step().get("warmup", 0)
    planned = trial["trial"] < warmups or progress.is_fresh_kill(trial)
    return bool(trial["warmup"] is not planned)


def is_beyond_plan(trial: Fields, progress: StepProgress) -> bool:
    """Tell whether the plan has no such trial, or no further trial of that group."""
    if trial["warmup"]:
        return not 0 <= trial["trial"] < progress.planned_trials()
    group = progress.groups().get(trial["group"])
    return group is None or progress.trials_by_group[trial["group"]] >= group["trials"]


def has_impossible_pid(trial: Fields, progress: StepProgress) -> bool:
    pids = (trial["old_pid"], trial["new_pid"])
    return any(pid is not None and pid < 1 for pid in pids)


def ascend(stamps: Iterable[int]) -> bool:
    """Return whether no stamp is smaller than the one before it."""
    return all(one <= other for one, other in pairwise(stamps))


# The reason of a rejection and its rule.
TRIAL_RULES: tuple[tuple[str, Rule], ...] = (
    (UNKNOWN_SERVICE, is_of_unknown_service),
    ("a trial that the plan does not have", is_of_another_plan),
    (START_BEFORE_KILL, starts_before_kill),
    ("a censored trial with a successor, or none without", is_half_censored),
    ("a daemon that is up before it starts", has_swapped_successor_stamps),
    ("a daemon that is ready before it starts", is_ready_before_start),
    ("an end before its kill", ends_before_kill),
    ("a kill before the daemon's start", is_killed_before_start),
    ("an uptime that is not the daemon's", has_wrong_uptime),
    ("a kill before its time", is_killed_too_early),
    (OUT_OF_ORDER, is_out_of_order),
    ("a successor older than the killed daemon", has_older_successor),
    ("a false warm-up", is_false_warmup),
    ("more trials than planned", is_beyond_plan),
    ("an impossible process", has_impossible_pid),
)
