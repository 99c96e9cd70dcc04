"""SIGKILL to the daemon, and how long until its successor runs."""

from __future__ import annotations

import itertools
import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from bench.model import steps
from bench.model.events import CPU_MARK, RESTART, Event, events_of_kind
from bench.model.events.program import CpuMarked, RestartTrial
from bench.model.initial_state import RUNNING
from bench.model.observation.latency import (
    SHORT_UPTIME,
    SLOT_WIDTH,
    SlottedKills,
    draw_strata,
    long_uptimes,
    looks_decide,
    restart_latencies,
)
from bench.model.observation.processes import cpu_used
from bench.model.observation.timing import NS_PER_MS, deadline, has_long_limit
from bench.model.scenario import SamplingEffort, Scenario, ScenarioContext, WorkUnit
from bench.model.statistics import Metric, single_value, summarize
from supervisors.contender import Contender
from supervisors.own_daemon import READY_DEADLINE

SHORT_TRIALS = 10
# A poller killed at a fixed uptime is always killed in the same phase: recorded, not ranked.
SHORT_TRIALS_OF_POLLER = 5
# s in which a killed daemon has ended, and a command that starts a service has returned.
_END_SECONDS, _COMMAND_SECONDS = 5.0, 30.0


@dataclass(frozen=True)
class RestartTrials:
    """The trials of one unit: how many with the daemon up for long, and up for SHORT_UPTIME.

    strata: of a poller, the range in s that the uptime of each long trial is drawn from.
    """

    long: int
    short: int
    strata: tuple[tuple[float, float], ...] = ()


