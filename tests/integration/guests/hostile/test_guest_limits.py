"""A guest that takes what it can gets no more than its limits, and the host goes on.

The limits are lowered, so that each act stays small.
"""

from __future__ import annotations

import ctypes
import os
import re
import shlex
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from provision.errors import Problem
from provision.guests.limit_class import LimitClass
from provision.lxc import limits
from provision.lxc.guest import LxcGuest
from provision.lxc.programs import traces
from provision.lxc.programs.keeper import OOM_SCORE, inotify_limit
from provision.lxc.provider import Lxc
from provision.systems import SYSTEMS

CAP_SYS_RESOURCE = 24  # linux/capability.h
PROCESSES, MEMORY, DISK, FILES = 150, 256 << 20, 96 << 20, 20_000
SMALL = LimitClass("small", PROCESSES, 0.01, DISK, FILES)
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
    monkeypatch.setattr(limits, "memory_limit", lambda limit_class: MEMORY)
    provider = Lxc()
    provider.prepare(SYSTEMS["debian"])
    # So little that another load on the host cannot hide it.
    monkeypatch.setattr(limits, "CPU_PERCENT", 5)
    made = provider.up(f"greedy-{os.getpid()}", SYSTEMS["debian"], limit_class=SMALL)
    try:
        yield made
    finally:
        made.destroy()


def require_limit(guest: LxcGuest, limit: str) -> None:
    if limit not in guest.facts()["limits"]:
        pytest.skip(f"this host cannot limit {limit}")


@pytest.mark.probe("hostile")
def test_a_guest_forks_until_it_is_refused(guest: LxcGuest) -> None:
    require_limit(guest, "processes")
    word, count = guest.run(f"python3 -c {shlex.quote(FORK)}").stdout.split()
    assert word == "refused"
    assert 50 < int(count) < PROCESSES
    assert guest.run("echo alive").stdout == "alive\n"


@pytest.mark.probe("hostile")
def test_a_guest_allocates_until_its_process_is_killed(guest: LxcGuest) -> None:
    require_limit(guest, "memory")
    done = guest.run(f"python3 -c {shlex.quote(ALLOCATE)}", check=False)
    assert "all of it" not in done.stdout
    assert guest.run("echo alive").stdout == "alive\n"
    assert not guest.has_ended()


@pytest.mark.slow
@pytest.mark.probe("hostile")
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


@pytest.mark.probe("hostile")
def test_a_guest_cannot_lower_its_oom_score(guest: LxcGuest) -> None:
    if not _has_capability(CAP_SYS_RESOURCE):
        pytest.skip("this host's root lacks CAP_SYS_RESOURCE, by which the kernel keeps a minimum")
    assert guest.run("echo 0 > /proc/1/oom_score_adj", check=False).code != 0


def _has_capability(number: int) -> bool:
    status = Path("/proc/self/status").read_text()
    (effective,) = re.findall(r"^CapEff:\s*(\w+)$", status, re.MULTILINE)
    return bool(int(effective, 16) >> number & 1)


# Each takes more than its limit of the disk, and stays alive with it.
WRITERS = {
    "one file": ("fallocate -l 200M /root/big; sleep 600", "of disk; its limit is 96 MiB"),
    "a file without a name": (
        "exec 3> /root/gone; rm /root/gone; fallocate -l 200M /proc/self/fd/3; sleep 600",
        "of disk; its limit is 96 MiB",
    ),
    "many files": (
        "mkdir /root/many; cd /root/many; seq 30000 | xargs touch; sleep 600",
        "files; its limit is 20000",
    ),
}


@pytest.mark.parametrize(
    "way",
    [pytest.param(way, marks=[pytest.mark.slow] if way == "many files" else []) for way in WRITERS],
)
@pytest.mark.probe("hostile")
def test_a_guest_that_fills_the_disk_is_ended_and_says_why(guest: LxcGuest, way: str) -> None:
    command, reason = WRITERS[way]
    assert {"disk", "files"} <= set(guest.facts()["limits"])
    with pytest.raises(Problem):
        guest.run(command, timeout=300)
    assert reason in guest.why_ended()
    with pytest.raises(Problem, match="was ended: it "):
        guest.has_ended()


def test_a_guest_within_its_limits_goes_on(guest: LxcGuest) -> None:
    guest.run("fallocate -l 70M /root/big; sleep 2.5; rm /root/big; fallocate -l 70M /root/big")
    assert guest.why_ended() == ""
    assert not guest.has_ended()


@pytest.mark.parametrize("command", ["reboot -f", "kill -HUP 1; sleep 1; reboot -f"])
@pytest.mark.probe("hostile")
def test_a_guest_that_reboots_itself_has_ended(guest: LxcGuest, command: str) -> None:
    """Started again by LXC, it would be in new control groups, without limits."""
    guest.run(f"(sleep 0.2; {command}) > /dev/null 2>&1 &")
    guest.disconnect()
    assert guest.wait_for_pid1(30)
    assert guest.wait_for_end(time.monotonic() + 30)
    assert not traces.guest_processes(guest.name)
    guest.reboot()
    assert guest.run("echo alive").stdout == "alive\n"


# Uses a processor for a second, or as much of it as it gets.
SPIN = "timeout 1 sh -c 'while :; do :; done'"


def throttled_periods(guest: LxcGuest) -> int:
    """In how many periods the kernel held the guest back."""
    texts = [
        path.read_text()
        for top in traces.guest_cgroups(guest.name)
        if (path := top / "cpu.stat").exists()
    ]
    return sum(int(count) for text in texts for count in re.findall(r"nr_throttled (\d+)", text))


def test_a_guest_is_held_back_while_nothing_is_measured_in_it(guest: LxcGuest) -> None:
    require_limit(guest, "cpu_quota")
    with guest.measured():
        before = throttled_periods(guest)
        guest.run(SPIN, check=False)
        assert throttled_periods(guest) == before
        guest.reboot()
        assert throttled_periods(guest) == 0
        guest.run(SPIN, check=False)
        assert throttled_periods(guest) == 0, "a reboot during a measurement brings no limit"
    before = throttled_periods(guest)
    guest.run(SPIN, check=False)
    assert throttled_periods(guest) > before


def test_what_ssh_starts_is_within_the_limits(guest: LxcGuest) -> None:
    assert {"open_files", "inotify_instances", "inotify_watches"} <= set(guest.facts()["limits"])
    assert int(guest.run("ulimit -Hn").stdout) == limits.open_files_limit()
