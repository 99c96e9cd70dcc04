"""A run's folder, and guests that are set up at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.engine.guests import measurement
from bench.engine.guests.session import GuestSession
from bench.recording.store import Record
from tests.support.samples.sample_runs import run as sample_run
from tests.unit.bench.engine.fakes import set_up_fake


@pytest.fixture
def record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Record:
    """A new run, for sessions whose guests are fakes."""
    monkeypatch.setattr(GuestSession, "set_up", set_up_fake)
    monkeypatch.setattr(GuestSession, "establish", lambda *_: [])
    monkeypatch.setattr(measurement, "payload_files", lambda machine: [])
    header = {key: value for key, value in sample_run().items() if key not in ("schema", "id")}
    return Record.create("x", header, tmp_path)
