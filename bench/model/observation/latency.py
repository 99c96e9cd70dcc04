"""Restart latencies: the difference of two stamps, and the uptimes before the kills.

`restart_latency` subtracts the stamp of the kill from the stamp of the successor's main().
`long_uptimes` states how long a daemon has run when it is killed.
"""

from __future__ import annotations

from collections.abc import Iterable

from bench.model.events.program import RestartTrial
from bench.model.observation.timing import NS_PER_MS
from supervisors.contender import Contender


def long_uptimes(contender: Contender) -> list[float]:
    """Return the shortest and the longest uptime in s at which nothing is held back any more.

    They are a period apart, so that kills hit a poller in every phase.
    """
    return [contender.settled_uptime, contender.settled_uptime + (contender.period or 1.0)]


def restart_latency(trial: RestartTrial) -> float | None:
    """Return the ms from the kill to the successor's main(); None where none came in time."""
    if trial["censored"] or trial["main_ns"] is None:
        return None
    return (trial["main_ns"] - trial["kill_ns"]) / NS_PER_MS


def restart_latencies(trials: Iterable[RestartTrial]) -> list[float]:
    """Return the ms of each trial whose restart came in time."""
    return [latency for trial in trials if (latency := restart_latency(trial)) is not None]
