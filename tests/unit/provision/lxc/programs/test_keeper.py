"""What an embedded guest's keeper reads and starts, and what it finds on the host."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from provision.lxc.programs import enter, keeper, traces


@pytest.fixture
def groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty tree in the place of the kernel's control groups."""
    monkeypatch.setattr(traces, "CGROUPS", tmp_path)
    return tmp_path


@pytest.fixture
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The name of a guest whose keeper lives: a process of that program with the guest's lock."""
    lock = tmp_path_factory.mktemp("cache") / "guests" / "kept-1" / "lock"
    lock.parent.mkdir(parents=True)
    lock.touch()
    words = ["-c", f"lock = open({str(lock)!r}); print(); input()", f"/anywhere/{traces.KEEPERS}"]
    with subprocess.Popen([sys.executable, *words], stdin=-1, stdout=-1) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield lock.parent.name
        process.kill()


def make_group(folder: Path, processes: str = "") -> Path:
    folder.mkdir(parents=True)
    (folder / "cgroup.procs").write_text(processes)
    return folder


def test_a_guest_without_keeper_is_orphaned(groups: Path, kept: str) -> None:
    for name in ("gone-1", "gone-2.monitor", "alive-1", f"{kept}.pivot", f"{kept}-1"):
        make_group(groups / f"process-supervision.{name}")
    make_group(groups / "process-supervision.alive-1" / "guest", "17\n")
    make_group(groups / "unified" / "process-supervision.gone-3")
    make_group(groups / "somebody-elses")
    assert traces.orphaned_names() == ["alive-1", "gone-1", "gone-2", "gone-3"]


def test_a_guest_of_another_container_is_not_orphaned(groups: Path) -> None:
    """The kernel shows 0 for a process that has no pid in the reader's namespace."""
    top = make_group(groups / "process-supervision.elsewhere-1")
    make_group(top / "guest", "0\n")
    assert traces.orphaned_names() == []


def test_a_guest_may_nest_control_groups_deeper_than_pythons_stack(groups: Path) -> None:
    top = make_group(groups / "process-supervision.deep-1")
    folder = os.open(top, os.O_RDONLY)
    for _ in range(3000):
        os.mkdir("inner", dir_fd=folder)
        inner = os.open("inner", os.O_RDONLY, dir_fd=folder)
        os.close(os.open("cgroup.procs", os.O_CREAT, dir_fd=inner))
        os.close(folder)
        folder = inner
    os.close(folder)
    try:
        assert traces.orphaned_names() == ["deep-1"]
        assert len(list(traces._walk_groups(top))) == 3001
    finally:
        traces.remove_tree(top)
    assert not top.exists()


def test_the_frozen_are_thawed_and_killed_at_every_depth(groups: Path) -> None:
    inner = groups / "process-supervision.cold-1" / "guest" / "inner"
    with subprocess.Popen(["sleep", "600"]) as process:
        make_group(inner, f"0\n{os.getpid()}\n{process.pid}\n")
        (inner / "freezer.state").write_text("FROZEN")
        (inner / "cgroup.freeze").write_text("1")
        traces.end_processes("cold-1")
        assert process.wait(10) == -signal.SIGKILL
    assert (inner / "freezer.state").read_text() == "THAWED"
    assert (inner / "cgroup.freeze").read_text()[:1] == "0"


def test_a_guest_whose_processes_are_unreadable_is_not_orphaned(groups: Path) -> None:
    (groups / "process-supervision.odd-1").mkdir()
    assert traces.orphaned_names() == []


def test_a_host_without_control_groups_has_no_orphans(groups: Path) -> None:
    groups.rmdir()
    assert traces.orphaned_names() == []


def test_a_name_does_not_stand_for_a_longer_one(groups: Path) -> None:
    """Names end with a pid: 17 does not stand for 170."""
    own = [make_group(groups / f"process-supervision.s6-17{end}") for end in ("", ".monitor", "-1")]
    make_group(groups / "process-supervision.s6-170")
    assert set(traces._cgroups("s6-17")) == set(own)


def test_lxcs_lock_is_made_also_where_another_guest_removes_its_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The end of another guest removes the empty folder before a file is made in it."""
    monkeypatch.setattr(traces, "LOCKS", tmp_path)
    touch, mkdir = Path.touch, Path.mkdir
    removals: list[str] = []

    def remove_once(when: str, folder: Path) -> None:
        if when not in removals:
            removals.append(when)
            folder.rmdir()

    def mkdir_then_remove(path: Path, *arguments: Any, **options: Any) -> None:
        mkdir(path, *arguments, **options)
        remove_once(f"after mkdir {path.name}", path)

    def remove_then_touch(path: Path) -> None:
        remove_once("before touch", path.parent)
        touch(path)

    monkeypatch.setattr(Path, "mkdir", mkdir_then_remove)
    monkeypatch.setattr(Path, "touch", remove_then_touch)
    traces.create_lxc_lock("g")
    assert "before touch" in removals
    assert traces.lxc_lock("g").exists()


def test_an_sshd_that_cannot_enter_the_guests_groups_fails_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A guest that has just ended has none: the keeper lives on, and says why it ended."""
    monkeypatch.setattr(enter, "prepare", lambda name: (tmp_path / name / "gone").stat())
    kept = keeper.Keeper(tmp_path, "g")
    with Path(os.devnull).open("w+b") as stream:
        assert kept.connect(stream.fileno()) == "failed"
    assert kept.disconnect() == "disconnected"


def test_lines_that_come_together_are_two_commands(monkeypatch: pytest.MonkeyPatch) -> None:
    """An owner that lost patience has sent a second one."""
    owner, keepers_end = socket.socketpair()
    with owner, keepers_end, keepers_end.makefile() as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        owner.sendall(b"state\ndisconnect\n")
        owner.shutdown(socket.SHUT_WR)
        assert list(keeper._read_lines(lambda: None)) == [("state", []), ("disconnect", [])]
