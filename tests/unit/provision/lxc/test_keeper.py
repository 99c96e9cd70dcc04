"""How a dead guest's control groups are told from a living one's."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from provision.lxc import keeper


@pytest.fixture
def groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A tree such as the kernel's, without any guest's groups."""
    monkeypatch.setattr(keeper, "CGROUPS", tmp_path)
    return tmp_path


@pytest.fixture
def kept() -> Iterator[str]:
    """The name of a guest that a process calls itself the keeper of."""
    words = ["-c", "input()", "/anywhere/keeper.py", "/some/cache", "kept-1"]
    with subprocess.Popen([sys.executable, *words], stdin=subprocess.PIPE) as process:
        yield words[-1]
        process.kill()


def made(folder: Path, processes: str = "") -> Path:
    folder.mkdir(parents=True)
    (folder / "cgroup.procs").write_text(processes)
    return folder


def test_a_guest_without_process_and_keeper_is_abandoned(groups: Path, kept: str) -> None:
    for name in ("gone-1", "gone-2.monitor", "alive-1", f"{kept}.pivot"):
        made(groups / f"process-supervision.{name}")
    made(groups / "process-supervision.alive-1" / "guest", "17\n")
    made(groups / "unified" / "process-supervision.gone-3")
    made(groups / "somebody-elses")
    assert keeper.abandoned() == ["gone-1", "gone-2", "gone-3"]


def test_whose_processes_cannot_be_told_is_not(groups: Path) -> None:
    (groups / "process-supervision.odd-1").mkdir()
    assert keeper.abandoned() == []


def test_a_host_without_control_groups(groups: Path) -> None:
    groups.rmdir()
    assert keeper.abandoned() == []


def test_a_name_is_not_another_that_begins_alike(groups: Path) -> None:
    """They end with a pid, and 17 is no part of 170."""
    own = [made(groups / f"process-supervision.s6-17{end}") for end in ("", ".monitor", "-1")]
    made(groups / "process-supervision.s6-170")
    assert set(keeper._cgroups("s6-17")) == set(own)
