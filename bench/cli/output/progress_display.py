"""Shows a run while it goes on: a live table on a terminal, plain lines elsewhere."""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.console import Console
from rich.live import Live
from rich.table import Table

from bench.engine.guests.phase_timer import WAIT
from bench.engine.plan import Plan
from bench.model.events import RESTART, Event, is_kind
from bench.model.observation.latency import restart_latency
from bench.model.run_file import ContenderResult


@dataclass
class _Row:
    """One contender, as it is shown."""

    guests: int = 0
    trials: int = 0
    taken: int = 0
    phases: dict[int, str] = field(default_factory=dict)
    said: dict[int, str] = field(default_factory=dict)
    latencies: list[float] = field(default_factory=list)
    end: str = ""


class ProgressDisplay:
    """An observer that people look at, refreshed seldom: it must not disturb what it shows."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._rows: dict[str, _Row] = {}
        self._lock = threading.Lock()
        self._started = time.monotonic()
        self._expected = 0.0
        # When the first guest began: an image is built before that, or another run waited for.
        self._began: float | None = None

    @contextmanager
    def shown(self) -> Iterator[None]:
        """Keep the display up for the time of the block."""
        if not self._console.is_terminal:
            yield
            return
        with Live(
            get_renderable=self._table, console=self._console, refresh_per_second=2, transient=True
        ):
            yield

    def planned(self, plan: Plan, notes: Sequence[str]) -> None:
        ends = (plan.min_seconds_line(), plan.seconds_line())
        for line in filter(None, [*notes, *plan.lines(), *ends]):
            self._console.print(line, highlight=False, markup=False)
        self._expected = plan.seconds
        with self._lock:
            for job in plan.jobs:
                row = self._rows.setdefault(job.selected.name, _Row())
                row.guests += 1
                row.trials += job.trials

    def note(self, sentence: str) -> None:
        self._console.print(sentence, highlight=False, markup=False)

    def phase(self, contender: str, replica: int, phase: str) -> None:
        with self._lock:
            self._began = self._began or time.monotonic()
            row = self._rows[contender]
            row.phases[replica] = phase
            # Every guest waits several times, mostly for no time at all: as lines that is noise.
            if phase in (WAIT, row.said.get(replica)):
                return
            row.said[replica] = phase
        self._say(f"{contender} [{replica}] {phase}")

    def sample(self, contender: str, event: Event) -> None:
        if not is_kind(event, RESTART) or event["warmup"]:
            return
        latency = restart_latency(event)
        with self._lock:
            row = self._rows[contender]
            row.taken += 1
            if event["group"] == "long" and latency is not None:
                row.latencies.append(latency)

    def done(self, contender: str, result: ContenderResult) -> None:
        with self._lock:
            self._rows[contender].end = result["status"]
        reason = result["reason"].partition("\n")[0]
        self._say(f"{contender} {result['status']} {reason}")

    def _say(self, text: str) -> None:
        if not self._console.is_terminal:
            elapsed = time.monotonic() - self._started
            self._console.print(f"{elapsed:7.1f} s  {text}", highlight=False, markup=False)

    def _table(self) -> Table:
        elapsed = time.monotonic() - self._started
        with self._lock:
            taken = sum(row.taken for row in self._rows.values())
            trials = sum(row.trials for row in self._rows.values())
            table = Table(
                title=f"{taken} of {trials} trials, {elapsed:.0f} s, {self._time_left()}",
                title_justify="left",
                box=None,
                padding=(0, 2, 0, 0),
            )
            for heading in ("contender", "phase", "trials", "median"):
                table.add_column(heading, justify="right" if heading == "median" else "left")
            for name, row in self._rows.items():
                table.add_row(name, row.end or _common(row), _trials(row), _median(row))
        return table

    def _time_left(self) -> str:
        """Say what the plan leaves of its forecast; the caller holds the lock."""
        spent = time.monotonic() - self._began if self._began else 0.0
        left = self._expected - spent
        return f"about {left:.0f} s left" if left > 0 else f"{-left:.0f} s more than expected"


def _common(row: _Row) -> str:
    """The phase of most guests; how many they are, where they are several."""
    phases = [phase for phase in row.phases.values() if phase]
    if not phases:
        return "waiting"
    phase = statistics.mode(phases)
    return phase if row.guests == 1 else f"{phase} ({phases.count(phase)} of {row.guests})"


def _trials(row: _Row) -> str:
    return f"{row.taken}/{row.trials}" if row.trials else ""


def _median(row: _Row) -> str:
    return f"{statistics.median(row.latencies):.1f} ms" if row.latencies else ""
