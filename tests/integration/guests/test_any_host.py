"""Guests start on hosts that are set up in another way, and are the same there."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.suite import Finished, Suite

# Boots a guest with the file layer, and prints what commands there print.
BOOT = """
import os, platform, sys
from bench.engine.guests.measurement import payload_files
from provision.errors import Problem
from provision.lxc.provider import Lxc
from provision.systems import SYSTEMS

lxc, debian = Lxc(), SYSTEMS["debian"]
try:
    lxc.prepare(debian)
    guest = lxc.up(f"boot-{os.getpid()}", debian, files=payload_files(platform.machine()))
    try:
        if "INIT" in os.environ:
            guest.reboot(os.environ["INIT"])
        for command in sys.argv[1:]:
            print(guest.run(command).stdout)
    finally:
        guest.destroy()
except Problem as problem:
    sys.exit(str(problem))
"""
# The modes of the folders and of the suite's own files that a guest sees.
SHOW_MODES = (
    "stat -c '%a %n' / /root/.ssh/authorized_keys /etc/inittab /etc/systemd/system-preset/*"
    " /usr/sbin/policy-rc.d /srv/testd /srv/testd/testd /srv/testd/measure/__main__.py"
)
READ_ONLY = (
    "for path in /sys/fs/cgroup /sys/fs/cgroup/*/; do"
    " mount -o remount,bind,ro ${path%/} || true; done"
)
VERSION_2 = "umount -R /sys/fs/cgroup; mount -t cgroup2 none /sys/fs/cgroup"
UMASK_077 = ("sh", "-c", 'umask 077; exec "$@"', "sh")


def boot(suite: Suite, *commands: str, before: tuple[str, ...] = ()) -> Finished:
    """Boot a guest of that suite and run commands there."""
    program = suite.checkout / "boot.py"
    program.write_text(BOOT)
    return suite.run(*commands, program=program, before=before)


def strip_modes(folder: Path) -> None:
    """Take from all but the owner what they may do, and from every file its executable bit."""
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o700 if path.is_dir() else 0o600)


def without_groups(set_up: str) -> tuple[str, ...]:
    """The prefix of a command that runs on a host with other control groups."""
    script = f'mount --make-rprivate /; {set_up}; exec "$@"'
    return ("unshare", "--mount", "sh", "-c", script, "sh")


def test_a_cache_below_mnt_holds_guests(suite: Suite) -> None:
    """Below the place at which the guests' keepers see every cache."""
    set_up = (
        "mount -t tmpfs none /mnt && mkdir /mnt/disk"
        f" && mount --bind {suite.cache.parent} /mnt/disk && export XDG_CACHE_HOME=/mnt/disk"
    )
    done = boot(suite, "cat /proc/1/comm", before=without_groups(set_up))
    assert (done.code, done.output.strip()) == (0, "init")
    assert not list((suite.cache / "guests").iterdir())


@pytest.fixture
def map_tools(tmp_path: Path) -> str:
    """A PATH on which Debian's package uidmap is installed: LXC asks it which users root may map.

    It gives root none: /etc/subuid of a host names only its people.
    """
    subprocess.run(["apt-get", "-q", "download", "uidmap"], cwd=tmp_path, check=True)
    (package,) = tmp_path.glob("uidmap_*.deb")
    subprocess.run(["dpkg-deb", "-x", str(package), str(tmp_path)], check=True)
    return f"{tmp_path}/usr/bin"


@pytest.mark.slow  # it fetches a package
def test_a_host_with_newuidmap_boots_guests(suite: Suite, map_tools: str) -> None:
    before = ("sh", "-c", f'PATH={map_tools}:$PATH exec "$@"', "sh")
    done = boot(suite, "cat /proc/1/comm", before=before)
    assert (done.code, done.output.strip()) == (0, "init")


@pytest.fixture
def newer_lxc(tmp_path: Path) -> str:
    """A PATH on which LXC says that it is one that leaves new groups of cpuset empty."""
    program = tmp_path / "lxc-start"
    real = shutil.which("lxc-start")
    program.write_text(f'#!/bin/sh\n[ "$1" = --version ] && exec echo 7.0.0\nexec {real} "$@"\n')
    program.chmod(0o755)
    return str(tmp_path)


def test_lxc_that_leaves_cpusets_empty_gets_none(suite: Suite, newer_lxc: str) -> None:
    """The kernel lets no process enter a group of cpuset (cgroup v1) without processors."""
    before = ("sh", "-c", f'PATH={newer_lxc}:$PATH exec "$@"', "sh")
    done = boot(suite, "cat /proc/1/comm", "cat /proc/self/cgroup", before=before)
    assert done.code == 0, done.output
    assert done.output.startswith("init\n")
    assert ":cpuset:/../ssh" not in done.output, "SSH is in no group beside that of PID 1"


