"""The connection to an embedded guest, without a guest."""

from __future__ import annotations

import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from provision.errors import Problem
from provision.lxc.guest import LxcGuest
from provision.lxc.keeper_client import KeeperClient


class Connection:
    """A connection that fails in that way when it is opened."""

    def __init__(self, failure: Exception | None) -> None:
        self.failure = failure

    def open(self) -> None:
        if self.failure:
            raise self.failure


class KeeperStandIn(KeeperClient):
    """The keeper of no guest, alive or not."""

    def __init__(self, *, ended: bool) -> None:
        self.ended = ended

    def has_ended(self) -> bool:
        return self.ended

    def command(self, command: str) -> str:
        assert command == "state"
        return "running"

    def release(self) -> None:
        """End what runs in the guest."""
        self.ended = True

    def ended_error(self) -> Problem:
        return Problem("The keeper has ended.")


def guest_with(keeper: KeeperClient) -> LxcGuest:
    guest = object.__new__(LxcGuest)
    guest.__dict__.update(name="g", _keeper=keeper)
    return guest


@pytest.mark.parametrize("failure", [EOFError(), ConnectionResetError(104, "reset by peer")])
def test_a_connection_that_breaks_while_it_opens_is_tried_again(
    monkeypatch: pytest.MonkeyPatch, failure: Exception
) -> None:
    """A PID 1 that has just started removes sshd's folder."""
    opened = Connection(None)
    connections = iter([Connection(failure), Connection(failure), opened])
    guest = guest_with(KeeperStandIn(ended=False))
    monkeypatch.setattr(guest, "_open_ssh", lambda: next(connections))
    monkeypatch.setattr(guest, "_close_ssh", lambda: None)
    assert guest.connect() is opened


def test_no_connection_is_tried_where_the_keeper_has_ended(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """PID 1's number may be another process's by then, in the host's namespaces."""
    guest = guest_with(KeeperStandIn(ended=True))
    monkeypatch.setattr(guest, "_open_ssh", lambda: pytest.fail("tried to connect"))
    with pytest.raises(Problem, match="The keeper has ended"):
        guest.connect()


def test_threads_may_disconnect_from_a_guest_at_once() -> None:
    """Ctrl-C disconnects from a guest in one thread while another works through it."""
    guest = object.__new__(LxcGuest)
    guest._connection = None
    guest._sshd = subprocess.Popen(["sleep", "0.2"])
    with ThreadPoolExecutor(8) as pool:
        for disconnected in [pool.submit(guest.disconnect) for _ in range(8)]:
            disconnected.result()
    assert guest._sshd is None


def test_a_guest_takes_its_sshd_with_it(tmp_path: Path) -> None:
    """One that is killed before it leaves a process in the guest to the reaper of the host."""

    class Keeper(KeeperStandIn):
        def release(self) -> None:
            assert guest._sshd is not None, "not waited for while the guest lives"
            assert guest._sshd.poll() is None, "not killed before its guest"
            guest._sshd.terminate()
            super().release()

    guest = guest_with(keeper := Keeper(ended=False))
    guest._connection = None
    guest._home = tmp_path / "gone"
    guest._sshd = subprocess.Popen(["sleep", "60"])
    guest.destroy()
    assert keeper.ended
    assert guest._sshd is None
