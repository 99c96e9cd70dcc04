"""Which processes belong to the guest, by made-up process tables."""

from __future__ import annotations

import os

import pytest

from daemon.measure import proc

OWN = os.getpid()


def stat(pid: int, parent: int, name: str) -> proc.Stat:
    return proc.Stat(pid, name, ["S", str(parent), *["0"] * 18])


def table(*rows: tuple[int, int, str]) -> dict[int, proc.Stat]:
    return {pid: stat(pid, parent, name) for pid, parent, name in rows}


# Pids that no test process has.
INIT, DAEMON, SSHD, SESSION, SHELL, DROPPED = 1, -2, -3, -4, -5, -6


@pytest.mark.parametrize("session", ["sshd", "sshd-session"])
def test_a_dropped_connection_of_a_machine_is_no_part_of_the_guest(session: str) -> None:
    stats = table(
        (INIT, 0, "floor"),
        (DAEMON, INIT, "testd"),
        (SSHD, INIT, "sshd"),
        (SESSION, SSHD, session),
        (SHELL, SESSION, "sh"),
        (OWN, SHELL, "python3"),
        (DROPPED, SSHD, session),
    )
    assert set(stats) - proc.pids_outside_guest(stats) == {INIT, DAEMON}


def test_a_session_of_an_embedded_guest_has_no_parent_there() -> None:
    stats = table(
        (INIT, 0, "floor"),
        (DAEMON, INIT, "testd"),
        (SHELL, 0, "sh"),
        (OWN, SHELL, "python3"),
        (DROPPED, 0, "sh"),
    )
    assert set(stats) - proc.pids_outside_guest(stats) == {INIT, DAEMON}


def test_an_sshd_that_is_not_ours_is_part_of_the_guest() -> None:
    """An image whose supervisor keeps an sshd: it is one process too many, and shown."""
    stats = table((INIT, 0, "init"), (SSHD, INIT, "sshd"), (SHELL, 0, "sh"), (OWN, SHELL, "python"))
    assert set(stats) - proc.pids_outside_guest(stats) == {INIT, SSHD}
