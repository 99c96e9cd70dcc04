"""The way into an embedded guest, without one."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import IO, Any

import pytest

from provision.cache import cache_folder
from provision.errors import Problem
from provision.lxc import keeper
from provision.lxc.provider import Lxc, LxcGuest


class Door:
    """A connection that fails in that way when it is opened."""

    def __init__(self, failure: Exception | None) -> None:
        self.failure = failure

    def open(self) -> None:
        if self.failure:
            raise self.failure


@pytest.mark.parametrize("failure", [EOFError(), ConnectionResetError(104, "reset by peer")])
def test_a_door_that_is_slammed_is_tried_again(
    monkeypatch: pytest.MonkeyPatch, failure: Exception
) -> None:
    """A PID 1 that has just started takes sshd's folder away under it."""
    opened = Door(None)
    doors = iter([Door(failure), Door(failure), opened])
    with subprocess.Popen(["sleep", "9"]) as lives:
        guest = kept_by(lives)
        monkeypatch.setattr(guest, "_through_door", lambda: next(doors))
        monkeypatch.setattr(guest, "_close_door", lambda: None)
        assert guest.connect() is opened
        lives.kill()


def test_nobody_knocks_where_the_guest_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its pid may be another process's by then, and that one's namespaces a host's."""
    with subprocess.Popen(["true"]) as over:
        over.wait()
        guest = kept_by(over)
        monkeypatch.setattr(guest, "_through_door", lambda: pytest.fail("knocked"))
        with pytest.raises(Problem, match="The keeper of guest g is gone, and the guest with it"):
            guest.connect()


def kept_by(keeper: subprocess.Popen[bytes]) -> LxcGuest:
    guest = object.__new__(LxcGuest)
    guest.__dict__.update(name="g", _keeper=keeper)
    return guest


def test_two_threads_may_leave_a_guest_at_once() -> None:
    """Ctrl-C disconnects from a guest while the thread that works through it does."""
    guest = object.__new__(LxcGuest)
    guest._connection = None
    guest._door = subprocess.Popen(["sleep", "0.2"])
    with ThreadPoolExecutor(8) as pool:
        for done in [pool.submit(guest.disconnect) for _ in range(8)]:
            done.result()
    assert guest._door is None


class Onlooker:
    """Whoever destroys what is left, or begins a bench, asks for that at any moment."""

    def __init__(self, pool: ThreadPoolExecutor) -> None:
        self.asked: list[Future[list[str]]] = []
        self._pool = pool

    def look(self) -> None:
        """Ask now; who must wait for the answer gets it later."""
        self.asked.append(self._pool.submit(Lxc().leftovers))
        wait(self.asked, 0.2)

    def saw(self, guest: str) -> list[bool]:
        """For each time, whether that guest was taken for left."""
        return [guest in each.result() for each in self.asked]


@pytest.fixture
def onlooker(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Onlooker]:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with ThreadPoolExecutor(1) as pool:
        yield Onlooker(pool)


def test_a_guest_that_is_just_being_claimed_is_not_left(
    monkeypatch: pytest.MonkeyPatch, onlooker: Onlooker
) -> None:
    home = cache_folder() / "guests" / "begins-1"
    lock = fcntl.flock

    def lock_late(file: IO[str] | int, how: int) -> None:
        if home.exists() and not onlooker.asked:
            onlooker.look()
        lock(file, how)

    monkeypatch.setattr(fcntl, "flock", lock_late)
    with keeper.claim(home):
        assert onlooker.saw(home.name) == [False]
        assert Lxc().owned() == [home.name]
        with pytest.raises(FileExistsError):
            keeper.claim(home)
    assert Lxc().leftovers().count(home.name) == 1


def test_a_guest_that_is_just_being_removed_is_not_left(
    monkeypatch: pytest.MonkeyPatch, onlooker: Onlooker
) -> None:
    home = cache_folder() / "guests" / "ends-1"
    remove = shutil.rmtree

    def remove_slowly(folder: Path, **how: Any) -> None:
        if folder == home:
            (home / "lock").unlink()
        onlooker.look()
        remove(folder, **how)

    with keeper.claim(home):
        (home / "upper").mkdir()
        monkeypatch.setattr(shutil, "rmtree", remove_slowly)
        assert keeper.remove_traces(home) == []
        assert onlooker.saw(home.name) == [False, False]


def test_lxcs_lock_folder_is_there_whoever_removes_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Another guest's end takes it away between LXC's making it and its making a file in it."""
    monkeypatch.setattr(keeper, "LOCKS", tmp_path)
    touch, mkdir = Path.touch, Path.mkdir
    taken: list[str] = []

    def take(what: str, folder: Path) -> None:
        if what not in taken:
            taken.append(what)
            folder.rmdir()

    def mkdir_taken(path: Path, *words: Any, **how: Any) -> None:
        mkdir(path, *words, **how)
        take(f"mkdir {path.name}", path)

    def touch_taken(path: Path) -> None:
        take("touch", path.parent)
        touch(path)

    monkeypatch.setattr(Path, "mkdir", mkdir_taken)
    monkeypatch.setattr(Path, "touch", touch_taken)
    keeper.keep_lock_folder("g")
    assert "touch" in taken
    assert keeper.lock_of("g").exists()


def test_guests_of_systemd_stay_within_what_one_user_has() -> None:
    watches = int(Path("/proc/sys/fs/inotify/max_user_instances").read_text())
    assert 1 <= Lxc().max_parallel("systemd") <= max(1, watches // 5)
    assert Lxc().max_parallel("sysvinit") == Lxc.parallel


@pytest.mark.parametrize(
    ("user", "advice"), [(0, "Once nothing uses it"), (1000, "Run the same command with sudo.")]
)
def test_what_stays_is_not_said_to_be_removed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, user: int, advice: str
) -> None:
    """A control group which cannot be removed stands for all that a guest may leave."""
    (tmp_path / "lxc-stop").write_text("#!/bin/sh\n")
    (tmp_path / "lxc-stop").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(keeper, "CGROUPS", tmp_path / "groups")
    monkeypatch.setattr(keeper, "LOCKS", tmp_path / "locks")
    monkeypatch.setattr(keeper, "SETTLING", 0.1)
    monkeypatch.setattr(os, "geteuid", lambda: user)
    group = tmp_path / "groups" / "process-supervision.odd-1"
    (group / "cgroup.procs").mkdir(parents=True)
    (group / "cgroup.procs" / "held").touch()
    with pytest.raises(Problem) as told:
        Lxc().remove("odd-1")
    assert told.value.what == "Guest odd-1 is not removed."
    assert f"{group} is left." in told.value.known
    assert told.value.advice.startswith(advice)
