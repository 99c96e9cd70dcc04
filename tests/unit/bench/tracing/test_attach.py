"""Tracing beside a run, and whether it is possible."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import pytest

from bench.recording.store import Record
from bench.tracing import attach
from bench.tracing.recorder import TraceRecording
from provision.errors import Problem
from provision.provider import Provider
from tests.unit.bench.tracing.recorded_traces import RUNNER


def test_an_interrupted_run_keeps_its_trace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The trace of an earlier part stays, too."""
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "trace-1.txt").write_text("cut short")
    attached_files: list[str] = []
    monkeypatch.setattr(
        attach, "attach_trace", lambda *arguments: attached_files.append(arguments[2])
    )

    @contextmanager
    def record_trace(output: Path, events: object) -> Iterator[TraceRecording]:
        recording = TraceRecording(output, tmp_path)
        try:
            yield recording
        finally:
            output.write_text(RUNNER)
            recording.lost = 0

    monkeypatch.setattr(attach, "record_trace", record_trace)
    run: Any = {"contenders": []}
    record, notes = Record(tmp_path, run), list[str]()
    with pytest.raises(KeyboardInterrupt), attach.trace_run(record, [], notes.append):
        raise KeyboardInterrupt
    assert notes == ["reading the kernel's trace"]
    assert attached_files == ["logs/trace-2.txt.gz"]
    assert sorted(path.name for path in (tmp_path / "logs").iterdir()) == [
        "trace-1.txt", "trace-2.txt.gz"
    ]  # fmt: skip


def test_guests_with_their_own_kernels_cannot_be_traced() -> None:
    class Machines:
        name = "libvirt"
        shares_kernel = False

    with pytest.raises(Problem, match="guests of libvirt have their own kernels") as caught:
        attach.check_traceable(cast(Provider, Machines()))
    assert caught.value.usage