class Restart(Scenario):
    """The article's Responsiveness."""

    name = "restart"
    title = "restart latency"
    position = 1
    needs_quiet_host = True
    keeps_trials = True
    takes_own_daemon = True

    def work_units(self, contender: Contender, effort: SamplingEffort) -> list[WorkUnit]:
        return self.remaining_units(contender, effort, [])

    def remaining_units(
        self, contender: Contender, effort: SamplingEffort, kept: Sequence[Event]
    ) -> list[WorkUnit]:
        if not effort.allows(2 * _trial_seconds(contender)):
            return []
        done = Counter(trial["group"] for trial in _counted_trials(kept))
        trials = max(0, effort.trials - done["long"])
        short_trials = max(0, _short_trials(contender, effort) - done["short"])
        long, short = self._dealt(contender, effort, trials, short_trials)
        strata = iter(_strata(contender, effort, kept))
        return [
            WorkUnit(
                self.name,
                seconds=_expected_seconds(contender, long[guest], short[guest]),
                trials=long[guest] + short[guest],
                initial_state=RUNNING,
                parameters=RestartTrials(
                    long[guest],
                    short[guest],
                    tuple(itertools.islice(strata, long[guest])),
                ),
                min_seconds=_min_seconds(contender, long[guest], short[guest]),
                slotted=_slotted_kills(contender, long[guest], short[guest]),
            )
            for guest in range(len(long))
        ]

    def _dealt(
        self, contender: Contender, effort: SamplingEffort, trials: int, short_trials: int
    ) -> tuple[list[int], list[int]]:
        """Return how many long and how many short trials each guest has."""
        apart = contender.quick_end_is_final and short_trials and effort.max_guests > 1
        guests = self._guest_count(contender, effort, trials, 0 if apart else short_trials)
        if not apart:
            return _deal(trials, short_trials, guests)
        # The last one waits for long, for a restart that never comes.
        return [*_split_evenly(trials, guests), 0], [*[0] * guests, short_trials]

    def perform(self, context: ScenarioContext, unit: WorkUnit) -> list[Event]:
        contender, trials = context.contender, unit.parameters_as(RestartTrials)
        long: steps.TrialGroup = {
            "name": "long", "trials": trials.long, "uptime": long_uptimes(contender),
        }  # fmt: skip
        if trials.strata:
            long["strata"] = [list(stratum) for stratum in trials.strata]
        short: steps.TrialGroup = {
            "name": "short", "trials": trials.short, "uptime": [SHORT_UPTIME] * 2,
        }  # fmt: skip
        groups = [group for group in (long, short) if group["trials"]]
        steps_of_groups = (
            [[group] for group in groups] if contender.quick_end_is_final else [groups]
        )
        plan: list[steps.Step] = [
            *_start_anew(context, trials),
            steps.mark_cpu(context.tree, "before trials"),
            *(_kills(context, mixed) for mixed in steps_of_groups),
            steps.mark_cpu(context.tree, "after trials"),
        ]
        wait = 2 * deadline(contender) + 60 + _readiness_seconds(contender, unit)
        return context.measure(plan, _planned(unit, context) * 4 + wait)

    def _guest_count(
        self, contender: Contender, effort: SamplingEffort, long: int, short: int
    ) -> int:
        """Return the guests for so many trials of each group; 0 without any trial."""
        if not long + short:
            return 0
        if effort.max_guests == 1 and not _has_lasting_limit(contender):
            guests = 1
        else:
            # A slow poller's trial takes a period, wherever it is: each has a guest of its own.
            first = _warm_ups(contender) * _trial_seconds(contender)
            mean = (_expected_seconds(contender, long, short) - first) / (long + short)
            seconds = effort.guest_seconds - first
            if self.needs_quiet(contender):
                seconds = min(seconds, effort.quiet_seconds - first)
            guests = math.ceil((long + short) / max(1, seconds // mean))
            if has_long_limit(contender):
                guests = max(guests, _guests_within_limit(contender, long, short))
        if not _has_lasting_limit(contender):
            guests = min(guests, effort.max_guests)
        return max(guests, min(long, effort.min_guests))

    def conclude(self, contender: Contender, samples: Sequence[Event]) -> list[Metric]:
        # A warm-up without a restart counts all the same: the supervisor failed.
        trials = [
            trial
            for trial in events_of_kind(samples, RESTART)
            if trial["censored"] or not trial["warmup"]
        ]
        metrics = []
        for group in ("long", "short"):
            of_group = [trial for trial in trials if trial["group"] == group]
            if of_group or group == "long":
                metrics += _latency_metrics(group, of_group, contender)
        return [*metrics, _cpu_metric(samples)]


def _kills(context: ScenarioContext, groups: list[steps.TrialGroup]) -> steps.TrialsStep:
    """Return the step that kills the service by trials of those groups, mixed."""
    contender = context.contender
    step: steps.TrialsStep = {
        "do": "trials",
        "service": context.services[0].name,
        "signal": 9,
        "groups": groups,
        "warmup": _warm_ups(contender),
        "deadline": deadline(contender),
        "limit": contender.limit_that_lifts,
        "slot": _time_slot(context),
        "ready": contender.readiness is not None,
    }
    if contender.quick_end_is_final and groups[0]["name"] == "short":
        # The first quick end is the last one: no warm-up, and no more waiting after its deadline.
        step |= {"warmup": 0, "patience": 0.0}
    return step


def _start_anew(context: ScenarioContext, trials: RestartTrials) -> list[steps.Step]:
    """Return steps for the fresh start of a guest that has short trials of a monitor alone.

    The monitor is asked for that start. Its next look would bring it, too, but a period later; the
    trials wait for that where the command is too slow.
    """
    if trials.long or not looks_decide(context.contender):
        return []
    service = context.services[0]
    start = context.supervisor.start_command(context.contender, service)
    return [
        steps.kill_service(service.name),
        steps.await_end(service.name, _END_SECONDS),
        steps.run_command(start, _COMMAND_SECONDS),
    ]


def _time_slot(context: ScenarioContext) -> steps.TimeSlot | None:
    """Return the slot for kills; none for a poller, whose phase it would lock."""
    if context.contender.period is not None:
        return None
    index, count = context.slot
    return {"index": index, "count": count, "width": SLOT_WIDTH}


def _latency_metrics(
    group: str, trials: Sequence[RestartTrial], contender: Contender
) -> list[Metric]:
    latencies = restart_latencies(trials)
    metrics = [summarize(f"restart_{group}", "ms", latencies, len(trials) - len(latencies))]
    if contender.readiness or contender.own_daemon:
        ready = [
            (ready_ns - trial["kill_ns"]) / NS_PER_MS
            for trial in trials
            if not trial["censored"] and (ready_ns := trial.get("ready_ns"))
        ]
        metrics.append(summarize(f"ready_{group}", "ms", ready, len(trials) - len(ready)))
    return metrics


def _cpu_metric(samples: Sequence[Event]) -> Metric:
    """Return the CPU time of the supervision tree per restart, looks and waits included.

    A guest that was interrupted amid its trials has no mark after them, and does not count.
    """
    marks: defaultdict[int, list[CpuMarked]] = defaultdict(list)
    for mark in events_of_kind(samples, CPU_MARK):
        marks[mark.get("replica", 0)].append(mark)
    whole = {replica for replica, of_guest in marks.items() if len(of_guest) > 1}
    restarts = sum(
        not trial["censored"] and trial.get("replica", 0) in whole
        for trial in events_of_kind(samples, RESTART)
    )
    spent_ns = sum(cpu_used(*marks[replica][:2]) for replica in whole)
    if not restarts or not spent_ns:
        return Metric("cpu_per_restart", "us", status="not measured", note="no restart seen")
    note = "idle time included, short-lived helpers not"
    return single_value("cpu_per_restart", "us", spent_ns / restarts / 1e3, note=note)


def _trial_seconds(contender: Contender) -> float:
    """Return the seconds of a long trial: the uptime drawn, and the wait for a look or a pause."""
    low, high = long_uptimes(contender)
    wait = contender.restart_delay + (contender.period or 0.0) / 2
    return _within_limit(contender, (low + high) / 2 + wait)


def _within_limit(contender: Contender, seconds: float) -> float:
    """Return the seconds of a trial where a limit of short window may make it longer."""
    if contender.limit_that_lifts is None or has_long_limit(contender):
        return seconds
    count, window = contender.limit_that_lifts
    return max(seconds, window / (count - 1))


def _warm_ups(contender: Contender) -> int:
    return 0 if contender.period or contender.start_limit else 1


def _expected_seconds(contender: Contender, long: int, short: int) -> float:
    settled = (long + _warm_ups(contender)) * _trial_seconds(contender)
    return settled + _short_seconds(contender, short)


def _short_seconds(contender: Contender, short: int) -> float:
    """Return the seconds of the short trials; the first one is the last where it is final."""
    if contender.quick_end_is_final:
        return SHORT_UPTIME + deadline(contender) if short else 0.0
    return short * (SHORT_UPTIME + (contender.period or 1.0))


def _planned(unit: WorkUnit, context: ScenarioContext) -> float:
    """Return the seconds of a guest's trials, with their waits for the slot of the guest."""
    _, slots = context.slot
    return unit.seconds + (unit.slotted.wait(slots) if unit.slotted else 0.0)


def _readiness_seconds(contender: Contender, unit: WorkUnit) -> float:
    """Return the seconds that a person's own program may take to get ready in all the trials."""
    if contender.own_daemon is None:
        return 0.0
    return READY_DEADLINE * (unit.trials + _warm_ups(contender))


def _slotted_kills(contender: Contender, long: int, short: int) -> SlottedKills | None:
    if contender.period is not None:
        return None
    # Without a warm-up, one more kill brings the fresh start that the first short trial needs.
    number = long + max(_warm_ups(contender), int(short > 0))
    low, high = (uptime + contender.restart_delay for uptime in long_uptimes(contender))
    # A kill comes anywhere in its own slot, so that what it takes begins with the next one.
    slots = 1 + math.ceil(contender.busy_seconds / SLOT_WIDTH)
    return SlottedKills(max(1, number), low, high, _short_seconds(contender, short), slots)


def _min_seconds(contender: Contender, long: int, short: int) -> float:
    """Return the seconds that the trials need at least: of each its uptime, or a period."""
    low, high = long_uptimes(contender)
    period = contender.period or 0.0
    long_trial = _within_limit(contender, max((low + high) / 2, period))
    return long * long_trial + short * max(SHORT_UPTIME, period)


def _strata(
    contender: Contender, effort: SamplingEffort, kept: Sequence[Event]
) -> list[tuple[float, float]]:
    """Return the strata of a poller's long trials without those that kept trials lie in.

    None for others, which have no phase.
    """
    if contender.period is None:
        return []
    strata = [(low, high) for low, high in draw_strata(contender, effort.trials, effort.seed)]
    for trial in _counted_trials(kept):
        own = next(
            (stratum for stratum in strata if stratum[0] <= trial["drawn_s"] <= stratum[1]), None
        )
        if trial["group"] == "long" and own is not None:
            strata.remove(own)
    return strata


def _counted_trials(samples: Sequence[Event]) -> list[RestartTrial]:
    return [trial for trial in events_of_kind(samples, RESTART) if not trial["warmup"]]


def _has_lasting_limit(contender: Contender) -> bool:
    """Tell whether waiting never lifts its limit of starts: only a new guest does."""
    return contender.start_limit is not None and contender.start_limit.seconds is None


def _guests_within_limit(contender: Contender, long: int, short: int) -> int:
    """Return how many guests take the trials below a limit of starts over a long time."""
    assert contender.start_limit is not None
    # Starts, the first among them, stay below it by using more guests.
    starts = contender.start_limit.count - 3
    if not long:
        return math.ceil(short / starts)
    return math.ceil(long / max(1, int(starts * (long / (long + short)))))


def _short_trials(contender: Contender, effort: SamplingEffort) -> int:
    most = SHORT_TRIALS if contender.period is None else SHORT_TRIALS_OF_POLLER
    return min(most, math.ceil(effort.trials / 3))


def _deal(long: int, short: int, guests: int) -> tuple[list[int], list[int]]:
    """Return how many long and how many short trials each guest has: of both together, as many."""
    # What remains of the long ones goes to the first guests, and of the short ones to the last.
    return _split_evenly(long, guests), _split_evenly(short, guests)[::-1]


def _split_evenly(total: int, parts: int) -> list[int]:
    return [total // parts + (1 if part < total % parts else 0) for part in range(parts)]


SCENARIO = Restart()
