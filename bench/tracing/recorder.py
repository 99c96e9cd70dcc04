"""Recording of a trace by the tracer, which is a process of its own."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.tracing import tracer
from bench.tracing.parser import parse_trace
from bench.tracing.trace import Trace
from provision.errors import Problem

_TRACER = (sys.executable, "-I", "-S", tracer.__file__)


def why_untraceable() -> str:
    """Return why this host's kernel cannot be traced from here; empty where it can."""
    if not sys.platform.startswith("linux"):
        return "tracing needs Linux"
    if os.geteuid() != 0:
        return "tracing needs root"
    trial = _run_tracer("--try", json.dumps(traced_events(())))
    return trial.stderr.strip() if trial.returncode else ""


def remove_stale_instances() -> None:
    """Remove what killed tracers left in the kernel."""
    if os.geteuid() == 0 and sys.platform.startswith("linux"):
        _run_tracer("--sweep")


def _run_tracer(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*_TRACER, *arguments],
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )


def traced_events(supervision: Iterable[str]) -> dict[str, str]:
    """Return the events to trace, with their filters.

    supervision: name patterns of the processes whose wake-ups are traced.
    """
    wakeups = " || ".join(f'comm ~ "{name}"' for name in sorted(supervision))
    return {
        "signal/signal_generate": "sig == 9",
        "sched/sched_process_exit": 'comm ~ "testd*"',
        "sched/sched_process_fork": "",
        "sched/sched_process_exec": 'filename ~ "*/testd"',
        **({"sched/sched_waking": wakeups} if wakeups else {}),
    }


@dataclass
class TraceRecording:
    """A trace while it is recorded, and its file afterwards.

    instance: the trace's folder in tracefs, which root can reach. lost: how many events the kernel
    dropped; None until the recording has ended and is complete.
    """

    output: Path
    instance: Path
    lost: int | None = None

    @property
    def marker(self) -> Path:
        """The file whose lines the kernel stamps and adds to the trace."""
        return self.instance / "trace_marker"

    def read(self) -> Trace:
        """Parse the complete recording, and compress its text into OUTPUT.gz."""
        assert self.lost is not None
        with self.output.open(errors="replace") as lines:
            trace = parse_trace(lines)
        with self.output.open("rb") as text, gzip.open(f"{self.output}.gz", "wb", 3) as packed:
            shutil.copyfileobj(text, packed)
        self.output.unlink()
        trace.lost = self.lost
        return trace


@contextmanager
def record_trace(output: Path, events: Mapping[str, str]) -> Iterator[TraceRecording]:
    """Trace those events (see `traced_events`) during the block. Raises Problem."""
    process = subprocess.Popen(
        [*_TRACER, str(output), json.dumps(dict(events))],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdin and process.stdout and process.stderr
    answer = process.stdout.readline().split()
    if answer[:1] != ["ready"]:
        raise Problem(
            "The kernel cannot be traced here.",
            known=process.stderr.read().strip(),
            advice="Measure without --trace.",
        )
    recording = TraceRecording(output, Path(answer[1]))
    try:
        yield recording
    finally:
        process.stdin.close()
        answer = process.stdout.readline().split()
        process.wait()
        recording.lost = int(answer[1]) if answer[:1] == ["lost"] else None
    if recording.lost is None:
        raise Problem(
            "The trace stopped early and is incomplete.",
            known=f"{process.stderr.read().strip()}\nexit code {process.returncode}",
            advice="What was measured is kept, without the trace. Check the free space for "
            "results: --trace writes much.",
        )
