"""The floor through the whole suite against the same trials in C with no Python anywhere."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from bench.engine import measurement
from bench.model.events import RESTART, Event, events_of_kind
from bench.model.run_file import FLOOR
from bench.model.selection import SelectedContender, Selection, select_contenders
from bench.model.statistics import CONFIDENCE
from bench.model.steps import Step, TrialGroup
from bench.model.trials import restart_latencies
from daemon.build import Binaries
from provision.cache import cache_folder
from provision.errors import Problem
from provision.guest import File, Guest
from provision.provider import Provider
from provision.systems import System
from supervisors.service import services_of

# Seconds of uptime at which the daemon is killed, the same on both sides.
UPTIME = (0.1, 0.15)
GOAL = 1.25


@dataclass(frozen=True)
class Pair:
    """One block of trials on each side, latencies in ms."""

    suite: list[float]
    run_bare_loop: list[float]


@contextmanager
def floor_guest(system: System, provider: Provider, files: Sequence[File]) -> Iterator[Guest]:
    """A guest in which the floor, hosted as others are, keeps the daemon alive."""
    entry = _hosted_floor(system)
    recipe = entry.supervisor.recipe(entry.source)
    guest = provider.up(f"calibrate-{os.getpid()}", system, recipe, files)
    try:
        entry.supervisor.configure(guest, entry.contender, services_of(entry.contender, 1))
        entry.supervisor.start(guest, entry.contender)
        yield guest
    finally:
        guest.destroy()


def through_suite(guest: Guest, trials: int, seed: int) -> list[Event]:
    """One block in the guest, as every run does it; returns what the measuring program said."""
    entry = _hosted_floor(guest.system)
    group: TrialGroup = {"name": "long", "trials": trials, "uptime": list(UPTIME), "fresh": False}
    steps: list[Step] = [
        {"do": "await", "services": ["s1"], "deadline": 15},
        {"do": "trials", "service": "s1", "groups": [group], "warmup": 1, "deadline": 15},
    ]
    wanted = services_of(entry.contender, 1)
    return measurement.run_measurement(
        guest, wanted, steps, seed=seed, timeout=600, on_event=lambda _: None
    )


def _hosted_floor(system: System) -> SelectedContender:
    floors = select_contenders(system, Selection(only=(FLOOR,))).contenders
    return next(floor for floor in floors if not floor.contender.pid1)


def run_bare_loop(built: Binaries, trials: int, seed: int, *options: str) -> list[float]:
    """One block by daemon/c/bareloop.c: the same floor and daemon, on the host. Raises Problem."""
    with tempfile.TemporaryDirectory(prefix="bareloop-", dir=cache_folder()) as folder:
        low, high = (str(bound * 1e3) for bound in UPTIME)
        command = [str(built.bareloop), folder, str(trials), low, high, str(seed),
                   str(built.floor), str(built.testd), "--dir", folder, *options, "s1"]  # fmt: skip
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Problem("The bare loop saw no restart.", known=done.stderr)
    stamps = np.loadtxt(done.stdout.splitlines(), ndmin=2, dtype=np.int64)
    return [float(ms) for ms in (stamps[:, 1] - stamps[:, 0]) / 1e6]


def latencies(events: Sequence[Event]) -> list[float]:
    """ms of each restart that was seen, but for the warm-up."""
    return restart_latencies(
        trial for trial in events_of_kind(events, RESTART) if not trial["warmup"]
    )


def compared(pairs: Sequence[Pair]) -> dict[str, Any]:
    """The ratio of the blocks' medians: geometric mean over the pairs, 95 % interval.

    Student's, of the logarithms: it holds for a handful of pairs, too.
    """
    from scipy.stats import ttest_1samp  # a slow import

    logs = np.log([np.median(pair.suite) / np.median(pair.run_bare_loop) for pair in pairs])
    interval: Any = ttest_1samp(logs, 0).confidence_interval(CONFIDENCE)
    return {
        "pairs": len(pairs),
        "trials": sum(len(pair.suite) for pair in pairs),
        "suite_ms": round(float(np.median(np.concatenate([pair.suite for pair in pairs]))), 4),
        "bare_ms": round(
            float(np.median(np.concatenate([pair.run_bare_loop for pair in pairs]))), 4
        ),
        "ratio": round(float(np.exp(logs.mean())), 4),
        "ci_low": round(float(np.exp(interval.low)), 4),
        "ci_high": round(float(np.exp(interval.high)), 4),
    }
