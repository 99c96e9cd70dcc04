"""What a hostile program in a guest can reach of its host, by the entries that the suite opens.

Each act is harmless and is known to work where nothing contains it.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import platform
import pty
import shlex
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from provision.lxc.guest import LxcGuest
from provision.lxc.provider import Lxc
from provision.systems import SYSTEMS
from tests.support.wait import eventually

SECRET = "a-secret-of-the-caller"
TYPED = "touch-me"
# Pushes a line into the input of the terminal that it has got, as if a person had typed it.
INJECT = f"""
import fcntl, sys, termios
for character in "{TYPED}\\n":
    try:
        fcntl.ioctl(0, termios.TIOCSTI, character.encode())
    except OSError as failure:
        print("refused", failure)
        break
print("ended", flush=True)
"""
KEYCTL = {"x86_64": 250, "aarch64": 219}
ADD_KEY = {"x86_64": 248, "aarch64": 217}
SESSION_KEYRING = -3


@pytest.fixture(scope="module")
def guest() -> Iterator[LxcGuest]:
    provider = Lxc()
    provider.prepare(SYSTEMS["debian"])
    made = provider.up(f"hostile-{os.getpid()}", SYSTEMS["debian"])
    try:
        yield made
    finally:
        made.destroy()


def in_terminal(command: list[str]) -> tuple[str, bytes]:
    """Run a command with a terminal of its own, as a person's shell does.

    Returns what the terminal shows, and what is in its input afterwards, for the caller's shell.
    """
    master, slave = pty.openpty()
    process = subprocess.Popen(
        ["setsid", "--ctty", "--wait", *command], stdin=slave, stdout=slave, stderr=slave
    )
    shown = bytearray()

    def read() -> None:
        with contextlib.suppress(OSError):
            while True:
                shown.extend(os.read(master, 4096))

    threading.Thread(target=read, daemon=True).start()
    process.wait(60)
    eventually(lambda: b"ended" in shown, "the program in the guest has ended")
    os.set_blocking(slave, False)
    try:
        rest = os.read(slave, 4096)
    except BlockingIOError:
        rest = b""
    os.close(slave)
    return shown.decode(errors="replace"), rest


def test_the_injection_works_where_nothing_contains_it(guest: LxcGuest) -> None:
    """Without this the next tests would show nothing; newer kernels can switch it off."""
    setting = Path("/proc/sys/dev/tty/legacy_tiocsti")
    allowed = not setting.exists() or setting.read_text().strip() == "1"
    entry = ["nsenter", "-t", str(guest._pid), "-a", "--"]
    shown, rest = in_terminal([*entry, "python3", "-c", INJECT])
    assert ("refused" in shown) != allowed
    assert (TYPED.encode() in rest) == allowed


@pytest.mark.probe("hostile")
def test_a_guest_puts_nothing_into_the_callers_terminal(guest: LxcGuest) -> None:
    shown, rest = in_terminal(guest._enter("python3", "-c", INJECT))
    assert "ended" in shown
    assert TYPED.encode() not in rest


def test_the_printed_command_gives_a_terminal_of_the_guests_own() -> None:
    provider = Lxc()
    guest = provider.up(f"hostile-kept-{os.getpid()}", SYSTEMS["debian"])
    try:
        command = shlex.split(guest.keep())
        assert command[-2:] == ["/bin/bash", "-l"]
        shown, rest = in_terminal([*command[:-2], "python3", "-c", INJECT])
        assert "ended" in shown
        assert TYPED.encode() not in rest
    finally:
        provider.remove(guest.name)


@pytest.mark.probe("hostile")
def test_a_guest_sees_nothing_of_the_callers_environment(
    guest: LxcGuest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SUITE_SECRET", SECRET)
    guest.disconnect()
    words = subprocess.run(
        guest._enter("/usr/bin/env"), capture_output=True, text=True, check=True
    ).stdout.splitlines()
    assert {word.split("=")[0] for word in words} <= {"PATH", "container", "PWD", "SHLVL", "_"}
    everywhere = "cat /proc/[0-9]*/environ 2>/dev/null | tr '\\0' '\\n'"
    assert SECRET not in guest.run(everywhere, check=False).stdout


@pytest.mark.probe("hostile")
def test_a_guest_gets_no_file_and_no_folder_of_the_caller(guest: LxcGuest, tmp_path: Path) -> None:
    private = tmp_path / "private"
    private.write_text(SECRET)
    with private.open() as file:
        os.set_inheritable(file.fileno(), True)
        listing = subprocess.run(
            guest._enter("/bin/sh", "-c", "ls -l /proc/self/fd; pwd"),
            capture_output=True, text=True, check=True, close_fds=False, cwd=tmp_path,
        ).stdout  # fmt: skip
    assert str(tmp_path) not in listing
    assert listing.splitlines()[-1] == "/"
    own = {"0", "1", "2", "3"}  # the standard streams, and the folder that ls reads
    assert {line.split()[-3] for line in listing.splitlines()[1:-1]} <= own


@pytest.mark.skipif(platform.machine() not in KEYCTL, reason="no number of add_key(2) here")
@pytest.mark.probe("hostile")
def test_a_guest_gets_no_key_of_the_caller(guest: LxcGuest) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    machine = platform.machine()
    libc.syscall(KEYCTL[machine], 1, None)  # a session key ring of this test's own
    words = (b"user", b"suite-secret", SECRET.encode())
    key = libc.syscall(ADD_KEY[machine], *words, len(SECRET), SESSION_KEYRING)
    assert key > 0, os.strerror(ctypes.get_errno())
    assert "suite-secret" in Path("/proc/keys").read_text()
    keys = subprocess.run(
        guest._enter("/bin/cat", "/proc/keys"), capture_output=True, text=True, check=True
    ).stdout
    assert "suite-secret" not in keys


@pytest.mark.probe("hostile")
def test_what_ssh_starts_is_in_the_guests_groups_and_under_its_filter(guest: LxcGuest) -> None:
    groups = guest.run("cat /proc/self/cgroup").stdout.splitlines()
    assert groups
    assert {line.split(":", 2)[2] for line in groups} == {"/../ssh"}
    filters = "grep -h ^Seccomp /proc/1/status /proc/self/status | sort | uniq -c"
    counts = {line.split()[0] for line in guest.run(filters).stdout.splitlines()}
    assert counts == {"2"}, "PID 1 and what SSH starts have the same filters"
