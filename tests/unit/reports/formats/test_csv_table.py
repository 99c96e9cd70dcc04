"""A run as CSV."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from bench.model.run_file import Run
from bench.recording.store import read_run
from reports.formats.csv_table import write_csv
from reports.model.metrics import SAME_PHASE
from tests.support.samples import sample_runs


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """A run in which a poller and an event-driven runner were killed soon after a start, too."""
    run = read_run(sample_runs.write_ordinary_run(tmp_path / "run"))
    for contender in run["contenders"]:
        if contender["supervisor"] in ("monit", "runit"):
            short = sample_runs.single_metric("restart_short", "ms", 654.0)
            contender["scenarios"]["restart"]["metrics"].append(short)
    return run


def csv_text(run: Run) -> str:
    stream = io.StringIO()
    write_csv(run, stream)
    return stream.getvalue()


def test_a_pollers_short_uptime_is_noted(run: Run) -> None:
    notes = {
        row["supervisor"]: row["note"]
        for row in csv.DictReader(io.StringIO(csv_text(run)))
        if row["metric"] == "restart_short"
    }
    assert notes == {"monit": SAME_PHASE, "runit": ""}


def test_a_metrics_own_note_stays(run: Run) -> None:
    for contender in run["contenders"]:
        contender["scenarios"]["restart"]["metrics"][-1]["note"] = "own words"
    text = csv_text(run)
    assert text.count("own words") == 5 and SAME_PHASE not in text
