"""Restart latencies: the difference of two stamps, and the uptimes before the kills.

`restart_latency` subtracts the stamp of the kill from the stamp of the successor's main().
`long_uptimes` states how long a daemon has run when it is killed, `draw_strata` spreads the kills
of a poller evenly over its period, and `SlottedKills` says how long guests wait that take turns.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterable
from dataclasses import dataclass

from bench.model.events.program import RestartTrial
from bench.model.observation.timing import NS_PER_MS
from supervisors.contender import Contender

# s of uptime before a kill of the group "short".
SHORT_UPTIME = 0.3
# s over which the uptimes of an event-driven contender are drawn, beyond what settles a service.
UPTIME_SPREAD = 0.25
# s: no two guests of a run have kills that wait for the same slot. 0.025 would be too short: where
# the guest before had moved a process to another control group, the kernel was still prepared for
# that (findings/cgroup-move-after-a-pause.sh), and systemd restarted in 4 ms in place of 16.
SLOT_WIDTH = 0.05


def long_uptimes(contender: Contender) -> list[float]:
    """Return the shortest and the longest uptime in s at which nothing is held back any more.

    They are a period apart, so that kills hit a poller in every phase; where events decide, the
    slots of kills spread them as well. Where looks alone decide, an uptime above the period would
    make a trial wait for a second look.
    """
    low = SHORT_UPTIME if looks_decide(contender) else contender.settled_uptime
    return [low, low + (contender.period or UPTIME_SPREAD)]


def looks_decide(contender: Contender) -> bool:
    """Tell whether nothing but the next look decides when a service comes back.

    A runner knows when a service started, and may hold back what ended soon; a monitor looks.
    """
    polls = contender.role == "monitor" and contender.period is not None
    return polls and contender.start_limit is None


@dataclass(frozen=True)
class SlottedKills:
    """Kills of a guest that wait for its slot of time, each from low to high s after the last.

    number: at least one. others: the seconds that the guest's other trials take. slots: how many
    slots, one after the other, a kill and its restart take.
    """

    number: int
    low: float
    high: float
    others: float = 0.0
    slots: int = 1

    def wait(self, slots: int) -> float:
        """Return the seconds for which all of them wait where their guest has one of so many slots.

        A guest has just used its slot, which comes again once in a cycle of all slots.
        """
        cycle = slots * SLOT_WIDTH
        cycles = range(math.floor(self.low / cycle), math.ceil(self.high / cycle))
        ends = [(number + 1) * cycle for number in cycles]
        shares = [min(self.high, end) - max(self.low, end - cycle) for end in ends]
        mean = sum(map(math.prod, zip(ends, shares, strict=True))) / (self.high - self.low)
        return self.number * (mean - (self.low + self.high) / 2)


def draw_strata(contender: Contender, trials: int, seed: int) -> list[list[float]]:
    """Return, in an order drawn by the seed, the range of uptimes of each trial of a poller.

    They part its period evenly: each trial is killed at random within a part of its own. The
    interval of a median by order statistics holds for such trials all the same, since the number of
    them below a median varies less than that of independent ones (Hoeffding, 1956).
    """
    low, high = long_uptimes(contender)
    width = (high - low) / trials
    strata = [
        [low + number * width, min(high, low + (number + 1) * width)] for number in range(trials)
    ]
    random.Random(f"{seed} {contender.name}").shuffle(strata)
    return strata


def restart_latency(trial: RestartTrial) -> float | None:
    """Return the ms from the kill to the successor's main(); None where none came in time."""
    if trial["censored"] or trial["main_ns"] is None:
        return None
    return (trial["main_ns"] - trial["kill_ns"]) / NS_PER_MS


def restart_latencies(trials: Iterable[RestartTrial]) -> list[float]:
    """Return the ms of each trial whose restart came in time."""
    return [latency for trial in trials if (latency := restart_latency(trial)) is not None]
