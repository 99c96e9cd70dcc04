"""The connection to an embedded guest, without a guest."""

from __future__ import annotations

import socket
from types import SimpleNamespace

import pytest

from provision.errors import Problem
from provision.lxc.guest import LxcGuest
from provision.lxc.keeper_client import KeeperClient


class Connection:
    """A connection that fails in that way when it is opened."""

    def __init__(self, failure: Exception | None) -> None:
        self.failure = failure
        self.transport = SimpleNamespace(sock=socket.socket())

    def open(self) -> None:
        if self.failure:
            raise self.failure


class KeeperStandIn(KeeperClient):
    """The keeper of no guest, alive or not."""

    def __init__(self, *, ended: bool) -> None:
        self.ended = ended

    def has_ended(self) -> bool:
        return self.ended

    def command(self, command: str, stream: socket.socket | None = None) -> str:
        assert (command, stream) == ("state", None)
        return "running"

    def release(self) -> None:
        """End what runs in the guest."""
        self.ended = True

    def ended_error(self) -> Problem:
        return Problem("The keeper has ended.")


def guest_with(keeper: KeeperClient) -> LxcGuest:
    guest = object.__new__(LxcGuest)
    guest.__dict__.update(name="g", _keeper=keeper, _connection=None, _ssh_socket=None)
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
    assert guest.connect() is opened


def test_no_connection_is_tried_where_the_keeper_has_ended(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """PID 1's number may be another process's by then, in the host's namespaces."""
    guest = guest_with(KeeperStandIn(ended=True))
    monkeypatch.setattr(guest, "_open_ssh", lambda: pytest.fail("tried to connect"))
    with pytest.raises(Problem, match="The keeper has ended"):
        guest.connect()
