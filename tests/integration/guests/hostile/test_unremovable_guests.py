"""A guest that does what it can to stay is removed all the same, and keeps no other one.

Each act is harmless: the kernel bounds it, or the guest's end undoes it.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.cli.commands import cleanup
from provision.cache import cache_folder
from provision.lxc.existing_guests import guest_folder, list_guests, remove_guest
from provision.lxc.guest import LxcGuest
from provision.lxc.programs import traces
from provision.lxc.provider import Lxc
from provision.provider import GuestState
from provision.systems import SYSTEMS
from tests.support.wait import eventually

# Python programs that run in the guest; they mount the control groups that the host has.
MOUNT = """
import os, subprocess
tops = []
for kind, option in (("cgroup", "freezer"), ("cgroup2", "rw")):
    top = "/run/" + kind
    os.mkdir(top)
    if subprocess.call(["mount", "-t", kind, "-o", option, "none", top]) == 0:
        tops.append(top)
"""
FREEZE = (
    MOUNT
    + """
for top in tops:
    inner = top + "/cold/inner"
    try:
        os.makedirs(inner)
        child = subprocess.Popen(["sleep", "1000"], stdin=-3, stdout=-3, stderr=-3)
        open(inner + "/cgroup.procs", "w").write(str(child.pid))
        if {pid_1}:
            open(inner + "/cgroup.procs", "w").write("1")
    except OSError as failure:
        print(top, failure)
        continue
    for group in (inner, top + "/cold"):
        for name, word in (("freezer.state", "FROZEN"), ("cgroup.freeze", "1")):
            if os.path.exists(group + "/" + name):
                open(group + "/" + name, "w").write(word)
                print("frozen", name, flush=True)
"""
)
NEST = """
import os
os.chdir({top!r})
for level in range({levels}):
    os.mkdir({name!r})
    os.chdir({name!r})
print("nested")
"""
ODD = r"""
import fcntl, os, struct
os.chdir("/var/tmp")
names = [b"-rf", b"new\nline", b"\xff\xfe", b"*", b" ", b"a" * 255, b"--", b"\x1b[2J"]
for name in names:
    os.mkdir(name)
    open(os.path.join(name, b"file"), "w").close()
    os.chmod(name, 0)
os.symlink("/", "root")
os.mkfifo("fifo")
for flag in (0x10, 0x20):  # immutable and append-only, by FS_IOC_SETFLAGS of linux/fs.h
    try:
        fcntl.ioctl(os.open(".", os.O_RDONLY), 0x40086602, struct.pack("l", flag))
        print("set")
    except OSError as failure:
        print("refused")
"""


def boot(name: str) -> LxcGuest:
    provider = Lxc()
    provider.prepare(SYSTEMS["debian"])
    return provider.up(f"{name}-{os.getpid()}", SYSTEMS["debian"])


@pytest.fixture
def guest() -> Iterator[LxcGuest]:
    made = boot("stubborn")
    try:
        yield made
    finally:
        with contextlib.suppress(Exception):
            made.destroy()
        if made.name in names():
            remove_guest(made.name)


def names() -> dict[str, GuestState]:
    return {guest.name: guest.state for guest in list_guests()}


def perform(guest: LxcGuest, program: str) -> str:
    return guest.run(f"python3 -c {shlex.quote(program)}", timeout=60).stdout


def freeze(guest: LxcGuest, *, pid_1: bool) -> None:
    if "frozen" not in perform(guest, FREEZE.format(pid_1=pid_1)):
        pytest.skip("this host lets a guest freeze nothing")


def check_removed(guest: LxcGuest) -> None:
    assert guest.name not in names()
    assert not guest_folder(guest.name).exists()
    assert not traces._cgroups(guest.name)


def destroy_by_keeper(guest: LxcGuest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Destroy the guest, and check that its keeper alone has removed all of it."""
    left_to_suite: list[str] = []
    monkeypatch.setattr("provision.lxc.guest.remove_guest", left_to_suite.append)
    guest.destroy()
    assert left_to_suite == []
    check_removed(guest)


def kill_keeper(guest: LxcGuest) -> None:
    pid = int((guest_folder(guest.name) / "lock").read_text())
    os.kill(pid, signal.SIGKILL)
    eventually(lambda: guest._keeper.has_ended(), "the end of the keeper")


@pytest.mark.parametrize("pid_1", [False, True])
@pytest.mark.probe("hostile")
def test_frozen_processes_do_not_keep_a_guest(
    guest: LxcGuest, pid_1: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    freeze(guest, pid_1=pid_1)
    destroy_by_keeper(guest, monkeypatch)


@pytest.mark.parametrize("top", ["/var/tmp", "/run"])
@pytest.mark.parametrize("name", ["n", "n" * 200])
@pytest.mark.probe("hostile")
def test_nested_folders_do_not_keep_a_guest(guest: LxcGuest, top: str, name: str) -> None:
    assert "nested" in perform(guest, NEST.format(top=top, name=name, levels=3000))
    guest.destroy()
    check_removed(guest)


@pytest.mark.probe("hostile")
def test_nested_control_groups_do_not_keep_a_guest(
    guest: LxcGuest, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = f"{MOUNT}\nprint(*tops)"
    for top in perform(guest, program).split():
        assert "nested" in perform(guest, NEST.format(top=top, name="n" * 20, levels=1500))
    destroy_by_keeper(guest, monkeypatch)


@pytest.mark.probe("hostile")
def test_odd_names_and_closed_folders_do_not_keep_a_guest(guest: LxcGuest) -> None:
    assert perform(guest, ODD).split() == ["refused", "refused"]
    guest.destroy()
    check_removed(guest)


@pytest.mark.probe("hostile")
def test_a_frozen_guest_without_keeper_is_found_and_removed(guest: LxcGuest) -> None:
    freeze(guest, pid_1=True)
    kill_keeper(guest)
    assert names()[guest.name] is GuestState.ORPHANED
    lines = list(cleanup.destroy_guests(cache=False))
    assert f"removed {guest.name}" in lines
    check_removed(guest)


@pytest.mark.probe("hostile")
def test_a_frozen_guest_whose_folder_is_gone_is_found_and_removed(guest: LxcGuest) -> None:
    freeze(guest, pid_1=True)
    kill_keeper(guest)
    subprocess.run(["rm", "-rf", str(guest_folder(guest.name))], check=True)
    assert names()[guest.name] is GuestState.ORPHANED
    lines = list(cleanup.destroy_guests(cache=False))
    assert f"removed {guest.name}" in lines
    check_removed(guest)


@pytest.mark.probe("hostile")
def test_one_bad_guest_does_not_keep_the_others(
    guest: LxcGuest, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = boot("ordinary")
    for made in (guest, other):
        kill_keeper(made)
    remove = traces.remove_traces

    def fail_for_one(home: Path) -> list[Path]:
        if home.name == guest.name:
            raise RecursionError("too deep")
        return remove(home)

    monkeypatch.setattr(traces, "remove_traces", fail_for_one)
    lines: list[str] = []
    with pytest.raises(Exception, match=f"Guest {guest.name} is not removed"):
        lines.extend(cleanup.destroy_guests(cache=False))
    monkeypatch.undo()
    check_removed(other)
    assert cache_folder().exists()
