"""What PID 1 prints is kept, and an error about its guest quotes the last of it."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from provision.errors import Problem
from provision.guests.files import File
from provision.lxc.guest import LxcGuest
from provision.lxc.provider import Lxc
from provision.sources.packages import Present
from provision.systems import SYSTEMS
from supervisors import supervisors
from tests.support.stand_ins.doubles import Double
from tests.support.suite import eventually

INIT = "/root/init"


@pytest.fixture(scope="module")
def booted() -> Iterator[LxcGuest]:
    guest = Lxc().up(f"console-{os.getpid()}", SYSTEMS["debian"])
    yield guest
    guest.destroy()


@pytest.fixture
def guest(booted: LxcGuest) -> LxcGuest:
    """A guest with the system's own init; what PID 1 printed before this does not count."""
    booted.reboot()
    return booted


def write_init(guest: LxcGuest, script: str, mode: int = 0o755) -> None:
    guest.write([File(INIT, f"#!/bin/sh\n{script}\n", mode)])


def hide_library(guest: LxcGuest) -> None:
    """Take a library away that /bin/mount needs."""
    guest.run("for file in /lib/*/libmount.so.1*; do mv -f $file /root/; done", check=False)


def reboot_and_connect(guest: LxcGuest, init: str = INIT) -> str:
    """Boot with that PID 1, which ends; returns the error."""
    with pytest.raises(Problem) as caught:
        guest.reboot(init)
        eventually(guest.has_ended, "the guest's end")
        guest.run("true")
    return str(caught.value)


def test_a_pid_1_that_ends_is_named_with_its_last_words(guest: LxcGuest) -> None:
    write_init(guest, r"printf 'no \033[31mconfigur\a\033[0mation\n'; sleep 1; exit 3")
    message = reboot_and_connect(guest)
    assert f"Guest {guest.name} has ended: its PID 1 has, {INIT}." in message
    assert "no configur␇ation" in message
    assert "lxc" not in message


def test_what_it_writes_to_the_console_is_quoted(guest: LxcGuest) -> None:
    write_init(guest, "exec >/dev/null 2>&1; echo by the console >/dev/console; sleep 1")
    assert "by the console" in reboot_and_connect(guest)


def test_a_guest_that_ends_amid_a_command_is_named(guest: LxcGuest) -> None:
    write_init(guest, "sleep 2; echo the disk is on fire")
    guest.reboot(INIT)
    with pytest.raises(Problem) as caught, guest.console_quoted():
        guest.run("sleep 60")
    assert "the disk is on fire" in str(caught.value)
    assert "has ended" in str(caught.value)


def test_a_command_after_the_guests_end_is_a_problem(guest: LxcGuest) -> None:
    """An error of the connection itself, such as a bad file descriptor, says nothing."""
    write_init(guest, "sleep 1")
    guest.reboot(INIT)
    guest.run("true")
    eventually(guest.has_ended, "the guest's end")
    with pytest.raises(Problem, match=f"guest {guest.name}"):
        guest.run("true")


def test_a_guest_that_ended_by_itself_starts_again(guest: LxcGuest) -> None:
    """The control group of the SSH session outlived it, and LXC refused its name."""
    write_init(guest, "sleep 1")
    guest.reboot(INIT)
    guest.run("true")
    eventually(guest.has_ended, "the guest's end")
    guest.reboot()
    assert guest.run("echo again").stdout == "again\n"


def test_a_program_that_may_not_be_executed_says_so(guest: LxcGuest) -> None:
    write_init(guest, "exit 0", mode=0o644)
    assert f'Permission denied - Failed to exec "{INIT}"' in reboot_and_connect(guest)


def test_a_missing_library_is_named(guest: LxcGuest) -> None:
    hide_library(guest)
    message = reboot_and_connect(guest, "/bin/mount")
    assert "error while loading shared libraries: libmount.so.1" in message


def test_a_version_that_is_unknown_for_want_of_a_library_names_it(guest: LxcGuest) -> None:
    """The version command itself need not show it: s6's asks the library for its name."""

    class Mount(Double):
        program_path = "/bin/mount"
        version_command = "/bin/mount --version 2>/dev/null"

    hide_library(guest)
    with pytest.raises(Problem) as caught:
        Mount("", pid1=False, reloads=False).version(guest, Present())
    assert "libmount.so.1 => not found" in str(caught.value)


def test_systemd_says_why_it_exits() -> None:
    """It writes to /dev/console, and to no other place."""
    system, systemd = SYSTEMS["debian"], supervisors()["systemd"]
    source = systemd.source(system)
    assert source is not None
    guest = Lxc().up(f"console-systemd-{os.getpid()}", system, systemd.installation(source))
    try:
        write_init(guest, "mount -t tmpfs -o ro tmpfs /run; exec /lib/systemd/systemd")
        message = reboot_and_connect(guest)
    finally:
        guest.destroy()
    assert "Exiting PID 1" in message


def test_a_flood_of_output_is_bounded(guest: LxcGuest) -> None:
    write_init(guest, "sh -c 'yes flood & sleep 3; kill $!'; echo end of flood; exec sleep 100")
    guest.reboot(INIT)
    eventually(lambda: guest.console().endswith("end of flood"), "the last line")
    assert len(guest.console()) <= 2 * (64 << 10) + 1000
    files = guest.upper.parent.glob("console*")
    assert sum(path.stat().st_size for path in files) <= 2 * (64 << 10) + 1000
