"""The provider and its guest, with one real machine."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from provision.counters import memory
from provision.errors import Problem
from provision.guests.files import File
from provision.provider import Installation
from provision.sources.packages import Apt
from provision.systems import SYSTEMS
from provision.vagrant.environment import vm_folder
from provision.vagrant.guest import VagrantGuest
from provision.vagrant.machines.machine import Machine, machine_names
from provision.vagrant.provider import Vagrant
from tests.support.wait import eventually

DEBIAN = SYSTEMS["debian"]
INIT = """#!/bin/sh
# Says how it was called, reaps children, and does nothing else.
echo "reaping $*"
while :; do sleep 1; done
"""
# A process in a group of its own takes more memory than the suite's limit allows.
GREEDY = """
import json, subprocess, sys
from pathlib import Path
from memory import find_memory_group
own = Path("/sys/fs/cgroup/greedy")
own.mkdir()
greed = "input(); print(len(b'x' * (256 << 20)))"
process = subprocess.Popen([sys.executable, "-c", greed], stdin=subprocess.PIPE)
(own / "cgroup.procs").write_text(str(process.pid))
group = find_memory_group(process.pid)
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
        provider = Vagrant("libvirt", box=str(box))
        yield provider
        provider.close()
        assert machine_names("libvirt") == []


@pytest.fixture
def guest(provider: Vagrant) -> Iterator[VagrantGuest]:
    guest = provider.up("guest", DEBIAN)
    yield guest
    guest.destroy()


def pid_1(guest: VagrantGuest) -> str:
    return guest.run("readlink /proc/1/exe").stdout.strip()


def boot_id(guest: VagrantGuest) -> str:
    return guest.run("cat /proc/sys/kernel/random/boot_id").stdout


def test_a_guest_has_a_kernel_of_its_own(guest: VagrantGuest) -> None:
    facts = guest.facts()
    assert facts["provider"] == "libvirt"
    assert facts["kernel"] == guest.run("uname -r").stdout.strip()
    assert facts["kernel"] != Path("/proc/sys/kernel/osrelease").read_text().strip()
    assert facts["acceleration"].startswith("none: emulated") == guest.machine.emulated


def test_all_files_of_a_machine_are_below_the_cache(guest: VagrantGuest, base: Path) -> None:
    assert vm_folder().is_relative_to(base)
    assert (vm_folder() / "pool").is_dir()
    assert guest.machine.home.is_relative_to(base)


def test_only_init_and_our_session_run_in_a_guest(guest: VagrantGuest) -> None:
    guest.write([File("/tmp/put", "x")])
    assert pid_1(guest) == "/usr/sbin/init"
    listed = guest.run("ps -eo ppid=,comm= | grep -v '^ *[02] '").stdout.split("\n")
    names = {line.split(maxsplit=1)[1] for line in listed if line}
    assert names <= {"init", "sshd", "sh", "bash", "ps", "grep"}
    assert "sshd" in names


def test_a_guest_has_no_trace_of_the_guest_before_it(provider: Vagrant) -> None:
    first = provider.up("first", DEBIAN)
    machine, before = first.machine, boot_id(first)
    first.write([File("/etc/trace", "x"), File("/etc/inittab", "x")])
    first.run("echo first was here >/dev/console")
    assert "first was here" in first.console()
    first.destroy()
    second = provider.up("second", DEBIAN)
    assert second.console() == ""
    assert second.machine is machine
    assert second.run("ls /etc/trace", check=False).code != 0
    assert boot_id(second) == before
    second.destroy()


