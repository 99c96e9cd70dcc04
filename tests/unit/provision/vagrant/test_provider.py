"""The provider fetches boxes, and shows Vagrant's own words where Vagrant fails."""

from __future__ import annotations

from pathlib import Path

import pytest

from provision.errors import Problem
from provision.systems import SYSTEMS
from provision.vagrant.box.table import pinned_box
from provision.vagrant.environment import vm_folder
from provision.vagrant.provider import Vagrant
from tests.support.stand_ins.scripted_vagrant import Call, ScriptedVagrant

DEBIAN = SYSTEMS["debian"]


def failure_of(provider: Vagrant) -> Problem:
    """Return what the provider raises instead of a guest."""
    with pytest.raises(Problem) as caught:
        provider.up("guest", DEBIAN)
    return caught.value


def added_boxes(scripted: ScriptedVagrant) -> list[Call]:
    return [call for call in scripted.calls("box") if call["arguments"][1] == "add"]


def test_a_box_that_is_neither_file_nor_name_is_a_usage_error(scripted: ScriptedVagrant) -> None:
    problem = failure_of(Vagrant("libvirt", box="/nowhere/debian.box"))
    assert problem.usage
    assert "./inv box debian" in problem.advice


def test_the_pinned_box_is_fetched_at_its_version(scripted: ScriptedVagrant) -> None:
    Vagrant("virtualbox").prepare(DEBIAN)
    box = pinned_box(DEBIAN, "virtualbox")
    assert box is not None
    assert [call["arguments"] for call in added_boxes(scripted)] == [
        ["box", "add", "--provider", "virtualbox", box.name, "--box-version", box.version]
    ]


def test_a_box_file_is_added_once(scripted: ScriptedVagrant, tmp_path: Path) -> None:
    file = tmp_path / "debian.box"
    file.write_text("one")
    first = Vagrant("libvirt", box=str(file))
    first.prepare(DEBIAN)
    name = first.box(DEBIAN).name
    listed = f"1,,box-name,{name}\n1,,box-provider,libvirt\n1,,box-version,0\n"
    scripted.answer("box", {"stdout": listed})
    Vagrant("libvirt", box=str(file)).prepare(DEBIAN)
    assert [call["arguments"][-2:] for call in added_boxes(scripted)] == [[name, str(file)]]


def test_a_changed_box_file_is_another_box(scripted: ScriptedVagrant, tmp_path: Path) -> None:
    file = tmp_path / "debian.box"
    file.write_text("one")
    name = Vagrant("libvirt", box=str(file)).box(DEBIAN).name
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
            "not a box, or it is damaged",
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
def test_a_box_that_cannot_be_fetched_is_explained(
    scripted: ScriptedVagrant, words: str, what: str, advice: str
) -> None:
    scripted.answer("box", {"stdout": ""}, {"stderr": words, "exit": 1})
    problem = failure_of(Vagrant("libvirt"))
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
def test_a_machine_that_does_not_boot_is_explained_and_destroyed(
    scripted: ScriptedVagrant, words: str, what: str, advice: str
) -> None:
    scripted.answer("up", {"stderr": words, "exit": 1})
    problem = failure_of(Vagrant("libvirt"))
    assert what in problem.what
    assert words in problem.known
    assert advice in problem.advice
    assert scripted.calls("destroy")[-1]["arguments"] == ["destroy", "-f", "debian"]
    assert list((vm_folder() / "guests").iterdir()) == []


def test_a_machine_that_does_not_boot_is_quoted(scripted: ScriptedVagrant) -> None:
    words = "Gave up waiting for root file system device."
    scripted.answer("up", {"stderr": "It failed.\n", "exit": 1, "console": f"{words}\n"})
    problem = failure_of(Vagrant("virtualbox"))
    assert problem.known.endswith(f"It failed.\nLast lines of its console:\n{words}")