def test_modes_in_a_guest_are_independent_of_the_umask(suite: Suite) -> None:
    """A cache that an earlier suite made under that umask is opened."""
    expected = boot(suite, SHOW_MODES, "grep -h Umask /proc/1/status /proc/self/status")
    strip_modes(suite.checkout)
    for folder in (suite.cache, *suite.cache.glob("*/")):
        folder.chmod(0o700)
    for layer in (suite.cache / "layers").glob("files-*[!k]"):
        shutil.rmtree(layer)
    restricted = boot(
        suite, SHOW_MODES, "grep -h Umask /proc/1/status /proc/self/status", before=UMASK_077
    )
    assert (restricted.code, expected.code) == (0, 0), restricted.output
    assert restricted.output == expected.output
    assert "755 /\n" in restricted.output
    assert restricted.output.count("Umask:\t0022") == 2


@pytest.mark.parametrize(
    ("set_up", "version"),
    [
        ("umount -R /sys/fs/cgroup", "none"),
        pytest.param(READ_ONLY, "none", marks=pytest.mark.slow),
        pytest.param(VERSION_2, "v2", marks=pytest.mark.slow),
        pytest.param("umount /sys/fs/cgroup/unified || true", "v", marks=pytest.mark.slow),
    ],
)
def test_guests_start_whatever_control_groups_a_host_has(
    suite: Suite, set_up: str, version: str
) -> None:
    program = "import sys; from provision.lxc.host_check import cgroups; print(cgroups.version())"
    done = boot(suite, "cat /proc/1/comm", before=without_groups(set_up))
    assert (done.code, done.output.strip()) == (0, "init")
    (suite.checkout / "version.py").write_text(program)
    found = suite.run(program=suite.checkout / "version.py", before=without_groups(set_up))
    assert found.output.startswith(version)


@pytest.mark.slow
def test_systemd_without_control_groups_is_refused_at_once_and_the_rest_measured(
    suite: Suite,
) -> None:
    """Before, its guest hung until SSH had not answered for half a minute."""
    only = ("--only=systemd/runner/default", "--only=runit/runner/default/pid1")
    done = suite.bench(
        *only, "--trials=2", "--scenario=restart", before=without_groups("umount -R /sys/fs/cgroup")
    )
    assert done.code == 1, done.output
    rows = {row["name"]: row for row in suite.record()["contenders"]}
    assert rows["runit/runner/default/pid1"]["status"] == "measured"
    assert rows["systemd/runner/default/pid1"]["status"] == "failed"
    assert "No control groups are mounted" in rows["systemd/runner/default/pid1"]["reason"]
    assert "mount -t cgroup2" in rows["systemd/runner/default/pid1"]["reason"]


def test_the_doctor_restarts_the_floor_and_names_a_fault_before_it(suite: Suite) -> None:
    healthy = suite.run("doctor")
    assert healthy.code == 0, healthy.output
    assert "ms, the floor's in a guest of Debian 12" in healthy.output
    assert "agrant" not in healthy.output
    broken = without_groups("mount -o remount,bind,ro /sys")
    refused = suite.run("doctor", before=broken)
    assert refused.code == 1, refused.output
    assert "mount -o remount,rw /sys" in refused.output
    bench = suite.bench("--only=floor", "--trials=1", "--scenario=restart", before=broken)
    assert bench.code == 1, bench.output
    assert "mount -o remount,rw /sys" in bench.output
    assert "doctor" not in bench.output


def test_a_guest_inherits_neither_ignored_signals_nor_limits(suite: Suite) -> None:
    """Of a caller such as nohup. Python itself ignores SIGPIPE and SIGXFSZ."""
    caller = 'trap "" HUP USR1; ulimit -c unlimited; ulimit -S -s 1024; INIT="/bin/sleep 600"'
    shown = "cat /proc/1/status /proc/self/status | grep SigIgn; cat /proc/1/limits"
    before = ("sh", "-c", f'{caller}; export INIT; exec "$@"', "sh")
    done = boot(suite, shown, before=before)
    assert done.code == 0, done.output
    lines = [line.split() for line in done.output.splitlines()]
    assert [line[1] for line in lines if line[:1] == ["SigIgn:"]] == ["0" * 16] * 2
    assert [line[4] for line in lines if line[:3] == ["Max", "core", "file"]] == ["0"]
    assert [line[3] for line in lines if line[:3] == ["Max", "stack", "size"]] == [str(8 << 20)]


@pytest.mark.slow
def test_a_first_bench_under_umask_077_measures_all(bare_suite: Suite) -> None:
    """It builds the image and installs supervisors from a checkout that has no modes either."""
    strip_modes(bare_suite.checkout)
    only = ("--only=runit", "--only=s6/runner/default")
    done = bare_suite.bench(*only, "--quick", "--scenario=restart", before=UMASK_077)
    assert done.code == 0, done.output
    shown = boot(bare_suite, SHOW_MODES, before=UMASK_077)
    assert "755 /\n" in shown.output
    assert "644 /etc/inittab\n" in shown.output
    assert "755 /usr/sbin/policy-rc.d\n" in shown.output
