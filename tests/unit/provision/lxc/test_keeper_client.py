"""A keeper that is not there any more is an error that says so."""

from __future__ import annotations

from pathlib import Path

import pytest

from provision.errors import Problem
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
