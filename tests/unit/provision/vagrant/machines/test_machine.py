"""A machine: its name and folder, its snapshots, and its removal."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from provision.errors import Problem
from provision.provider import GuestRecord, GuestState
from provision.systems import SYSTEMS
from provision.vagrant.environment import ROOT, machine_home
from provision.vagrant.machines import machine as machine_module
from provision.vagrant.machines import vm_keeper
from provision.vagrant.machines.keeper_client import KeeperClient
from provision.vagrant.machines.machine import (
    Machine,
    is_kept,
    is_owned,
    leftover_names,
    machine_names,
    remove_machine,
)
from provision.vagrant.provider import Vagrant
from tests.support.stand_ins.scripted_vagrant import ScriptedVagrant

DEBIAN = SYSTEMS["debian"]


def new_machine(hypervisor: str) -> Machine:
    return Machine(hypervisor, DEBIAN, Vagrant(hypervisor).box(DEBIAN))


def test_two_machines_share_neither_name_nor_vagrant_home(scripted: ScriptedVagrant) -> None:
    """Vagrant's index finds machines by name, and machines of a system have the same name."""
    one, two = new_machine("virtualbox"), new_machine("virtualbox")
    one.boot()
    two.boot()
    calls = scripted.calls("up")
    assert len({call["guest"] for call in calls}) == 2
    assert len({call["home"] for call in calls}) == 2
    one.destroy()
    two.destroy()


def test_a_machine_has_no_state_in_the_checkout(scripted: ScriptedVagrant, tmp_path: Path) -> None:
    machine = new_machine("virtualbox")
    machine.boot()
    assert scripted.calls("up")[0]["home"].startswith(str(tmp_path))
    assert not (ROOT / ".vagrant").exists()
    machine.destroy()


def test_machines_are_listed_by_hypervisor_until_they_are_destroyed(
    scripted: ScriptedVagrant,
) -> None:
    one, two = new_machine("virtualbox"), new_machine("virtualbox")
    assert machine_names("virtualbox") == sorted([one.name, two.name])
    assert machine_names("libvirt") == []
    assert {guest.state for guest in Vagrant("virtualbox").guests()} == {GuestState.OWNED}
    one.destroy()
    two.destroy()
    assert machine_names("virtualbox") == []


def test_a_machine_that_is_being_made_is_no_leftover(
    scripted: ScriptedVagrant, monkeypatch: pytest.MonkeyPatch
) -> None:
    leftovers: list[str] = []
    listing = threading.Thread(target=lambda: leftovers.extend(leftover_names("virtualbox")))

    def start_keeper(home: Path, environment: dict[str, str]) -> KeeperClient:
        listing.start()
        listing.join(0.5)  # it waits for the keeper; without a lock it would be done by now
        return KeeperClient(home, environment)

    monkeypatch.setattr(machine_module, "KeeperClient", start_keeper)
    machine = new_machine("virtualbox")
    listing.join(30)
    assert leftovers == []
    machine.destroy()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has no libvirt session of its own")
def test_root_runs_vagrant_for_libvirt_under_another_user_id(scripted: ScriptedVagrant) -> None:
    for hypervisor in ("libvirt", "virtualbox"):
        machine = new_machine(hypervisor)
        machine.boot()
        machine.destroy()
    assert [call["uid"] for call in scripted.calls("up")] == [65534, 0]
    assert [call["uid"] for call in scripted.calls("destroy")] == [65534, 0]


def test_a_hypervisor_without_snapshots_keeps_no_state(scripted: ScriptedVagrant) -> None:
    scripted.answer("snapshot", {"stderr": "This provider doesn't support snapshots.", "exit": 1})
    machine = new_machine("virtualbox")
    machine.save("clean")
    assert not machine.can_snapshot
    assert machine.snapshots == set()
    machine.destroy()


def test_a_full_disk_is_not_taken_for_missing_snapshots(scripted: ScriptedVagrant) -> None:
    words = "Cannot create snapshot(s): Error while writing VM state: No space left on device"
    scripted.answer("snapshot", {"stderr": words, "exit": 1})
    machine = new_machine("libvirt")
    with pytest.raises(Problem) as caught:
        machine.save("clean")
    assert "the disk is full" in caught.value.what
    assert words in caught.value.known
    assert "df -h" in caught.value.advice
    machine.destroy()


def test_snapshot_commands_name_their_machine(scripted: ScriptedVagrant) -> None:
    machine = new_machine("virtualbox")
    machine.save("clean")
    machine.restore("clean")
    assert [call["arguments"] for call in scripted.calls("snapshot")] == [
        ["snapshot", "save", "debian", "clean"],
        ["snapshot", "restore", "debian", "clean"],
    ]
    machine.destroy()


def test_a_failed_restore_drops_all_snapshots(scripted: ScriptedVagrant) -> None:
    """Its provider then destroys the machine, and does not try again."""
    machine = new_machine("virtualbox")
    machine.save("clean")
    scripted.answer("snapshot", {"stderr": "the disk is broken", "exit": 1})
    with pytest.raises(Problem) as caught:
        machine.restore("clean")
    assert "the disk is broken" in caught.value.known
    assert machine.snapshots == set()
    machine.destroy()


def test_a_machine_that_cannot_be_destroyed_stays_listed(
    scripted: ScriptedVagrant, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    impatient = tmp_path / "vm_keeper.py"
    text = Path(vm_keeper.__file__).read_text()
    assert "PATIENCE = 600.0" in text
    impatient.write_text(text.replace("PATIENCE = 600.0", "PATIENCE = 0.5"))
    monkeypatch.setattr(vm_keeper, "__file__", str(impatient))
    scripted.answer("destroy", {"stderr": "the hypervisor is gone", "exit": 1})
    machine = new_machine("libvirt")
    with pytest.raises(Problem) as caught:
        machine.destroy()
    assert "the hypervisor is gone" in caught.value.known
    assert Vagrant("libvirt").guests() == [GuestRecord(machine.name, GuestState.ORPHANED)]
    scripted.answer("destroy", {})
    Vagrant("libvirt").remove(machine.name)
    assert machine_names("libvirt") == []


def test_a_machine_whose_folder_is_being_removed_counts_as_destroyed(
    scripted: ScriptedVagrant,
) -> None:
    """Its keeper has removed the lock, and not yet all else."""
    home = machine_home("debian-1a2b")
    home.mkdir()
    removal = threading.Timer(0.3, home.rmdir)
    removal.start()
    remove_machine(home.name, "libvirt")
    removal.join()
    assert not home.exists()


@pytest.mark.parametrize("name", ["", ".", "..", "../pool", "/nowhere/x", "*", "-f"])
def test_a_name_that_is_not_one_machines_is_refused(scripted: ScriptedVagrant, name: str) -> None:
    for use in (is_kept, is_owned, lambda name: remove_machine(name, "libvirt")):
        with pytest.raises(Problem, match="cannot be the name of a guest"):
            use(name)
