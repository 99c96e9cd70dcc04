"""A guest that takes what it can gets no more than its limits, and the host goes on.

The limits are lowered, so that each act stays small.
"""

from __future__ import annotations

import ctypes
import os
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from provision.lxc import limits
from provision.lxc.guest import LxcGuest
from provision.lxc.keeper import OOM_SCORE, inotify_limit
from provision.lxc.provider import Lxc
from provision.systems import SYSTEMS

CAP_SYS_RESOURCE = 24  # linux/capability.h
PROCESSES, MEMORY = 150, 256 << 20
# Programs that run in the guest.
FORK = """
import os, signal
children = []
try:
    while len(children) < 5000:
        pid = os.fork()
        if pid == 0:
            signal.pause()
        children.append(pid)
except OSError as failure:
    print("refused", len(children))
for pid in children:
    os.kill(pid, signal.SIGKILL)
"""
ALLOCATE = """
blocks = []
for _ in range(1024):
    blocks.append(bytearray(b"x" * (1 << 20)))
print("all of it")
"""
WATCH = """
import ctypes, subprocess
subprocess.call("mount -o remount,rw /proc/sys; mount -o remount,bind,rw /proc/sys;"
    " echo 100000 > /proc/sys/user/max_inotify_instances", shell=True)
libc = ctypes.CDLL(None)
count = 0
while count < 1000 and libc.inotify_init() >= 0:
    count += 1
print(count, flush=True)
input()
"""


@pytest.fixture
def guest(monkeypatch: pytest.MonkeyPatch) -> Iterator[LxcGuest]:
    monkeypatch.setattr(limits, "MOST_PROCESSES", PROCESSES)
    monkeypatch.setattr(limits, "memory_limit", lambda: MEMORY)
    provider = Lxc()
    provider.prepare(SYSTEMS["debian"])
    made = provider.up(f"greedy-{os.getpid()}", SYSTEMS["debian"])
    try:
        yield made
    finally:
        made.destroy()


def require_limit(guest: LxcGuest, limit: str) -> None:
    if limit not in guest.facts()["limits"]:
        pytest.skip(f"this host cannot limit {limit}")


def test_a_guest_forks_until_it_is_refused(guest: LxcGuest) -> None:
    require_limit(guest, "processes")
    word, count = guest.run(f"python3 -c {shlex.quote(FORK)}").stdout.split()
    assert word == "refused"
    assert 50 < int(count) < PROCESSES
    assert guest.run("echo alive").stdout == "alive\n"


def test_a_guest_allocates_until_its_process_is_killed(guest: LxcGuest) -> None:
    require_limit(guest, "memory")
    done = guest.run(f"python3 -c {shlex.quote(ALLOCATE)}", check=False)
    assert "all of it" not in done.stdout
    assert guest.run("echo alive").stdout == "alive\n"
    assert not guest.has_ended()


@pytest.mark.slow
def test_a_guest_leaves_the_host_inotify_instances(guest: LxcGuest) -> None:
    """Also where the guest's root raises the limit of its own namespace."""
    count = guest.run(f"sleep 1 | python3 -c {shlex.quote(WATCH)} & sleep 0.5").stdout
    assert 0 < int(count) <= inotify_limit("instances")
    guest.run(f"sleep 30 | python3 -c {shlex.quote(WATCH)} > /run/count 2>&1 &")
    guest.run("until [ -s /run/count ]; do sleep 0.05; done")
    instance = ctypes.CDLL(None).inotify_init()
    assert instance >= 0, "the host can still open one"
    os.close(instance)


def test_a_guest_dies_before_the_host(guest: LxcGuest) -> None:
    for process in ("1", "self"):
        assert guest.run(f"cat /proc/{process}/oom_score_adj").stdout == f"{OOM_SCORE}\n"


def test_a_guest_cannot_lower_its_oom_score(guest: LxcGuest) -> None:
    if not _has_capability(CAP_SYS_RESOURCE):
        pytest.skip("this host's root lacks CAP_SYS_RESOURCE, by which the kernel keeps a minimum")
    assert guest.run("echo 0 > /proc/1/oom_score_adj", check=False).code != 0


def _has_capability(number: int) -> bool:
    status = Path("/proc/self/status").read_text()
    (effective,) = re.findall(r"^CapEff:\s*(\w+)$", status, re.MULTILINE)
    return bool(int(effective, 16) >> number & 1)


def test_what_ssh_starts_is_within_the_limits(guest: LxcGuest) -> None:
    assert {"open_files", "inotify_instances", "inotify_watches"} <= set(guest.facts()["limits"])
    assert int(guest.run("ulimit -Hn").stdout) == limits.open_files_limit()
