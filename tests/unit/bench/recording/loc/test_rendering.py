"""Rows of line counts as a table, and as JSON."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from bench.model.run_file import RecordedCount
from bench.recording.loc.counting import count_lines
from bench.recording.loc.rendering import loc_json, loc_table
from bench.recording.loc.rows import LocRow, VersionCount
from tests.unit.bench.recording.loc.conftest import no_notes


def test_table_and_json_show_every_row(folders: Path, tmp_path: Path) -> None:
    rows = count_lines([], tmp_path / "cache", no_notes)
    console = Console(width=200, file=io.StringIO(), record=True)
    console.print(loc_table(rows))
    text = console.export_text()
    assert "(-20.00 %)" in text
    assert "not counted: no checksum" in text
    (row,) = json.loads(loc_json(rows))
    assert row["article"]["lines"] == 4
    assert row["today"]["lack"]
    assert row["deviation"] == pytest.approx(-20)


@pytest.mark.parametrize("width", [120, 80, 60])
def test_no_figure_is_cut_or_broken(width: int) -> None:
    reason = "Debian's archive lists it, but answers 404 Not Found" * 3
    lacking = VersionCount(lack=reason)
    counted = VersionCount(version="252.39", lines=1_496_896)
    rows = [
        LocRow("daemontools", "0.76", 1_234_567, counted, lacking, "", "much is new"),
        LocRow("runit", "2.1.1", 3_450, lacking, counted, "", ""),
    ]
    console = Console(file=io.StringIO(), width=width, record=True)
    console.print(loc_table(rows))
    text = console.export_text()
    assert "…" not in text
    for figure in ("1234567", "1496896", "(+21.25 %)", "3450"):
        assert figure in text
    assert text.count("1496896") == 2


def test_what_cannot_be_counted_today_shows_the_recorded_count() -> None:
    row = LocRow("s6", "0.14", 3851, VersionCount(), VersionCount(lack="gone"), "", "")
    recorded: RecordedCount = {
        "version": "2.11", "lines": 12461, "repository": "https://example.org/x",
        "commit": "0" * 40, "cloc": "1.96", "date": "2026-11-29",
    }  # fmt: skip
    console = Console(file=io.StringIO(), width=160, record=True)
    console.print(loc_table([row], {"s6": [recorded]}))
    text = console.export_text()
    assert "12461" in text and "recorded of 2.11; not counted: gone" in text
