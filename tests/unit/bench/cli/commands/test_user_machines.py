"""Machines for a user's own work: the list of them, and which one a shell opens in."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.cli.commands.user_machines import open_shell, status_lines
from provision.errors import Problem
from provision.systems import SYSTEMS
from provision.vagrant.machines.machine import Machine, remove_machine
from provision.vagrant.provider import Vagrant
from tests.support.stand_ins.scripted_vagrant import ScriptedVagrant, installed

DEBIAN = SYSTEMS["debian"]


@pytest.fixture
def scripted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedVagrant]:
    with installed(tmp_path, monkeypatch) as program:
        yield program


@pytest.fixture
def machine(scripted: ScriptedVagrant) -> Iterator[Machine]:
    machine = Machine("virtualbox", DEBIAN, Vagrant("virtualbox").box(DEBIAN))
    yield machine
    remove_machine(machine.name, "virtualbox")


def test_status_says_that_there_is_no_machine(scripted: ScriptedVagrant) -> None:
    assert list(status_lines()) == ["There is no machine."]


def test_status_shows_a_machine_in_use(machine: Machine) -> None:
    assert list(status_lines()) == [f"{machine.name} on virtualbox: in use by a run"]


def test_status_shows_a_kept_machine(machine: Machine) -> None:
    machine.keep()
    assert list(status_lines()) == [f"{machine.name} on virtualbox: kept for you"]


def test_a_shell_needs_a_machine(scripted: ScriptedVagrant) -> None:
    with pytest.raises(Problem, match="There is no machine to enter") as caught:
        open_shell("")
    assert "./inv up" in caught.value.advice


def test_a_shell_opens_in_kept_machines_only(machine: Machine) -> None:
    with pytest.raises(Problem, match="There is no machine to enter"):
        open_shell(machine.name)


def test_a_shell_needs_the_name_of_an_existing_machine(machine: Machine) -> None:
    machine.keep()
    with pytest.raises(Problem, match="There is no machine named other") as caught:
        open_shell("other")
    assert machine.name in caught.value.known


def test_a_shell_needs_a_name_where_there_are_several_machines(machine: Machine) -> None:
    second = Machine("virtualbox", DEBIAN, Vagrant("virtualbox").box(DEBIAN))
    machine.keep()
    second.keep()
    with pytest.raises(Problem, match="There are several machines") as caught:
        open_shell("")
    assert machine.name in caught.value.known
    assert second.name in caught.value.known
    remove_machine(second.name, "virtualbox")
