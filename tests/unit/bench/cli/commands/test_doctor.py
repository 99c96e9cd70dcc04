"""What `./inv doctor` says of a host."""

from __future__ import annotations

import io
import platform
from pathlib import Path

import pytest
from rich.console import Console

from bench.cli.commands import doctor
from bench.cli.commands.doctor import Diagnosis, diagnosis_table, examine
from bench.cli.commands.floor_restart import NoImage
from provision.errors import Problem
from provision.lxc.host_check import abilities
from provision.lxc.host_check.abilities import Ability
from provision.lxc.provider import Lxc
from provision.provider import Provider, Unavailable
from provision.systems import System


def fail() -> Unavailable:
    return Unavailable("It is broken.", "mend it")


def shown(diagnoses: list[Diagnosis]) -> str:
    console = Console(file=io.StringIO(), width=80)
    console.print(diagnosis_table(diagnoses))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


@pytest.fixture(autouse=True)
def all_systems(monkeypatch: pytest.MonkeyPatch) -> None:
    """This host makes guests of all systems, and a restart in one takes 0.25 ms."""
    monkeypatch.setattr(Lxc, "why_unavailable", lambda provider, system: None)
    monkeypatch.setattr(doctor, "restart_floor", lambda provider, system: 0.25)


def test_another_host_gets_no_linux_checks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Such a host has no /proc, and gets no advice that only Linux can follow."""
    read = Path.read_text

    def elsewhere(path: Path, *how: str, **named: str) -> str:
        if path.is_relative_to("/proc"):
            raise FileNotFoundError(path)
        return read(path, *how, **named)

    monkeypatch.setattr(Path, "read_text", elsewhere)
    monkeypatch.setattr(platform, "system", lambda: "Darwin")
    diagnoses = examine("lxc")
    assert diagnoses[0].remedy == "Use --provider=virtualbox or --provider=libvirt here."
    assert not diagnoses[0].works
    assert all("is missing" in diagnosis.state for diagnosis in diagnoses[1:-1])
    assert diagnoses[-1].name == "memory"


def test_what_needs_a_missing_ability_is_not_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    tried = []

    def try_it() -> None:
        tried.append(1)

    chain = (
        Ability("first", fail),
        Ability("second", try_it, needs=("first",)),
        Ability("third", try_it, needs=("second",)),
        Ability("other", try_it),
    )
    monkeypatch.setattr(abilities, "ABILITIES", chain)
    diagnoses = {diagnosis.name: diagnosis for diagnosis in examine("lxc")}
    assert len(tried) == 1
    assert diagnoses["third"].state == "not tried: second is missing"
    assert not diagnoses["first"].works
    assert diagnoses["other"].works
    assert "a restart" not in diagnoses


def test_a_missing_ability_that_no_guest_needs_to_start_is_a_doubt(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(abilities, "ABILITIES", (Ability("net", fail, without="No download."),))
    diagnoses = examine("lxc")
    assert all(diagnosis.works for diagnosis in diagnoses)
    text = shown(diagnoses)
    assert "!  net" in text
    assert "It is broken. No download." in text
    assert "→ mend it" in text
    assert "0.25 ms" in text


@pytest.mark.parametrize(
    ("failure", "works"), [(NoImage("There is none."), True), (Problem("It hangs."), False)]
)
def test_a_restart_that_fails_is_a_finding(
    monkeypatch: pytest.MonkeyPatch, failure: Problem, works: bool
) -> None:
    def restart(provider: Provider, system: System) -> float:
        raise failure

    monkeypatch.setattr(abilities, "ABILITIES", ())
    monkeypatch.setattr(doctor, "restart_floor", restart)
    (found,) = (diagnosis for diagnosis in examine("lxc") if diagnosis.name == "a restart")
    assert found.works is works
    assert failure.what in found.state


def test_the_table_fits_80_columns() -> None:
    long = "A sentence that is much longer than a terminal of eighty columns is wide. " * 3
    text = shown([Diagnosis("user namespace", long, "sysctl -w " + "x" * 40, works=False)])
    assert max(map(len, text.splitlines())) <= 80


def test_virtual_machines_are_no_subject_unless_they_are_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(abilities, "ABILITIES", ())
    assert "agrant" not in shown(examine("lxc"))
    assert {diagnosis.name for diagnosis in examine("libvirt")} >= {"--os=debian", "--os=arch"}
