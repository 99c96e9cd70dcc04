"""SIGKILL to the daemon, and how long until its successor runs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import ClassVar

from bench.model.evidence import cpu_used, rationed
from bench.model.scenario import Event, SamplingEffort, Scenario, ScenarioContext, WorkUnit
from bench.model.statistics import Metric, single, summary
from supervisors.contender import Contender

SHORT_UPTIME = 0.3
SHORT_TRIALS = 10
# A poller killed at a fixed uptime is always killed in the same phase: seen, not ranked.
SHORT_TRIALS_OF_POLLER = 5
# No two guests of a run break their service within the same so many seconds.
SLOT_WIDTH = 0.05
_MS = 1e-6


class Restart(Scenario):
    """The article's Responsiveness."""

    name = "restart"
    title = "restart latency"
    rank = 1
    quiet: ClassVar[bool] = True

    def work_units(self, contender: Contender, depth: SamplingEffort) -> list[WorkUnit]:
        if depth.budget is not None and _trial_seconds(contender) * 2 > depth.budget:
            return []
        each = _trials_per_guest(contender, depth)
        guests = math.ceil(depth.trials / each)
        if not _never_forgets(contender):
            guests = min(guests, depth.replicas)
        guests = max(guests, min(depth.trials, depth.rounds))
        long = _dealt(depth.trials, guests)
        short = _dealt(_short_trials(contender, depth), guests)
        return [
            WorkUnit(
                self.name,
                seconds=_seconds(contender, long[guest], short[guest]),
                trials=long[guest] + short[guest],
                work={"long": long[guest], "short": short[guest], "seed": depth.seed + guest},
                min_seconds=_least(contender, long[guest], short[guest]),
            )
            for guest in range(guests)
        ]

    def perform(self, turn: ScenarioContext, share: WorkUnit) -> list[Event]:
        contender = turn.contender
        index, count = turn.slot
        groups = [
            {"name": "long", "trials": share.work["long"], "uptime": _uptimes(contender)},
            {"name": "short", "trials": share.work["short"], "uptime": [SHORT_UPTIME] * 2},
        ]
        steps = [
            {"do": "cpu_mark", "label": "before trials", **turn.tree},
            {
                "do": "trials",
                "service": turn.services[0].name,
                "signal": 9,
                "groups": [group for group in groups if group["trials"]],
                "warmup": 0 if contender.period or contender.start_limit else 1,
                "deadline": _deadline(contender),
                "limit": contender.periodic_limit,
                "slot": {"index": index, "count": count, "width": SLOT_WIDTH}
                if contender.period is None
                else None,
                "ready": contender.readiness is not None,
            },
            {"do": "cpu_mark", "label": "after trials", **turn.tree},
        ]
        return turn.measure(steps, share.seconds * 4 + 2 * _deadline(contender) + 60)

    def conclude(self, contender: Contender, samples: Sequence[Event]) -> list[Metric]:
        # A restart that never came is no warm-up.
        trials = [
            each
            for each in samples
            if each["event"] == "sample" and (each["censored"] or not each["warmup"])
        ]
        metrics = []
        for group in ("long", "short"):
            of_group = [each for each in trials if each["group"] == group]
            if of_group or group == "long":
                metrics += _latencies(group, of_group, contender)
        return [*metrics, *_cpu(samples)]


def _latencies(group: str, trials: Sequence[Event], contender: Contender) -> list[Metric]:
    seen = [each for each in trials if not each["censored"]]
    censored = len(trials) - len(seen)
    restart = [(each["main_ns"] - each["kill_ns"]) * _MS for each in seen]
    found = [summary(f"restart_{group}", "ms", restart, censored)]
    if contender.readiness:
        ready = [
            (each["ready_ns"] - each["kill_ns"]) * _MS for each in seen if each.get("ready_ns")
        ]
        found.append(summary(f"ready_{group}", "ms", ready, len(trials) - len(ready)))
    return found


def _cpu(samples: Sequence[Event]) -> list[Metric]:
    """CPU time of the supervision tree per restart, looking and waiting included."""
    marks = [each for each in samples if each["event"] == "cpu_mark"]
    restarts = sum(each["event"] == "sample" and not each["censored"] for each in samples)
    spent = sum(
        cpu_used(before, after) for before, after in zip(marks[::2], marks[1::2], strict=False)
    )
    if not restarts or not spent:
        return [Metric("cpu_per_restart", "us", status="not measured", note="no restart seen")]
    note = "idle time included, short-lived helpers not"
    return [single("cpu_per_restart", "us", spent / restarts / 1e3, note=note)]


def _uptimes(contender: Contender) -> list[float]:
    return [contender.settled_uptime, contender.settled_uptime + (contender.period or 1.0)]


def _deadline(contender: Contender) -> float:
    """Seconds after which a restart counts as not seen: beyond every period and hold-off."""
    return 2 * (contender.period or 0.0) + 15.0


def _trial_seconds(contender: Contender) -> float:
    """What a long trial takes: the uptime drawn, and the look that follows it."""
    low, high = _uptimes(contender)
    return _within_limit(contender, (low + high) / 2 + (contender.period or 0.0) / 2)


def _within_limit(contender: Contender, seconds: float) -> float:
    """What a trial of so many seconds takes where starts are limited over a short time."""
    if contender.periodic_limit is None or rationed(contender):
        return seconds
    count, window = contender.periodic_limit
    return max(seconds, window / (count - 1))


def _seconds(contender: Contender, long: int, short: int) -> float:
    pause = SHORT_UPTIME + (contender.period or 1.0)
    return long * _trial_seconds(contender) + short * pause


def _least(contender: Contender, long: int, short: int) -> float:
    """Seconds that the trials need, whoever measures: of each its uptime, or a poller's period."""
    low, high = _uptimes(contender)
    period = contender.period or 0.0
    each = _within_limit(contender, max((low + high) / 2, period))
    return long * each + short * max(SHORT_UPTIME, period)


def _never_forgets(contender: Contender) -> bool:
    """Return whether waiting never lifts its limit of starts: only a new guest does."""
    return contender.start_limit is not None and contender.start_limit.seconds is None


def _trials_per_guest(contender: Contender, depth: SamplingEffort) -> int:
    if depth.replicas == 1 and not _never_forgets(contender):
        return depth.trials
    each = max(2, int(depth.enough / _trial_seconds(contender)))
    if contender.start_limit is None or not rationed(contender):
        return each
    # A limit over so long a time is kept by spreading: starts, the first among them, stay below.
    starts = contender.start_limit.count - 3
    share = depth.trials / (depth.trials + _short_trials(contender, depth))
    return max(1, int(starts * share))


def _short_trials(contender: Contender, depth: SamplingEffort) -> int:
    most = SHORT_TRIALS if contender.period is None else SHORT_TRIALS_OF_POLLER
    return min(most, math.ceil(depth.trials / 3))


def _dealt(total: int, guests: int) -> list[int]:
    """A number dealt out evenly."""
    return [total // guests + (1 if guest < total % guests else 0) for guest in range(guests)]


SCENARIO = Restart()
