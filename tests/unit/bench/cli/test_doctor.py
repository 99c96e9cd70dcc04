"""What `./inv doctor` says of a host."""

from __future__ import annotations

import io
import platform
from pathlib import Path

import pytest
from rich.console import Console

from bench.cli import doctor
from bench.cli.doctor import Finding, examine, findings_table
from bench.cli.floor_restart import NoImage
from provision.errors import Problem
from provision.lxc import abilities
from provision.lxc.abilities import Ability
from provision.lxc.provider import Lxc
from provision.provider import Provider, Unavailable
from provision.systems import System


def fail() -> Unavailable:
    return Unavailable("It is broken.", "mend it")


def shown(findings: list[Finding]) -> str:
    console = Console(file=io.StringIO(), width=80)
    console.print(findings_table(findings))
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
    findings = examine("lxc")
    assert findings[0].remedy == "Use --provider=virtualbox or --provider=libvirt here."
    assert not findings[0].works
    assert all("is missing" in each.state for each in findings[1:-1])
    assert findings[-1].name == "memory"


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
    findings = {finding.name: finding for finding in examine("lxc")}
    assert len(tried) == 1
    assert findings["third"].state == "not tried: second is missing"
    assert not findings["first"].works
    assert findings["other"].works
    assert "a restart" not in findings


def test_a_missing_ability_that_no_guest_needs_to_start_is_a_doubt(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(abilities, "ABILITIES", (Ability("net", fail, without="No download."),))
    findings = examine("lxc")
    assert all(finding.works for finding in findings)
    text = shown(findings)
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
    (found,) = (finding for finding in examine("lxc") if finding.name == "a restart")
    assert found.works is works
    assert failure.what in found.state


def test_the_table_fits_80_columns() -> None:
    long = "A sentence that is much longer than a terminal of eighty columns is wide. " * 3
    text = shown([Finding("user namespace", long, "sysctl -w " + "x" * 40, works=False)])
    assert max(map(len, text.splitlines())) <= 80


def test_virtual_machines_are_no_subject_unless_they_are_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(abilities, "ABILITIES", ())
    assert "agrant" not in shown(examine("lxc"))
    assert {finding.name for finding in examine("libvirt")} >= {"--os=debian", "--os=arch"}
