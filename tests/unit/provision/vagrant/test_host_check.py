"""What a host lacks for virtual machines is named, with the command that mends it."""

from __future__ import annotations

from pathlib import Path

import pytest

from provision.systems import SYSTEMS
from provision.vagrant import host_check
from provision.vagrant.provider import Vagrant
from tests.support.stand_ins.scripted_vagrant import ScriptedVagrant

DEBIAN, PRECISE = SYSTEMS["debian"], SYSTEMS["precise"]


def test_a_complete_host_lacks_nothing(scripted: ScriptedVagrant) -> None:
    assert host_check.why_host_unavailable("libvirt") is None
    assert host_check.why_host_unavailable("virtualbox") is None


def test_missing_vagrant_is_named_with_its_packages(scripted: ScriptedVagrant) -> None:
    scripted.remove("vagrant")
    unavailable = Vagrant("libvirt").why_unavailable(DEBIAN)
    assert unavailable is not None
    assert "vagrant" in unavailable.why
    assert "apt-get install" in unavailable.advice


def test_missing_virtualbox_is_named_by_its_program(scripted: ScriptedVagrant) -> None:
    scripted.remove("VBoxManage")
    unavailable = Vagrant("virtualbox").why_unavailable(DEBIAN)
    assert unavailable is not None
    assert "VBoxManage" in unavailable.why
    assert "VirtualBox" in unavailable.advice


def test_missing_plugin_is_named_with_its_command(scripted: ScriptedVagrant) -> None:
    scripted.answer("plugin", {"stdout": ""})
    unavailable = Vagrant("libvirt").why_unavailable(DEBIAN)
    assert unavailable is not None
    assert "vagrant plugin install vagrant-libvirt" in unavailable.advice


def test_a_folder_too_long_for_sockets_is_refused_beforehand(
    scripted: ScriptedVagrant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(host_check, "LONGEST_FOLDER", 10)
    unavailable = Vagrant("libvirt").why_unavailable(DEBIAN)
    assert unavailable is not None
    assert "XDG_CACHE_HOME" in unavailable.advice


def test_a_cache_folder_that_cannot_be_made_is_named(
    scripted: ScriptedVagrant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_its_place = tmp_path / "elsewhere" / "process-supervision"
    in_its_place.parent.mkdir()
    in_its_place.touch()
    with monkeypatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(in_its_place.parent))
        unavailable = Vagrant("libvirt").why_unavailable(DEBIAN)
    assert unavailable is not None
    assert f"{in_its_place} cannot be used" in unavailable.why
    assert "move the file away" in unavailable.advice


def test_a_vagrant_that_fails_makes_its_provider_unavailable(scripted: ScriptedVagrant) -> None:
    scripted.answer("plugin", {"stderr": "no Ruby here", "exit": 1})
    unavailable = Vagrant("libvirt").why_unavailable(DEBIAN)
    assert unavailable is not None
    assert "could not list its plugins" in unavailable.why


def test_a_system_without_a_public_box_needs_a_named_box(scripted: ScriptedVagrant) -> None:
    unavailable = Vagrant("libvirt").why_unavailable(PRECISE)
    assert unavailable is not None
    assert "--box" in unavailable.advice
    assert Vagrant("libvirt", box="someone/precise").why_unavailable(PRECISE) is None
    assert Vagrant("virtualbox").why_unavailable(PRECISE) is None
