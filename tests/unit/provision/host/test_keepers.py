"""A guest's keeper is known by its lock, and nobody else is signalled in its place."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from provision.host.keepers import end_keeper, has_keeper, start_keeper
from tests.support.wait import eventually

# Holds the lock, with a pid in it, until its input ends or SIGTERM comes.
KEEPER = """
import fcntl, os, sys
home = os.path.join(sys.argv[1], "guests", sys.argv[2])
lock = open(os.path.join(home, "lock"), "w")
fcntl.flock(lock, fcntl.LOCK_EX)
lock.write(os.environ.get("PID", str(os.getpid())))
lock.flush()
print("ready", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "guests" / "g-1"
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def program(tmp_path: Path) -> Path:
    file = tmp_path / "keeper.py"
    file.write_text(KEEPER)
    return file


@pytest.fixture
def keeper(program: Path, home: Path) -> Iterator[subprocess.Popen[str]]:
    with running(program, home) as process:
        yield process
        process.kill()


def running(program: Path, home: Path, **environment: str) -> subprocess.Popen[str]:
    process = start_keeper(str(program), home, "destroy", environment=environment)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def test_a_keeper_runs_alone_in_a_session_of_its_own(keeper: subprocess.Popen[str]) -> None:
    command = psutil.Process(keeper.pid).cmdline()
    assert command[:3] == [sys.executable, "-I", "-S"]
    assert command[-2:] == ["g-1", "destroy"]
    assert os.getsid(keeper.pid) == keeper.pid


@pytest.mark.usefixtures("keeper")
def test_a_guest_has_a_keeper_while_its_lock_is_held(home: Path) -> None:
    assert has_keeper(home)
    assert end_keeper(home, 30)
    assert not has_keeper(home)


def test_a_guest_without_a_lock_has_no_keeper(home: Path) -> None:
    assert not has_keeper(home)
    assert end_keeper(home, 30)


def test_a_keeper_that_hangs_is_reported_and_can_be_killed(
    home: Path, keeper: subprocess.Popen[str]
) -> None:
    process = psutil.Process(keeper.pid)
    process.suspend()
    eventually(lambda: process.status() == psutil.STATUS_STOPPED, "a stopped keeper")
    assert not end_keeper(home, 0.1)
    assert end_keeper(home, 30, kill=True)


def test_a_process_that_is_not_the_guests_keeper_is_not_signalled(
    program: Path, home: Path
) -> None:
    with subprocess.Popen(["sleep", "60"]) as stranger:
        with running(program, home, PID=str(stranger.pid)) as keeper:
            assert not end_keeper(home, 0.1)
            keeper.kill()
        assert stranger.poll() is None
        stranger.kill()


def test_a_keeper_of_another_user_is_an_error(
    home: Path, keeper: subprocess.Popen[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(process: psutil.Process) -> None:
        raise psutil.AccessDenied(process.pid)

    monkeypatch.setattr(psutil.Process, "terminate", refuse)
    with pytest.raises(PermissionError):
        end_keeper(home, 30)
    assert keeper.poll() is None
