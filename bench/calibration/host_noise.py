"""The host's own noise: how late it wakes a sleeper up, and whether its clock can be trusted."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from bench.tracing.compare import figures
from provision.errors import Problem

INTERVAL_US = 1000
LOOKS = 100  # at the clock, a tenth of a second
# Upper bounds of the histogram's bins, in us; the last bin is open.
BOUNDS = (10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 20000, 50000)


@dataclass
class Sleep:
    """What a sleeper saw.

    late: ns after each instant it wanted to wake up at; ahead: ns by which CLOCK_MONOTONIC was
    before CLOCK_MONOTONIC_RAW then; backwards, moves: how often the clock went back from one
    processor to another, of how many moves.
    """

    late: list[int] = field(default_factory=list)
    ahead: list[int] = field(default_factory=list)
    backwards: int = 0
    moves: int = 0

    def histogram(self) -> dict[str, Any]:
        """How late it was, in us."""
        late = np.asarray(self.late) / 1e3
        counts = np.bincount(np.searchsorted(BOUNDS, late), minlength=len(BOUNDS) + 1)
        return {
            "interval_us": INTERVAL_US,
            "bounds_us": list(BOUNDS),
            "counts": [int(count) for count in counts],
            "late_us": figures(list(late)),
        }

    def steps(self) -> tuple[int, float]:
        """The clock's largest step, ns, and its drift against CLOCK_MONOTONIC_RAW, ppm.

        A look between whose two readings the sleeper was interrupted is no step: of so many looks
        the median counts, beyond which a step stays.
        """
        whole = len(self.ahead) // LOOKS * LOOKS
        medians = np.median(np.asarray(self.ahead[:whole], float).reshape(-1, LOOKS), axis=1)
        if len(medians) < 2:
            return 0, 0.0
        seconds = (len(medians) - 1) * LOOKS * INTERVAL_US / 1e6
        drift = round(float(medians[-1] - medians[0]) / seconds / 1e3, 3)
        return int(np.abs(np.diff(medians)).max()), drift


def clock(sleeps: Sequence[Sleep]) -> dict[str, Any]:
    """Whether the clock steps, drifts or goes back: the worst that any of the sleepers saw."""
    steps, drifts = zip(*(sleep.steps() for sleep in sleeps), strict=True)
    return {
        "backwards": sum(sleep.backwards for sleep in sleeps),
        "moves": sum(sleep.moves for sleep in sleeps),
        "largest_step_ns": max(steps),
        "drift_ppm": max(drifts, key=abs),
    }


def parse(text: str) -> Sleep:
    """What daemon/c/sleeper.c printed."""
    sleep = Sleep()
    for line in text.splitlines():
        words = line.split()
        if re.fullmatch(r"-?\d+ -?\d+", line):
            sleep.late.append(int(words[0]))
            sleep.ahead.append(int(words[1]))
        elif words[:1] == ["backwards"]:
            sleep.backwards, sleep.moves = int(words[1]), int(words[3])
    return sleep


@contextmanager
def sleeping(sleeper: Path, seconds: int) -> Iterator[Sleep]:
    """A sleeper beside the block; what it saw is there once the block is over. Raises Problem."""
    process = subprocess.Popen(
        [sleeper, str(seconds), str(INTERVAL_US)], stdout=subprocess.PIPE, text=True
    )
    found = Sleep()
    try:
        yield found
        said, _ = process.communicate()
        found.__dict__.update(parse(said).__dict__)
        if process.returncode or len(found.late) < LOOKS:
            raise Problem(
                f"The sleeper saw too little: it was late {len(found.late)} times.",
                known=f"{sleeper}, exit code {process.returncode}",
                advice="./inv doctor",
            )
    finally:
        process.kill()
        process.wait()


def clock_facts(guest_namespace: int | None) -> dict[str, Any]:
    """What the kernel says of its clock, and whether a guest's is the host's.

    guest_namespace: inode of the guest's time namespace, None where it did not tell.
    """
    own = Path("/proc/self/ns/time")
    source = Path("/sys/devices/system/clocksource/clocksource0/current_clocksource")
    offsets = Path("/proc/self/timens_offsets")
    return {
        "source": source.read_text().strip() if source.exists() else None,
        "offsets": offsets.read_text().split("\n")[:2] if offsets.exists() else [],
        "same_time_namespace": own.stat().st_ino == guest_namespace if own.exists() else True,
    }
