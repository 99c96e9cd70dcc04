"""The parts of a restart: where its time goes."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

from bench.model.events import RESTART, Event, events_of_kind
from bench.model.events.program import RestartTrial
from bench.model.run_file import RESTART_PARTS
from bench.model.statistics import Metric, summarize
from bench.tracing.kernel_stamps import daemon_start

_SUFFIXES = {"long": "", "short": "_short"}
PART_METRICS = frozenset(
    f"restart_{part}{suffix}" for part in RESTART_PARTS for suffix in _SUFFIXES.values()
)


def restart_part_metrics(samples: Iterable[Event]) -> list[Metric]:
    """Return metrics of the parts of restarts (restart_death etc.), in ms.

    Names of metrics at short uptime, where hold-offs show, end with _short. death: SIGKILL to the
    daemon's exit; reaction: until the supervisor's process is woken up; holdoff: until it forks;
    child: from fork to the daemon's first stamp; spawn: from that to main(). The five parts of one
    trial add up to its latency; their medians need not.
    """
    restarts = events_of_kind(samples, RESTART)
    metrics = []
    for group, suffix in _SUFFIXES.items():
        rows = [parts for restart in restarts if (parts := _split(restart, group))]
        metrics += [
            summarize(f"restart_{part}{suffix}", "ms", values)
            for part, values in zip(RESTART_PARTS, zip(*rows, strict=True), strict=bool(rows))
        ]
    return metrics


def _split(restart: RestartTrial, group: str) -> tuple[float, ...] | None:
    """Return the parts in ms; None where a restart is not ranked or lacks a stamp."""
    stamps = restart.get("witness")
    if not stamps or restart["warmup"] or restart["group"] != group:
        return None
    if None in stamps.values():
        return None
    times = [
        restart["kill_ns"],
        stamps["death"],
        stamps["awake"],
        stamps["fork"],
        daemon_start(restart, stamps),
        restart["main_ns"],
    ]
    stamps_ns = [time for time in times if time is not None]
    return tuple((after - before) / 1e6 for before, after in pairwise(stamps_ns))
