"""The cost of the suite: the floor measured by it, and by a bare loop in C."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from bench.engine.guests import measurement
from bench.model.events import RESTART, Event, events_of_kind
from bench.model.observation.latency import restart_latencies
from bench.model.run_file import FLOOR, FloorComparison
from bench.model.selection.contenders import SelectedContender, Selection, select_contenders
from bench.model.statistics import CONFIDENCE
from bench.model.steps import Step, TrialGroup
from daemon.build import Binaries
from provision.cache import cache_folder
from provision.errors import Problem
from provision.guests.files import File
from provision.guests.guest import Guest
from provision.provider import Provider
from provision.scratch import scratch_folder
from provision.systems import System
from supervisors.service import services_of

# Seconds of uptime at which the daemon is killed, the same in suite and bare loop.
UPTIME = (0.1, 0.15)
# The ratio of suite to bare loop that a quiet host should not exceed.
GOAL = 1.25


@dataclass(frozen=True)
class BlockPair:
    """A block of trials through the suite and one in the bare loop; latencies in ms."""

    suite: list[float]
    bare_loop: list[float]


@contextmanager
def floor_guest(system: System, provider: Provider, payload: Sequence[File]) -> Iterator[Guest]:
    """Run a guest in which the hosted floor keeps the daemon alive."""
    floor = _hosted_floor(system)
    installation = floor.supervisor.installation(floor.source)
    guest = provider.up(f"calibrate-{os.getpid()}", system, installation, payload)
    try:
        floor.supervisor.configure(guest, floor.contender, services_of(floor.contender, 1))
        floor.supervisor.start(guest, floor.contender)
        with guest.measured():
            yield guest
    finally:
        guest.destroy()


def run_suite_block(guest: Guest, trials: int, seed: int) -> list[Event]:
    """Measure a block of trials in the guest, as a run does; return its events."""
    floor = _hosted_floor(guest.system)
    group: TrialGroup = {"name": "long", "trials": trials, "uptime": list(UPTIME), "fresh": False}
    steps: list[Step] = [
        {"do": "await", "services": ["s1"], "deadline": 15},
        {"do": "trials", "service": "s1", "groups": [group], "warmup": 1, "deadline": 15},
    ]
    services = services_of(floor.contender, 1)
    return measurement.run_measurement(
        guest, services, steps, seed=seed, timeout=600, on_event=lambda _: None
    )


def _hosted_floor(system: System) -> SelectedContender:
    floors = select_contenders((system,), Selection(only=(FLOOR,))).contenders
    return next(floor for floor in floors if not floor.contender.pid1)


def run_bare_loop(binaries: Binaries, trials: int, seed: int, *options: str) -> list[float]:
    """Measure a block of trials with daemon/c/bareloop.c on the host; return ms.

    It uses the floor and the daemon that guests get. Raises Problem.
    """
    with scratch_folder(cache_folder(), "bareloop") as scratch:
        folder = str(scratch)
        low, high = (str(bound * 1e3) for bound in UPTIME)
        command = [str(binaries.bareloop), folder, str(trials), low, high, str(seed),
                   str(binaries.floor), str(binaries.testd), "--dir", folder, *options,
                   "s1"]  # fmt: skip
        loop = subprocess.run(command, capture_output=True, text=True, check=False)
    if loop.returncode:
        raise Problem("The bare loop saw no restart.", known=loop.stderr)
    stamps = np.loadtxt(loop.stdout.splitlines(), ndmin=2, dtype=np.int64)
    return [float(ms) for ms in (stamps[:, 1] - stamps[:, 0]) / 1e6]


def latencies(events: Iterable[Event]) -> list[float]:
    """Return the latency of each restart in ms, without warm-up and censored ones."""
    return restart_latencies(
        trial for trial in events_of_kind(events, RESTART) if not trial["warmup"]
    )


def compare_blocks(pairs: Sequence[BlockPair]) -> FloorComparison:
    """Return the geometric mean of the pairs' ratios, with its 95 % interval.

    The interval is Student's, of the logarithms: it holds for a handful of pairs, too.
    """
    from scipy.stats import ttest_1samp  # a slow import

    logs = np.log([np.median(pair.suite) / np.median(pair.bare_loop) for pair in pairs])
    interval: Any = ttest_1samp(logs, 0).confidence_interval(CONFIDENCE)
    return {
        "pairs": len(pairs),
        "trials": sum(len(pair.suite) for pair in pairs),
        "suite_ms": _median([pair.suite for pair in pairs]),
        "bare_ms": _median([pair.bare_loop for pair in pairs]),
        "ratio": round(float(np.exp(logs.mean())), 4),
        "ci_low": round(float(np.exp(interval.low)), 4),
        "ci_high": round(float(np.exp(interval.high)), 4),
    }


def _median(blocks: Sequence[Sequence[float]]) -> float:
    return round(float(np.median(np.concatenate(blocks))), 4)
