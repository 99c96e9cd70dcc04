"""What the base class makes of a supervisor's facts: commands, and the stop of all services."""

from __future__ import annotations

from typing import cast

import pytest

from provision.guests.guest import Guest
from supervisors import base, supervisors
from supervisors.base import Supervisor
from supervisors.contender import Contender
from supervisors.service import services_of


class ListingGuest:
    """Lists the commands that it is to run."""

    def __init__(self) -> None:
        self.commands: list[str] = []
        self.seconds: list[float] = []

    def run(self, command: str, *, timeout: float = 120) -> None:
        self.commands.append(command)
        self.seconds.append(timeout)

    def write(self, files: object) -> None: ...


def stopped(
    monkeypatch: pytest.MonkeyPatch, supervisor: Supervisor, contender: Contender
) -> list[str]:
    """Return what the stop of a supervisor does, in its order."""
    guest = ListingGuest()
    monkeypatch.setattr(base, "stop_hosted", lambda _: guest.commands.append("stop hosted"))
    supervisor.stop(cast(Guest, guest), contender)
    return guest.commands


def contender_of(name: str, *, pid1: bool = False) -> tuple[Supervisor, Contender]:
    supervisor = supervisors()[name]
    return supervisor, next(
        contender for contender in supervisor.contenders if contender.pid1 is pid1
    )


@pytest.mark.parametrize(
    "name",
    [
        *("circus", "daemon", "forever", "god", "monit"),
        *("pm2", "podman", "procserv", "supervisord", "zdaemon"),
    ],
)
def test_services_are_stopped_before_a_supervisor_that_would_leave_them(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    supervisor, contender = contender_of(name)
    expected = [supervisor.stop_all_command, "stop hosted"]
    assert all(expected)
    assert stopped(monkeypatch, supervisor, contender) == expected


def test_a_supervisor_that_ends_its_services_is_stopped_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert stopped(monkeypatch, *contender_of("daemontools")) == ["stop hosted"]


def test_pid1_ends_with_its_guest(monkeypatch: pytest.MonkeyPatch) -> None:
    assert stopped(monkeypatch, *contender_of("runit", pid1=True)) == []


@pytest.mark.parametrize(
    ("name", "command"),
    [
        ("daemon", "cat /var/log/s1.log"),
        ("finit", "cat /var/log/s1.log*"),
        ("podman", "podman logs s1 2>&1"),
        ("supervisord", "cat /var/log/supervisor/s1-stdout*"),
        ("runit", "find /var/log/s1 -name current -o -name '@*' | xargs cat"),
        ("sysvinit", None),
    ],
)
def test_what_prints_a_services_output(name: str, command: str | None) -> None:
    supervisor = supervisors()[name]
    contender = supervisor.contenders[0]
    assert supervisor.output_command(contender, services_of(contender, 1)[0]) == command


@pytest.mark.parametrize(
    ("name", "parent"), [("forever", "node"), ("podman", "conmon"), ("procserv", "procServ")]
)
def test_where_a_client_forks_it_the_parent_of_a_service_supervises(name: str, parent: str) -> None:
    supervisor, contender = contender_of(name)
    assert supervisor.supervising_processes(contender) == (parent,)


def test_many_services_may_take_long_but_not_for_ever() -> None:
    """PM2 starts a Node.js for each: 30 of 100 took two minutes on a busy host."""
    supervisor, contender = contender_of("pm2")
    seconds = []
    for count in (1, 100, 2000):
        guest = ListingGuest()
        supervisor.update_services(cast(Guest, guest), contender, services_of(contender, count))
        seconds.append(guest.seconds[-1])
    assert seconds[0] < 200 < 600 < seconds[1] <= seconds[2] < 3600
