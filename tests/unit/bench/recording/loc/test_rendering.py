"""Rows of line counts as a table, and as JSON."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from bench.recording.loc.counting import count_lines
from bench.recording.loc.rendering import loc_json, loc_table
from tests.unit.bench.recording.loc.conftest import no_notes


def test_table_and_json_show_every_row(folders: Path, tmp_path: Path) -> None:
    rows = count_lines([], tmp_path / "cache", no_notes)
    console = Console(width=200, file=io.StringIO(), record=True)
    console.print(loc_table(rows))
    text = console.export_text()
    assert "4 (-20.00 %)" in text
    assert "not counted: no checksum" in text
    (row,) = json.loads(loc_json(rows))
    assert row["article"]["lines"] == 4
    assert row["today"]["lack"]
    assert row["deviation"] == pytest.approx(-20)
