"""Signals from outside to a guest's PID 1, as a container engine sends them."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator

import pytest

from provision.counters.pids import pid_inside
from provision.errors import Problem
from provision.guests.guest import Guest
from provision.lxc import guest as module
from provision.lxc.guest import LxcGuest
from provision.systems import SYSTEMS
from provision.vagrant.guest import VagrantGuest


@pytest.fixture
def process() -> Iterator[subprocess.Popen[bytes]]:
    """A process of the host that stands for PID 1."""
    with subprocess.Popen(["sleep", "600"]) as sleeper:
        yield sleeper
        sleeper.kill()


@pytest.fixture
def guest(process: subprocess.Popen[bytes]) -> Guest:
    made = LxcGuest.__new__(LxcGuest)
    made.name, made._pid = "g", process.pid
    return made


def test_its_pid_1_gets_the_signal(
    guest: Guest, process: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "guest_processes", lambda _: {process.pid})
    guest.signal_pid1(signal.SIGTERM)
    assert process.wait(20) == -signal.SIGTERM


def test_a_process_of_the_host_that_has_the_number_of_an_ended_pid_1_is_spared(
    guest: Guest, process: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "guest_processes", lambda _: set())
    assert guest.wait_for_pid1(0)
    guest.signal_pid1(signal.SIGKILL)
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(0.2)


def test_processes_are_looked_for_in_a_guest_and_nowhere_else(
    guest: Guest, process: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The number of its PID 1 may be that of a process of the host, as soon as it has ended."""
    looked_at: list[int] = []

    def find_group(pid: int) -> None:
        looked_at.append(pid)

    monkeypatch.setattr(module, "find_memory_group", find_group)
    inside = pid_inside(process.pid)
    assert inside is not None
    monkeypatch.setattr(module, "guest_processes", lambda _: set())
    assert guest.memory_group(inside) is None
    with guest.count_syscalls([inside]) as calls:
        pass
    assert (looked_at, calls.count) == ([], None)
    monkeypatch.setattr(module, "guest_processes", lambda _: {process.pid})
    guest.memory_group(inside)
    assert looked_at == [process.pid]


def test_a_guest_whose_pid_1_has_ended_has_no_memory_group(
    guest: Guest, process: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may end right after it was seen."""
    monkeypatch.setattr(module, "guest_processes", lambda _: {process.pid})
    process.kill()
    process.wait()
    assert guest.memory_group(1) is None


def test_a_pid_1_that_runs_has_told_no_exit_status(
    guest: Guest, process: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "guest_processes", lambda _: {process.pid})
    assert not guest.wait_for_pid1(0)
    with pytest.raises(Problem, match="it has told no exit status yet"):
        guest.pid1_status()


def test_a_virtual_machine_has_no_engine_outside() -> None:
    machine = VagrantGuest.__new__(VagrantGuest)
    machine.name, machine.system = "vm", SYSTEMS["debian"]
    with pytest.raises(Problem, match="Nothing outside guest vm") as refused:
        machine.signal_pid1(signal.SIGTERM)
    assert "--provider=lxc" in refused.value.advice