def test_a_recipe_is_installed_once_and_has_a_network_only_while_it_fetches(
    provider: Vagrant,
) -> None:
    routes: list[str] = []

    def note_route(guest: VagrantGuest) -> None:
        routes.append(guest.run("ip -4 route show default").stdout.strip())

    def install(guest: VagrantGuest) -> None:
        note_route(guest)
        with guest.network():
            note_route(guest)
        note_route(guest)
        guest.write([File("/etc/installed", "x")])

    installation = Installation("something", "one", install)  # type: ignore[arg-type]
    for name in ("first", "second"):
        guest = provider.up(name, DEBIAN, installation)
        assert guest.read("/etc/installed") == b"x"
        assert guest.run("ip route show default").stdout == ""
        guest.destroy()
    before, fetching, after = routes
    assert fetching.startswith("default via")
    assert (before, after) == ("", "")


def test_a_machine_survives_an_init_that_is_missing_stays_or_ends(guest: VagrantGuest) -> None:
    """One machine for the three of them: emulated, every boot takes a minute."""
    before = boot_id(guest)
    with pytest.raises(Problem) as caught:
        guest.reboot("/sbin/nowhere")
    assert "/sbin/nowhere" in caught.value.what
    assert boot_id(guest) == before
    ends = "#!/bin/sh\necho no configuration\nexit 1\n"
    guest.write([File("/root/init", INIT, 0o755), File("/root/ends", ends, 0o755)])
    guest.reboot("/root/init --with words")
    assert "===== PID 1: /root/init --with words\nreaping --with words" in guest.console()
    command = guest.run("tr '\\0' ' ' </proc/1/cmdline").stdout
    assert command == "/bin/sh /root/init --with words "
    assert guest.run("ip route show default").stdout == ""
    assert guest.run("ls /usr/sbin | grep '^init[.]'", check=False).stdout == ""
    with pytest.raises(Problem) as caught, guest.console_quoted():
        guest.reboot("/root/ends")
    assert "/root/ends did not stay PID 1" in caught.value.what
    heading, words, panic = caught.value.known.splitlines()
    assert heading == "Last lines of its console (/root/ends):"
    assert words == "no configuration"
    assert "Attempted to kill init!" in panic
    assert pid_1(guest) == "/usr/sbin/init"


def test_an_init_without_sshd_costs_that_guest_alone(
    provider: Vagrant, monkeypatch: pytest.MonkeyPatch
) -> None:
    guest = provider.up("silent", DEBIAN)
    silent = "#!/bin/sh\nip link set eth0 down\necho no network\nsleep 10000\n"
    guest.write([File("/root/init", silent, 0o755)])
    monkeypatch.setattr(Machine, "boot_timeout", 20.0)
    with pytest.raises(Problem) as caught:
        guest.reboot("/root/init")
    assert "did not come up with /root/init as PID 1" in caught.value.what
    last_words = "Last lines of its console (/root/init):\nno network"
    eventually(lambda: guest.quote_console() == last_words, "its last words", seconds=120)
    monkeypatch.undo()
    guest.destroy()
    after = provider.up("after", DEBIAN)
    assert pid_1(after) == "/usr/sbin/init"
    after.destroy()


@pytest.mark.lengthy
def test_a_box_with_another_init_becomes_what_the_system_says(guest: VagrantGuest) -> None:
    """The public Debian box has systemd, and packages that start their services."""
    Apt(("systemd-sysv",)).install(guest)
    guest.reboot()
    assert guest.run("cat /proc/1/comm").stdout.strip() == "systemd"
    guest.install_base()
    assert guest.run("cat /proc/1/comm").stdout.strip() == "init"
    assert guest.run("dpkg-query -W -f '${Status}' sysvinit-core").stdout.endswith(" installed")


def test_a_memory_limit_by_cgroup_v2(guest: VagrantGuest) -> None:
    """The suite's own code limits memory on a kernel with cgroup v2."""
    guest.run("echo +memory > /sys/fs/cgroup/cgroup.subtree_control")
    guest.write([
        File("/root/memory.py", Path(str(memory.__file__)).read_text()),
        File("/root/greedy.py", GREEDY),
    ])  # fmt: skip
    report = json.loads(guest.run("python3 /root/greedy.py").stdout)
    assert report == {"version": "v2", "group": "greedy", "kills": 1, "code": -9, "after": "max"}
