"""The host's own noise: how late it wakes up a sleeper, and how good its clock is."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from bench.model.run_file import ClockFacts, Histogram
from bench.model.statistics import distribution
from provision.errors import Problem

INTERVAL_US = 1000
# Wake-ups whose clock readings are taken together: a tenth of a second.
READINGS = 100
# Upper bounds of the histogram's bins, in us; the last bin is open.
BOUNDS_US = (10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 20000, 50000)


@dataclass
class SleeperLog:
    """What a sleeper (daemon/c/sleeper.c) measured.

    late: ns after each planned wake-up; ahead: ns by which CLOCK_MONOTONIC was ahead of
    CLOCK_MONOTONIC_RAW then; backwards: how often the clock went back between two processors; of
    how many moves.
    """

    late: list[int] = field(default_factory=list)
    ahead: list[int] = field(default_factory=list)
    backwards: int = 0
    moves: int = 0

    def histogram(self) -> Histogram:
        """Return how late the sleeper woke up, in us."""
        late_us = np.asarray(self.late) / 1e3
        bins = np.searchsorted(BOUNDS_US, late_us)
        counts = np.bincount(bins, minlength=len(BOUNDS_US) + 1)
        return {
            "interval_us": INTERVAL_US,
            "bounds_us": list(BOUNDS_US),
            "counts": [int(count) for count in counts],
            "late_us": distribution(list(late_us)),
        }

    def step_and_drift(self) -> tuple[int, float]:
        """Return the clock's largest step in ns, and its drift in ppm.

        The drift is against CLOCK_MONOTONIC_RAW. A reading during which the sleeper was interrupted
        is no step: of each tenth of a second the median counts, and a real step moves all later
        medians.
        """
        complete = len(self.ahead) // READINGS * READINGS
        readings = np.asarray(self.ahead[:complete], float).reshape(-1, READINGS)
        medians = np.median(readings, axis=1)
        if len(medians) < 2:
            return 0, 0.0
        seconds = (len(medians) - 1) * READINGS * INTERVAL_US / 1e6
        drift = round(float(medians[-1] - medians[0]) / seconds / 1e3, 3)
        return int(np.abs(np.diff(medians)).max()), drift


def clock_facts(sleepers: Sequence[SleeperLog], guest_namespace: int | None) -> ClockFacts:
    """Return the worst behaviour of the clock that a sleeper measured.

    guest_namespace: inode of the guest's time namespace; None where its kernel has none.
    """
    steps, drifts = zip(*(sleeper.step_and_drift() for sleeper in sleepers), strict=True)
    own = Path("/proc/self/ns/time")
    source = Path("/sys/devices/system/clocksource/clocksource0/current_clocksource")
    offsets = Path("/proc/self/timens_offsets")
    return {
        "backwards": sum(sleeper.backwards for sleeper in sleepers),
        "moves": sum(sleeper.moves for sleeper in sleepers),
        "largest_step_ns": max(steps),
        "drift_ppm": max(drifts, key=abs),
        "source": source.read_text().strip() if source.exists() else None,
        "offsets": offsets.read_text().split("\n")[:2] if offsets.exists() else [],
        "same_time_namespace": own.stat().st_ino == guest_namespace if own.exists() else True,
    }


def parse_sleeper_log(text: str) -> SleeperLog:
    """Parse the output of daemon/c/sleeper.c."""
    log = SleeperLog()
    for line in text.splitlines():
        words = line.split()
        if re.fullmatch(r"-?\d+ -?\d+", line):
            log.late.append(int(words[0]))
            log.ahead.append(int(words[1]))
        elif words[:1] == ["backwards"]:
            log.backwards, log.moves = int(words[1]), int(words[3])
    return log


@contextmanager
def run_sleeper(sleeper: Path, seconds: int) -> Iterator[SleeperLog]:
    """Run a sleeper beside the block; its log is complete after the block.

    Raises Problem where it wakes up too rarely.
    """
    process = subprocess.Popen(
        [sleeper, str(seconds), str(INTERVAL_US)], stdout=subprocess.PIPE, text=True
    )
    log = SleeperLog()
    try:
        yield log
        output, _ = process.communicate()
        log.__dict__.update(parse_sleeper_log(output).__dict__)
        if process.returncode or len(log.late) < READINGS:
            raise Problem(
                f"The sleeper woke up {len(log.late)} times only (bound {READINGS}).",
                known=f"{sleeper}, exit code {process.returncode}",
                advice="Stop what keeps the processors busy, then run the same command again.",
            )
    finally:
        process.kill()
        process.wait()
