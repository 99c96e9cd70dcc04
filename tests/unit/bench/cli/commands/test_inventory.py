"""The tables of ./inv list at any width: nothing is cut off."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from bench.cli.commands.inventory import inventory_tables
from provision.systems import SYSTEMS
from supervisors import supervisors


def listed(width: int) -> str:
    console = Console(file=io.StringIO(), width=width, record=True)
    for table in inventory_tables(width):
        console.print(table)
    return console.export_text()


@pytest.fixture(autouse=True)
def _apt_without_lists(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Let apt know every package, in a version as long as they get."""
    tool = tmp_path / "apt-cache"
    tool.write_text(
        "#!/bin/sh\nshift\nfor name; do\n"
        'echo " $name | 252.39-1~deb12u1+dfsg | http://m bookworm/main amd64 Packages"\ndone\n'
    )
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.mark.parametrize("width", [140, 120, 80, 60])
def test_nothing_is_cut_off(width: int) -> None:
    text = listed(width)
    assert "…" not in text
    assert max(map(len, text.splitlines())) <= width


@pytest.mark.parametrize("width", [140, 80, 60])
def test_names_and_versions_are_in_one_piece(width: int) -> None:
    text = listed(width)
    for name in (*supervisors(), *SYSTEMS):
        assert f" {name} " in text
    assert text.count(" 252.39 ") + text.count(" 252.39\n") >= 10
