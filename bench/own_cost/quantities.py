"""One turn of one revision: how long its commands take, and how much memory they need."""

from __future__ import annotations

import json
import os
import shlex
import statistics
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from bench.engine import lock
from bench.recording import results_folder

PROBE = Path(__file__).with_name("first_commands.py")
# Seconds between two looks at the memory of the host.
LOOK_SECONDS = 0.25
# How often a command of about a second is run in each turn.
REPEATS = 5
# Fields of the table, in its order.
WALL, MEMORY, LIST, REPORT = "seconds", "MiB at the peak", "list: seconds", "report: seconds"
FIRST, LAST = "first guest: seconds to its first command", "guest {}: seconds to its first command"


@dataclass
class RevisionMeasurements:
    """What one turn measured of one revision. missing: why a quantity has no value.

    medians: by contender, the median and the bounds of its interval of ranked restarts in ms.
    """

    values: dict[str, float] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)
    medians: dict[str, tuple[float, float, float]] = field(default_factory=dict)


def own_lock() -> str:
    """Return the name of the lock of the commands that this process measures."""
    return f"bench-self-{os.getpid()}"


def measure_revision(folder: Path, command: str, guests: int) -> RevisionMeasurements:
    """Measure every quantity of that checkout once."""
    measured = RevisionMeasurements()
    with _memory_peak() as peak:
        time_command(measured, WALL, folder, command)
    if WALL in measured.values:
        measured.values[MEMORY] = round(peak[0] / 2**20, 1)
        measured.medians = _medians(_latest_run(folder))
    for name, words in ((LIST, "list"), (REPORT, "report")):
        for _ in range(REPEATS):
            time_command(measured, name, folder, words)
    if guests:
        _time_first_commands(measured, folder, guests)
    return measured


def time_command(measured: RevisionMeasurements, name: str, folder: Path, command: str) -> None:
    """Run a command of ./inv; keep its shortest time of this turn, in seconds.

    Noise of the host only adds to the time of the same work. Runs stay in that checkout's results/,
    where those of the other one are not. The caller holds this host's lock, so that the command has
    a lock of its own.
    """
    environment = {**os.environ, lock.VARIABLE: own_lock()}
    environment.pop(results_folder.VARIABLE, None)
    begun = time.monotonic()
    done = subprocess.run(
        ["./inv", *shlex.split(command)],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    seconds = time.monotonic() - begun
    # 1: some contender failed, which its comparison of medians shows.
    if done.returncode not in (0, 1):
        measured.missing[name] = f"./inv {command}: exit code {done.returncode}, {_last_line(done)}"
        return
    measured.values[name] = min(seconds, measured.values.get(name, seconds))


def _time_first_commands(measured: RevisionMeasurements, folder: Path, guests: int) -> None:
    """Boot so many guests, one after the other; they all stay until the last one answers."""
    done = subprocess.run(
        [folder / ".venv/bin/python", PROBE, str(guests)],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    last = LAST.format(guests)
    if done.returncode:
        measured.missing |= dict.fromkeys((FIRST, last), _last_line(done))
        return
    seconds = json.loads(done.stdout.splitlines()[-1])
    few = max(1, guests // 10)
    measured.values[FIRST] = statistics.median(seconds[:few])
    measured.values[last] = statistics.median(seconds[-few:])


def _last_line(done: subprocess.CompletedProcess[str]) -> str:
    lines = (done.stderr.strip() or done.stdout.strip()).splitlines()
    return lines[-1][:200] if lines else "it printed nothing"


@contextmanager
def _memory_peak() -> Iterator[list[int]]:
    """Watch the host's memory; the only item becomes the most that was used, in bytes.

    It is what the whole host uses beyond what it used before: the suite, all guests, and the kernel
    for them; what other programs take meanwhile counts, too.
    """
    before = psutil.virtual_memory().available
    peak, ended = [0], threading.Event()

    def watch() -> None:
        while not ended.wait(LOOK_SECONDS):
            peak[0] = max(peak[0], before - psutil.virtual_memory().available)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield peak
    finally:
        ended.set()
        watcher.join()


def _latest_run(folder: Path) -> Mapping[str, Any]:
    path = folder / "results" / "latest" / "run.json"
    run: Mapping[str, Any] = json.loads(path.read_text()) if path.exists() else {}
    return run


def _medians(run: Mapping[str, Any]) -> dict[str, tuple[float, float, float]]:
    """Return the medians of ranked restarts, as far as that revision's run.json has them."""
    medians = {}
    for contender in run.get("contenders", []):
        for metric in contender.get("scenarios", {}).get("restart", {}).get("metrics", []):
            numbers = tuple(metric.get(key) for key in ("median", "ci_low", "ci_high"))
            if metric.get("metric") == "restart_long" and None not in numbers:
                medians[contender["name"]] = numbers
    return medians
