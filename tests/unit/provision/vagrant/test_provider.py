"""The Vagrant provider over a scripted `vagrant`: every way in which one can fail."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import paramiko
import psutil
import pytest
from paramiko.common import AUTH_SUCCESSFUL, OPEN_FAILED_CONNECT_FAILED

from provision.errors import Problem
from provision.systems import SYSTEMS, System
from provision.vagrant import machine, provider, vm_keeper
from provision.vagrant.machine import ROOT, Machine, folder, machines
from provision.vagrant.provider import Vagrant
from tests.support.scripted_vagrant import ScriptedVagrant
from tests.support.wait import eventually

DEBIAN, PRECISE = SYSTEMS["debian"], SYSTEMS["precise"]


@pytest.fixture
def scripted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedVagrant]:
    made = ScriptedVagrant(tmp_path)
    # Of no length that libvirt's sockets would mind, whatever pytest calls its folders.
    monkeypatch.setattr(machine, "_LONGEST_FOLDER", 1000)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for name, value in made.environment().items():
        monkeypatch.setenv(name, value)
    yield made
    for hypervisor in ("libvirt", "virtualbox"):
        made.answer("destroy", {})
        provider = Vagrant(hypervisor)
        for name in machines(hypervisor):
            provider.remove(name)


def said(provider: Vagrant) -> Problem:
    with pytest.raises(Problem) as caught:
        provider.up("guest", DEBIAN)
    return caught.value


def test_without_vagrant_it_says_what_to_install(scripted: ScriptedVagrant) -> None:
    scripted.remove("vagrant")
    lack = Vagrant("libvirt").why_unavailable(DEBIAN)
    assert lack is not None
    assert "vagrant" in lack.why
    assert "apt-get install" in lack.advice


def test_without_virtualbox_it_names_the_program(scripted: ScriptedVagrant) -> None:
    scripted.remove("VBoxManage")
    lack = Vagrant("virtualbox").why_unavailable(DEBIAN)
    assert lack is not None
    assert "VBoxManage" in lack.why
    assert "VirtualBox" in lack.advice


def test_without_the_plugin_it_says_how_to_get_it(scripted: ScriptedVagrant) -> None:
    scripted.answer("plugin", {"stdout": ""})
    lack = Vagrant("libvirt").why_unavailable(DEBIAN)
    assert lack is not None
    assert "vagrant plugin install vagrant-libvirt" in lack.advice


def test_a_folder_too_long_for_sockets_is_said_beforehand(
    scripted: ScriptedVagrant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "_LONGEST_FOLDER", 10)
    lack = Vagrant("libvirt").why_unavailable(DEBIAN)
    assert lack is not None
    assert "XDG_CACHE_HOME" in lack.advice


def test_a_system_without_a_public_box_needs_one_named(scripted: ScriptedVagrant) -> None:
    lack = Vagrant("libvirt").why_unavailable(PRECISE)
    assert lack is not None
    assert "--box" in lack.advice
    assert Vagrant("libvirt", box="someone/precise").why_unavailable(PRECISE) is None
    assert Vagrant("virtualbox").why_unavailable(PRECISE) is None


def test_a_box_that_is_no_file_and_no_name_is_a_usage_error(scripted: ScriptedVagrant) -> None:
    problem = said(Vagrant("libvirt", box="/nowhere/debian.box"))
    assert problem.usage
    assert "./inv box debian" in problem.advice


def test_the_pinned_box_is_fetched_at_its_version(scripted: ScriptedVagrant) -> None:
    Vagrant("virtualbox").prepare(DEBIAN)
    row = machine.box_table(DEBIAN)["virtualbox"]
    fetched = [call for call in scripted.calls("box") if call["arguments"][1] == "add"]
    assert [call["arguments"] for call in fetched] == [
        ["box", "add", "--provider", "virtualbox", row["box"], "--box-version", row["version"]]
    ]


def test_a_box_file_is_added_once_and_again_when_it_changed(
    scripted: ScriptedVagrant, tmp_path: Path
) -> None:
    file = tmp_path / "debian.box"
    file.write_text("one")
    first = Vagrant("libvirt", box=str(file))
    first.prepare(DEBIAN)
    name = first.box(DEBIAN).name
    listed = f"1,,box-name,{name}\n1,,box-provider,libvirt\n1,,box-version,0\n"
    scripted.answer("box", {"stdout": listed})
    Vagrant("libvirt", box=str(file)).prepare(DEBIAN)
    added = [call for call in scripted.calls("box") if call["arguments"][1] == "add"]
    assert [call["arguments"][-2:] for call in added] == [[name, str(file)]]
    file.write_text("another")
    assert Vagrant("libvirt", box=str(file)).box(DEBIAN).name != name


@pytest.mark.parametrize(
    ("words", "what", "advice"),
    [
        (
            "The box 'debian/bookworm64' could not be found or\ncould not be accessed in the remote"
            " catalog.\nError: Could not resolve host: boxes.example",
            "no network",
            "./inv box debian",
        ),
        (
            "The box 'debian/bookworm64' could not be found or\ncould not be accessed in the remote"
            " catalog.",
            "no such box",
            "--box=",
        ),
        ("cp: error writing: No space left on device", "disk is full", "df -h"),
        (
            "\r\x1b[KProgress: 90% (Rate: 9M/s)\r\x1b[KThe box failed to unpackage properly. Please"
            " verify that the box\nfile you're trying"
            " to add is not corrupted and that enough disk space\nis available and then try again.",
            "no box, or a damaged one",
            "./inv box debian",
        ),
        (
            "The box you attempted to add doesn't match the provider you specified.\n\n"
            "Provider expected: libvirt\nProvider of box: virtualbox",
            "another hypervisor",
            "./inv box debian",
        ),
    ],
)
def test_a_box_that_cannot_be_fetched(
    scripted: ScriptedVagrant, words: str, what: str, advice: str
) -> None:
    scripted.answer("box", {"stdout": ""}, {"stderr": words, "exit": 1})
    problem = said(Vagrant("libvirt"))
    assert what in problem.what
    assert words.splitlines()[-1] in problem.known
    assert advice in problem.advice


@pytest.mark.parametrize(
    ("words", "what", "advice"),
    [
        (
            "Timed out while waiting for the machine to boot. This means that\n"
            "Vagrant was unable to communicate with the guest machine",
            "never answered",
            "--box",
        ),
        (
            "An action 'up' was attempted on the machine 'debian',\nbut another process is already"
            " executing an action on the machine.",
            "another Vagrant process",
            "./inv destroy",
        ),
        (
            "Vagrant can't use the requested machine because it is locked!",
            "another Vagrant process",
            "./inv destroy",
        ),
        (
            "Vagrant attempted to acquire a lock named 'machine-index', but this\nlock is being"
            " held by another instance of Vagrant already. Please\nwait and try again.",
            "another Vagrant process",
            "./inv destroy",
        ),
        ("Call to virStorageVolCreate failed: No space left on device", "disk is full", "df -h"),
        (
            "Error while connecting to Libvirt: Error making a connection to libvirt URI",
            "libvirt cannot be reached",
            "libvirt-daemon",
        ),
        (
            "The provider 'libvirt' could not be found, but was requested to\nback the machine",
            "no such provider",
            "./inv doctor",
        ),
        ("Something that nobody has seen before.", "could not boot debian", "./inv doctor"),
    ],
)
def test_a_machine_that_does_not_come_up_shows_vagrants_own_words_and_is_destroyed(
    scripted: ScriptedVagrant, words: str, what: str, advice: str
) -> None:
    scripted.answer("up", {"stderr": words, "exit": 1})
    problem = said(Vagrant("libvirt"))
    assert what in problem.what
    assert words in problem.known
    assert advice in problem.advice
    assert scripted.calls("destroy")[-1]["arguments"] == ["destroy", "-f", "debian"]
    assert list((folder() / "guests").iterdir()) == []


def test_every_machine_has_a_name_of_its_own_and_no_state_in_the_checkout(
    scripted: ScriptedVagrant, tmp_path: Path
) -> None:
    one, two = (Machine("virtualbox", DEBIAN, Vagrant("virtualbox").box(DEBIAN)) for _ in "12")
    one.boot()
    two.boot()
    calls = scripted.calls("up")
    assert len({call["guest"] for call in calls}) == 2
    # Vagrant's index finds machines by name, and these two have the same.
    assert len({call["home"] for call in calls}) == 2
    assert all(call["home"].startswith(str(tmp_path)) for call in calls)
    assert machines("virtualbox") == sorted([one.name, two.name])
    assert machines("libvirt") == []
    assert Vagrant("virtualbox").leftovers() == []
    one.destroy()
    two.destroy()
    assert machines("virtualbox") == []
    assert not (ROOT / ".vagrant").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has no libvirt session of its own")
def test_root_asks_libvirt_under_another_number(scripted: ScriptedVagrant) -> None:
    for hypervisor in ("libvirt", "virtualbox"):
        machine = Machine(hypervisor, DEBIAN, Vagrant(hypervisor).box(DEBIAN))
        machine.boot()
        machine.destroy()
    assert [call["uid"] for call in scripted.calls("up")] == [65534, 0]
    assert [call["uid"] for call in scripted.calls("destroy")] == [65534, 0]


def test_a_hypervisor_without_snapshots_makes_every_guest_anew(scripted: ScriptedVagrant) -> None:
    scripted.answer("snapshot", {"stderr": "This provider doesn't support snapshots.", "exit": 1})
    machine = Machine("virtualbox", DEBIAN, Vagrant("virtualbox").box(DEBIAN))
    machine.save("clean")
    assert not machine.rolls_back
    assert machine.snapshots == set()
    machine.destroy()


def test_a_disk_that_is_full_is_no_hypervisor_without_snapshots(scripted: ScriptedVagrant) -> None:
    words = "Cannot create snapshot(s): Error while writing VM state: No space left on device"
    scripted.answer("snapshot", {"stderr": words, "exit": 1})
    machine = Machine("libvirt", DEBIAN, Vagrant("libvirt").box(DEBIAN))
    with pytest.raises(Problem) as caught:
        machine.save("clean")
    assert "the disk is full" in caught.value.what
    assert words in caught.value.known
    assert "df -h" in caught.value.advice
    machine.destroy()


def test_snapshots_name_their_machine(scripted: ScriptedVagrant) -> None:
    machine = Machine("virtualbox", DEBIAN, Vagrant("virtualbox").box(DEBIAN))
    machine.save("clean")
    machine.restore("clean")
    assert [call["arguments"] for call in scripted.calls("snapshot")] == [
        ["snapshot", "save", "debian", "clean"],
        ["snapshot", "restore", "debian", "clean"],
    ]
    scripted.answer("snapshot", {"stderr": "the disk is broken", "exit": 1})
    with pytest.raises(Problem) as caught:
        machine.restore("clean")
    assert "the disk is broken" in caught.value.known
    # So that its provider destroys it rather than trying again for ever.
    assert machine.snapshots == set()
    machine.destroy()


def test_a_machine_that_cannot_be_destroyed_is_not_forgotten(
    scripted: ScriptedVagrant, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    impatient = tmp_path / "vm_keeper.py"
    text = Path(vm_keeper.__file__).read_text()
    impatient.write_text(text.replace("PATIENCE = 600.0", "PATIENCE = 0.5"))
    monkeypatch.setattr(vm_keeper, "__file__", str(impatient))
    scripted.answer("destroy", {"stderr": "the hypervisor is gone", "exit": 1})
    machine = Machine("libvirt", DEBIAN, Vagrant("libvirt").box(DEBIAN))
    with pytest.raises(Problem) as caught:
        machine.destroy()
    assert "the hypervisor is gone" in caught.value.known
    assert Vagrant("libvirt").leftovers() == [machine.name]
    scripted.answer("destroy", {})
    Vagrant("libvirt").remove(machine.name)
    assert machines("libvirt") == []


OWNER = """
import sys, time
from provision.systems import SYSTEMS
from provision.vagrant.provider import Vagrant
from provision.vagrant.machine import Machine
machine = Machine("libvirt", SYSTEMS["debian"], Vagrant("libvirt").box(SYSTEMS["debian"]))
if sys.argv[1:] == ["keep"]:
    machine.keep()
