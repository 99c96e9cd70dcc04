"""Guests and runs at the same time do not disturb each other or the host."""

from __future__ import annotations

import os
import platform
from concurrent.futures import ThreadPoolExecutor

import pytest

from bench.engine.guests.measurement import instrument_files
from provision.cache import cache_folder
from provision.errors import Problem
from provision.guests.bytecode import BYTECODE, python_command
from provision.lxc.provider import Lxc
from provision.systems import SYSTEMS
from supervisors.service import TESTD_FOLDER
from tests.support.suite import Suite

DEBIAN = SYSTEMS["debian"]
OPTIONS = ("--only=floor/runner/default/hosted", "--trials=3", "--scenario=restart")


def test_a_second_bench_is_refused_and_the_first_goes_on(suite: Suite) -> None:
    first = suite.start("bench", *OPTIONS)
    first.wait_for("] up")
    second = suite.bench(*OPTIONS)
    assert second.code == 75, second.output
    assert f"process {first.process.pid}" in second.output
    done = first.end()
    assert done.code == 0, done.output
    assert len([path for path in suite.results.iterdir() if not path.is_symlink()]) == 1


def test_parallel_guests_share_no_files() -> None:
    Lxc().prepare(DEBIAN)
    names = [f"parallel-{number}-{os.getpid()}" for number in range(8)]

    def write_and_list(name: str) -> tuple[str, str]:
        guest = Lxc().up(name, DEBIAN)
        try:
            guest.run(f"echo {name} >/root/mine; sleep 1")
            return guest.run("cat /root/mine; hostname").stdout, guest.run("ls /root").stdout
        finally:
            guest.destroy()

    with ThreadPoolExecutor(len(names)) as pool:
        outputs = list(pool.map(write_and_list, names))
    assert outputs == [(f"{name}\n{name}\n", "mine\n") for name in names]
    assert not [name for name in names if (cache_folder() / "guests" / name).exists()]


def test_a_running_guests_name_is_refused() -> None:
    name = f"taken-{os.getpid()}"
    guest = Lxc().up(name, DEBIAN)
    try:
        with pytest.raises(Problem, match=f"A guest named {name} is running"):
            Lxc().up(name, DEBIAN)
        assert guest.run("echo still").stdout == "still\n"
    finally:
        guest.destroy()


def test_a_guest_has_a_network_only_within_the_block() -> None:
    guest = Lxc().up(f"offline-{os.getpid()}", DEBIAN)
    try:
        before = guest.run("ls /sys/class/net").stdout
        assert before == "lo\n"
        with guest.network():
            assert "tap0" in guest.run("ls /sys/class/net").stdout
        assert guest.run("ls /sys/class/net").stdout == before
    finally:
        guest.destroy()


def test_root_in_a_guest_is_nobody_on_the_host() -> None:
    guest = Lxc().up(f"nobody-{os.getpid()}", DEBIAN)
    try:
        for command in (
            "echo 1 >/proc/sys/kernel/sysrq",
            "mount -o remount,ro /sys",
            "mknod /x b 8 0",
        ):
            assert guest.run(command, check=False).code != 0, command
        assert os.access("/sys", os.W_OK)
    finally:
        guest.destroy()


def test_guests_find_the_measuring_program_compiled_and_supervisors_do_not() -> None:
    files = instrument_files(platform.machine())
    Lxc().prepare(DEBIAN)
    guest = Lxc().up(f"compiled-{os.getpid()}", DEBIAN, files=files)
    commands = (python_command(DEBIAN), f"{DEBIAN.python} -B")
    try:
        found, not_found = (
            guest.run(f"{command} -v {TESTD_FOLDER}/measure", check=False).stderr.splitlines()
            for command in commands
        )
        guest.halt()
        assert not list(guest.upper.glob("srv/**/*.pyc")), "nothing is compiled in the guest"
    finally:
        guest.destroy()
    made = [line for line in found if line.startswith("# code object from")]
    assert len([line for line in made if "/measure/" in line]) > 10
    assert [line for line in made if BYTECODE not in line] == []
    assert not any(BYTECODE in line for line in not_found)
