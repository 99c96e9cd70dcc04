"""The provider and its guest, over one real machine."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from provision.counters import memory
from provision.errors import Problem
from provision.guest import File
from provision.provider import Recipe
from provision.sources.packages import Apt
from provision.systems import SYSTEMS
from provision.vagrant.machine import Machine, folder, machines
from provision.vagrant.provider import Vagrant, VagrantGuest

DEBIAN = SYSTEMS["debian"]
INIT = """#!/bin/sh
# Reaps, and nothing else.
while :; do sleep 1; done
"""
# A process in a group of its own takes more than the suite's own code lets that have.
GREEDY = """
import json, subprocess, sys
from pathlib import Path
from memory import memory_group
own = Path("/sys/fs/cgroup/greedy")
own.mkdir()
greed = "input(); print(len(b'x' * (256 << 20)))"
process = subprocess.Popen([sys.executable, "-c", greed], stdin=subprocess.PIPE)
(own / "cgroup.procs").write_text(str(process.pid))
group = memory_group(process.pid)
with group.limited(group.usage() + (64 << 20)) as tally:
    process.communicate(b"\\n")
print(json.dumps({
    "version": group.version, "group": group.path.name, "kills": tally.kills,
    "code": process.returncode, "after": (own / "memory.max").read_text().strip(),
}))
"""


@pytest.fixture(scope="module")
def provider(base: Path, box: Path) -> Iterator[Vagrant]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(base / "cache"))
        made = Vagrant("libvirt", box=str(box))
        yield made
        made.close()
        assert machines("libvirt") == []


@pytest.fixture
def guest(provider: Vagrant) -> Iterator[VagrantGuest]:
    made = provider.up("guest", DEBIAN)
    yield made
    made.destroy()


def pid_1(guest: VagrantGuest) -> str:
    return guest.run("readlink /proc/1/exe").stdout.strip()


def boot(guest: VagrantGuest) -> str:
    return guest.run("cat /proc/sys/kernel/random/boot_id").stdout


def test_a_guest_is_a_machine_with_a_kernel_of_its_own_and_all_its_files_below_the_cache(
    guest: VagrantGuest, base: Path
) -> None:
    facts = guest.facts()
    assert facts["provider"] == "libvirt"
    assert facts["kernel"] == guest.run("uname -r").stdout.strip()
    assert facts["kernel"] != Path("/proc/sys/kernel/osrelease").read_text().strip()
    assert facts["acceleration"].startswith("none: emulated") == guest.machine.emulated
    assert folder().is_relative_to(base)
    assert (folder() / "pool").is_dir()
    assert guest.machine.home.is_relative_to(base)


def test_nothing_but_init_and_our_session_runs_in_it(guest: VagrantGuest) -> None:
    guest.write([File("/tmp/put", "x")])
    assert pid_1(guest) == "/usr/sbin/init"
    listed = guest.run("ps -eo ppid=,comm= | grep -v '^ *[02] '").stdout.split("\n")
    names = {line.split(maxsplit=1)[1] for line in listed if line}
    assert names <= {"init", "sshd", "sh", "bash", "ps", "grep"}
    assert "sshd" in names


def test_the_next_guest_finds_no_trace_of_the_one_before(provider: Vagrant) -> None:
    first = provider.up("first", DEBIAN)
    machine, before = first.machine, boot(first)
    first.write([File("/etc/trace", "x"), File("/etc/inittab", "x")])
    first.destroy()
    second = provider.up("second", DEBIAN)
    assert second.machine is machine
    assert second.run("ls /etc/trace", check=False).code != 0
    assert boot(second) == before
    second.destroy()


def test_a_recipe_is_installed_once_with_a_network_that_is_gone_afterwards(
    provider: Vagrant,
) -> None:
    calls: list[str] = []

    def install(guest: VagrantGuest) -> None:
        calls.append(guest.run("ip -4 route show default").stdout.strip())
        guest.write([File("/etc/installed", "x")])

    recipe = Recipe("something", "one", install)  # type: ignore[arg-type]
    for name in ("first", "second"):
        made = provider.up(name, DEBIAN, recipe)
        assert made.read("/etc/installed") == b"x"
        assert made.run("ip route show default").stdout == ""
        made.destroy()
    assert len(calls) == 1
    assert calls[0].startswith("default via")


def test_any_program_becomes_pid_1_and_the_machine_survives_each(guest: VagrantGuest) -> None:
    """One that is not there, one that stays, and, from there, one that ends."""
    before = boot(guest)
    with pytest.raises(Problem) as caught:
        guest.reboot("/sbin/nowhere")
    assert "/sbin/nowhere" in caught.value.what
    assert boot(guest) == before
    guest.write([File("/root/init", INIT, 0o755), File("/root/ends", "#!/bin/sh\nexit 1\n", 0o755)])
    guest.reboot("/root/init --with words")
    command = guest.run("tr '\\0' ' ' </proc/1/cmdline").stdout
    assert command == "/bin/sh /root/init --with words "
    assert guest.run("ip route show default").stdout == ""
    assert guest.run("ls /usr/sbin | grep '^init[.]'", check=False).stdout == ""
    with pytest.raises(Problem) as caught:
        guest.reboot("/root/ends")
    assert "/root/ends did not stay PID 1" in caught.value.what
    assert pid_1(guest) == "/usr/sbin/init"


def test_an_init_that_lets_nobody_in_costs_that_guest_alone(
    provider: Vagrant, monkeypatch: pytest.MonkeyPatch
) -> None:
    guest = provider.up("silent", DEBIAN)
    guest.write([File("/root/init", "#!/bin/sh\nip link set eth0 down\nsleep 10000\n", 0o755)])
    monkeypatch.setattr(Machine, "patience", 20.0)
    with pytest.raises(Problem) as caught:
        guest.reboot("/root/init")
    assert "did not come up with /root/init as PID 1" in caught.value.what
    monkeypatch.undo()
    guest.destroy()
    after = provider.up("after", DEBIAN)
    assert pid_1(after) == "/usr/sbin/init"
    after.destroy()


@pytest.mark.lengthy
def test_a_box_with_another_init_becomes_what_the_system_says(guest: VagrantGuest) -> None:
    """As the public Debian box is: systemd, and packages that start what they like."""
    with guest.online():
        Apt(("systemd-sysv",)).install(guest)
    guest.reboot()
    assert guest.run("cat /proc/1/comm").stdout.strip() == "systemd"
    guest.dress()
    assert guest.run("cat /proc/1/comm").stdout.strip() == "init"
    assert guest.run("dpkg-query -W -f '${Status}' sysvinit-core").stdout.endswith(" installed")


def test_a_memory_limit_by_cgroup_v2(guest: VagrantGuest) -> None:
    """What the suite does on a host with cgroup v2, on such a kernel."""
    guest.run("echo +memory > /sys/fs/cgroup/cgroup.subtree_control")
    guest.write([
        File("/root/memory.py", Path(str(memory.__file__)).read_text()),
        File("/root/greedy.py", GREEDY),
    ])  # fmt: skip
    told = json.loads(guest.run("python3 /root/greedy.py").stdout)
    assert told == {"version": "v2", "group": "greedy", "kills": 1, "code": -9, "after": "max"}