print(machine.name, flush=True)
if sys.argv[1:] == ["up"]:
    machine.boot()
time.sleep(60)
"""


def owner(*words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", OWNER, *words], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )


def kill(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    name = process.stdout.readline().strip()
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    return name


def test_a_suite_that_is_killed_leaves_no_machine(scripted: ScriptedVagrant) -> None:
    name = kill(owner())
    home = folder() / "guests" / name
    eventually(lambda: not home.exists(), "the end of the machine")
    call = scripted.calls("destroy")[-1]
    assert call["arguments"] == ["destroy", "-f", "debian"]
    # By the machine's own Vagrantfile: the checkout may be another by now, or gone.
    assert call["cwd"] == str(home)


def test_a_suite_that_is_killed_while_vagrant_works_leaves_no_machine(
    scripted: ScriptedVagrant,
) -> None:
    busy = {"stderr": "another process is already executing an action", "exit": 1}
    scripted.answer("up", {"seconds": 2})
    scripted.answer("destroy", busy, {})
    name = kill(owner("up"))
    eventually(lambda: not (folder() / "guests" / name).exists(), "the end of the machine")
    assert len(scripted.calls("destroy")) == 2


def test_a_machine_that_is_kept_outlives_its_suite_until_it_is_removed(
    scripted: ScriptedVagrant,
) -> None:
    name = kill(owner("keep"))
    assert Vagrant("libvirt").kept() == [name]
    assert Vagrant("libvirt").leftovers() == []
    assert scripted.calls("destroy") == []
    Vagrant("libvirt").remove(name)
    assert machines("libvirt") == []


def test_a_machine_of_another_user_is_not_said_to_be_destroyed(
    scripted: ScriptedVagrant, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = kill(owner("keep"))

    def refused(process: psutil.Process) -> None:
        raise psutil.AccessDenied(process.pid)

    with monkeypatch.context() as patched:
        patched.setattr(psutil.Process, "terminate", refused)
        with pytest.raises(Problem, match=f"Machine {name} is not destroyed") as caught:
            Vagrant("libvirt").remove(name)
    assert "with sudo" in caught.value.advice
    assert Vagrant("libvirt").owned() == [name]


class Deaf(paramiko.ServerInterface):
    """Lets everybody in, and is gone before the first command: a machine that was reset."""

    def __init__(self) -> None:
        self.asked = threading.Event()
        self.over = threading.Event()

    def get_allowed_auths(self, username: str) -> str:
        return "publickey"

    def check_auth_publickey(self, username: str, key: paramiko.PKey) -> int:
        return AUTH_SUCCESSFUL

    def check_channel_request(self, kind: str, chanid: int) -> int:
        self.asked.set()
        self.over.wait()
        return OPEN_FAILED_CONNECT_FAILED

    @contextmanager
    def at_home(self) -> Iterator[int]:
        """The port where it answers."""
        with socket.create_server(("127.0.0.1", 0)) as door, ThreadPoolExecutor(1) as pool:
            pool.submit(self._serve, door)
            try:
                yield int(door.getsockname()[1])
            finally:
                self.over.set()

    def _serve(self, door: socket.socket) -> None:
        door.settimeout(30)
        transport = paramiko.Transport(door.accept()[0])
        transport.add_server_key(paramiko.ECDSAKey.generate())
        transport.start_server(server=self)
        self.over.wait()
        transport.close()


def test_a_machine_that_is_reset_amid_a_question_is_asked_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """QEMU keeps the connection, and nobody will ever answer on it."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    usual = provider.ssh_arguments

    def hasty(system: System) -> dict[str, Any]:
        arguments = usual(system)
        return {**arguments, "channel_timeout": arguments["channel_timeout"] / 100}

    monkeypatch.setattr(provider, "ssh_arguments", hasty)
    machine = SimpleNamespace(home=tmp_path, system=DEBIAN)
    guest = provider.VagrantGuest("guest", cast("Machine", machine), lambda _: None)
    deaf = Deaf()
    with deaf.at_home() as port:
        (tmp_path / "ssh_config").write_text(f"Host *\n HostName 127.0.0.1\n Port {port}\n")
        assert guest._boot_id() is None
        assert deaf.asked.is_set()


def test_the_table_of_boxes_says_where_each_comes_from() -> None:
    table = json.loads((ROOT / "provision" / "vagrant" / "boxes.json").read_text())
    assert set(table) == set(SYSTEMS)
    for row in table.values():
        assert row["from"]
        for hypervisor in {"libvirt", "virtualbox"} & row.keys():
            owner_, _, name = row[hypervisor]["box"].partition("/")
            assert owner_
            assert name
            assert row[hypervisor]["version"]
