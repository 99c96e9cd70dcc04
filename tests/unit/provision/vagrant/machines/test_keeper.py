"""The keeper destroys a machine when its owner is gone, and nothing but that machine."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from provision.cache import remove_tree
from provision.errors import Problem
from provision.provider import GuestRecord, GuestState
from provision.vagrant.environment import ROOT, machine_home
from provision.vagrant.machines import vm_keeper
from provision.vagrant.machines.machine import is_owned, machine_names
from provision.vagrant.provider import Vagrant
from tests.support.stand_ins.scripted_vagrant import ScriptedVagrant
from tests.support.wait import eventually

# Makes a machine, prints its name, and stays until it is killed; words: keep, boot.
OWNER = """
import sys, time
from provision.systems import SYSTEMS
from provision.vagrant.provider import Vagrant
from provision.vagrant.machines.machine import Machine
machine = Machine("libvirt", SYSTEMS["debian"], Vagrant("libvirt").box(SYSTEMS["debian"]))
if "keep" in sys.argv:
    machine.keep()
print(machine.name, flush=True)
if "boot" in sys.argv:
    machine.boot()
time.sleep(60)
"""


@contextmanager
def owner(*words: str) -> Iterator[str]:
    """Start an owner of a machine, yield the machine's name, and kill the owner."""
    with subprocess.Popen(
        [sys.executable, "-c", OWNER, *words],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stderr is not None
            name = process.stdout.readline().strip()
            assert name, f"the owner printed no machine's name: {process.stderr.read()}"
            yield name
        finally:
            process.kill()


def machine_of_killed_owner(*words: str) -> str:
    with owner(*words) as name:
        return name


def test_a_killed_suite_leaves_no_machine(scripted: ScriptedVagrant) -> None:
    home = machine_home(machine_of_killed_owner())
    eventually(lambda: not home.exists(), "the machine is removed")
    assert scripted.calls("destroy")[-1]["arguments"] == ["destroy", "-f", "debian"]


def test_a_machine_is_destroyed_by_its_own_vagrantfile(scripted: ScriptedVagrant) -> None:
    """The checkout may have changed by then, or be gone."""
    home = machine_home(machine_of_killed_owner())
    eventually(lambda: not home.exists(), "the machine is removed")
    assert scripted.calls("destroy")[-1]["cwd"] == str(home)


def test_a_keeper_tries_again_while_vagrant_is_busy(scripted: ScriptedVagrant) -> None:
    scripted.answer("up", {"seconds": 2})
    scripted.answer(
        "destroy", {"stderr": "another process is already executing an action", "exit": 1}, {}
    )
    with owner("boot") as name:
        eventually(lambda: scripted.calls("up"), "Vagrant boots the machine")
    eventually(lambda: not machine_home(name).exists(), "the machine is removed")
    assert len(scripted.calls("destroy")) == 2


def test_a_kept_machine_outlives_its_suite_until_it_is_removed(scripted: ScriptedVagrant) -> None:
    name = machine_of_killed_owner("keep")
    assert Vagrant("libvirt").guests() == [GuestRecord(name, GuestState.KEPT)]
    assert scripted.calls("destroy") == []
    Vagrant("libvirt").remove(name)
    assert machine_names("libvirt") == []


def test_removing_one_machine_ends_no_other_keeper(scripted: ScriptedVagrant) -> None:
    """Whatever pid its lock file has: the process must be the keeper of that machine."""
    name, other = machine_of_killed_owner("keep"), machine_of_killed_owner("keep")
    lock = machine_home(name) / "lock"
    own_pid = lock.read_text()
    lock.write_text((machine_home(other) / "lock").read_text())
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(vm_keeper, "PATIENCE", 0.5)
            with pytest.raises(Problem, match="could not be destroyed"):
                Vagrant("libvirt").remove(name)
    finally:
        lock.write_text(own_pid)
    assert is_owned(other)


def test_a_machine_of_another_user_is_reported_as_such(
    scripted: ScriptedVagrant, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = machine_of_killed_owner("keep")

    def refuse(process: psutil.Process) -> None:
        raise psutil.AccessDenied(process.pid)

    with monkeypatch.context() as patch:
        patch.setattr(psutil.Process, "terminate", refuse)
        with pytest.raises(Problem, match=f"Machine {name} is not destroyed") as caught:
            Vagrant("libvirt").remove(name)
    assert "with sudo" in caught.value.advice
    assert Vagrant("libvirt").guests() == [GuestRecord(name, GuestState.KEPT)]


# Nothing here leads out of the test's own folder, in case a keeper ever believes it.
@pytest.mark.parametrize("name", ["", ".", "..", "../pool", "*"])
def test_a_keeper_refuses_a_name_that_is_not_one_machines(tmp_path: Path, name: str) -> None:
    """An empty name stands for the folder of all machines, which the keeper would remove."""
    neighbour = tmp_path / "vm" / "guests" / "debian-1a2b"
    neighbour.mkdir(parents=True)
    (tmp_path / "vm" / "pool").mkdir()
    keeper = subprocess.run(
        [sys.executable, "-I", "-S", vm_keeper.__file__, str(tmp_path / "vm"), name, "true"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert "cannot be the name of a machine" in keeper.stderr
    assert keeper.stdout == ""
    assert neighbour.exists()


def test_a_folder_nested_deeper_than_the_stack_is_removed(tmp_path: Path) -> None:
    home = tmp_path / "machine"
    home.mkdir()
    folder = os.open(home, os.O_RDONLY)
    for _ in range(3000):
        os.mkdir("inner", dir_fd=folder)
        inner = os.open("inner", os.O_RDONLY, dir_fd=folder)
        os.close(folder)
        folder = inner
    os.close(folder)
    (home / "hypervisor").touch()
    vm_keeper._remove(home)
    gone = not home.exists()
    remove_tree(home)
    assert gone
