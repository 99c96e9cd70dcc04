"""A guest's sshd is started by its keeper, and nothing of it stays once it is not needed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest

from provision.guests.files import File
from provision.lxc.guest import LxcGuest
from provision.lxc.provider import Lxc
from provision.systems import SYSTEMS
from tests.support.suite import eventually

# Processes of sshd in the guest, but not the shell and the grep that count them.
SSHDS = "grep -lx sshd /proc/[0-9]*/comm | wc -l"


@pytest.fixture
def guest() -> Iterator[LxcGuest]:
    made = Lxc().up(f"connection-{os.getpid()}", SYSTEMS["debian"])
    yield made
    made.destroy()


def is_zombie(process: psutil.Process) -> bool:
    return process.status() == psutil.STATUS_ZOMBIE


def attached(guest: LxcGuest) -> list[psutil.Process]:
    """The keeper's processes that lead into the guest."""
    children = psutil.Process(guest._keeper.pid).children()
    living = [child for child in children if not is_zombie(child)]
    return [child for child in living if child.cmdline()[:1] == ["lxc-attach"]]


def test_threads_may_disconnect_from_a_guest_at_once(guest: LxcGuest) -> None:
    """Ctrl-C disconnects from a guest in one thread while another works through it."""
    before = guest.run(SSHDS).stdout
    with ThreadPoolExecutor(8) as pool:
        for disconnected in [pool.submit(guest.disconnect) for _ in range(8)]:
            disconnected.result()
    assert attached(guest) == []
    assert guest.run(SSHDS).stdout == before
    assert len(attached(guest)) == 1


def test_a_connection_that_files_have_gone_through_is_closed(guest: LxcGuest) -> None:
    """Its end takes a thread of paramiko's, so that an error may come now and then."""
    for number in range(20):
        guest.write([File("/root/file", f"{number}\n")])
        guest.disconnect()
        assert guest.run("cat /root/file").stdout == f"{number}\n"


def test_an_sshd_that_is_killed_is_replaced(guest: LxcGuest) -> None:
    guest.run("true")
    (lost,) = attached(guest)
    lost.kill()
    eventually(lambda: is_zombie(lost), "its end")
    guest.disconnect()
    assert guest.run("echo again").stdout == "again\n"


def test_a_guest_takes_its_sshd_with_it(guest: LxcGuest) -> None:
    """One that is killed before it leaves a process in the guest to the reaper of the host."""
    guest.run("true")
    inside = attached(guest)[0].children(recursive=True)
    assert inside
    guest.destroy()
    assert not any(process.is_running() for process in inside)


def test_keepers_share_one_parent_that_goes_with_the_last_of_them(guest: LxcGuest) -> None:
    other = Lxc().up(f"connection-2-{os.getpid()}", SYSTEMS["debian"])
    parents = {psutil.Process(made._keeper.pid).parent() for made in (guest, other)}
    (parent,) = parents
    assert parent is not None
    assert parent.ppid() == os.getpid()
    other.destroy()
    assert parent.is_running()
    guest.destroy()
    eventually(lambda: not parent.is_running() or is_zombie(parent), "the end of their parent")
