"""A keeper that is not there any more is an error that says so."""

from __future__ import annotations

import errno
import os
import resource
import signal
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from provision.errors import Problem
from provision.lxc import keeper_server_client
from provision.lxc.keeper_client import KeeperClient
from provision.lxc.programs import keeper_server
from tests.support.keepers import use_keeper


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "guests" / "g"


def test_a_keeper_that_ends_before_it_answers_is_an_error(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, home: Path
) -> None:
    use_keeper(monkeypatch, tmp_path, "")
    with pytest.raises(Problem, match="The keeper of guest g has ended, and the guest with it"):
        KeeperClient(home)


def test_a_server_that_does_not_start_is_an_error(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, home: Path
) -> None:
    program = tmp_path / "server.py"
    program.write_text("raise SystemExit(1)\n")
    monkeypatch.setattr(keeper_server, "__file__", str(program))
    with pytest.raises(Problem, match="The keeper of guest g has ended, and the guest with it"):
        KeeperClient(home)


def test_a_keeper_that_ended_takes_no_command(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, home: Path
) -> None:
    use_keeper(monkeypatch, tmp_path, "commands.send(b'ready\\n')")
    keeper = KeeperClient(home)
    with pytest.raises(Problem, match="The keeper of guest g has ended"):
        keeper.command("state")
    keeper.release()
    assert keeper.has_ended()


def test_a_name_that_is_taken_is_an_error(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, home: Path
) -> None:
    use_keeper(monkeypatch, tmp_path, "commands.send(b'17\\n')")
    with pytest.raises(Problem, match="A guest named g is running"):
        KeeperClient(home)


def test_a_folder_that_cannot_be_made_is_the_systems_error(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, home: Path
) -> None:
    use_keeper(monkeypatch, tmp_path, "commands.send(b'28\\n')")
    with pytest.raises(OSError, match="No space left on device"):
        KeeperClient(home)


def test_a_server_that_hangs_is_replaced(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, home: Path
) -> None:
    """A stopped process takes no request; the guests that it has keepers for live on."""
    servers = use_keeper(monkeypatch, tmp_path, "commands.send(b'ready\\n'); commands.recv(1)")
    first = KeeperClient(home)
    monkeypatch.setattr(keeper_server_client, "_PATIENCE", 10)  # a new one is quicker
    (server,) = servers._running.values()
    os.kill(server._process.pid, signal.SIGSTOP)
    second = KeeperClient(home.with_name("h"))
    assert server._process.returncode == -signal.SIGKILL
    assert not first.has_ended()
    for keeper in (first, second):
        keeper.release()


def test_a_server_that_could_not_begin_is_tried_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, home: Path
) -> None:
    servers = use_keeper(monkeypatch, tmp_path, "commands.send(b'ready\\n'); commands.recv(1)")
    KeeperClient(home).release()
    (server,) = servers._running.values()
    server._process.kill()
    server._process.wait()
    with monkeypatch.context() as patched:
        patched.setattr(subprocess, "Popen", refuse)
        with pytest.raises(BlockingIOError):
            KeeperClient(home)
    KeeperClient(home).release()


def refuse(*_: object, **__: object) -> None:
    raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))


def test_guests_keep_the_limit_of_open_files_that_the_suite_began_with(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, home: Path
) -> None:
    """The suite opens four files for each guest: of 320 guests, more than a usual limit."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, before[1]))
    try:
        servers = use_keeper(monkeypatch, tmp_path, "commands.send(b'ready\\n'); commands.recv(1)")
        keeper = KeeperClient(home)
        (server,) = servers._running.values()
        assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] == min(4096, before[1])
        words = Path(f"/proc/{server._process.pid}/cmdline").read_text().split("\0")
        assert words[-2] == "256"
        keeper.release()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_two_threads_may_release_a_keeper_at_once(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, home: Path
) -> None:
    use_keeper(monkeypatch, tmp_path, "commands.send(b'ready\\n'); commands.recv(1)")
    keeper = KeeperClient(home)
    with ThreadPoolExecutor(4) as pool:
        for released in [pool.submit(keeper.release) for _ in range(4)]:
            released.result()
    assert keeper.has_ended()
