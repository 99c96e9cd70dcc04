"""Usage examples on the terminal, with and without a package of the system."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from bench.cli.commands.usage import show
from bench.model.run_file import FLOOR
from bench.recording.supervisor_info import supervisor_info
from bench.recording.usage_examples import usage_examples
from provision.errors import Problem
from provision.sources.wheels import Wheels
from provision.systems import SYSTEMS, System
from supervisors import supervisors
from supervisors.base import Supervisor

MISSING = [
    pytest.param(supervisor, system, id=f"{supervisor.name} on {system.name}")
    for supervisor in supervisors().values()
    for system in SYSTEMS.values()
    if supervisor.name != FLOOR and supervisor.why_unavailable(system)
]


def printed(name: str, system: str, width: int = 100) -> str:
    console = Console(file=io.StringIO(), width=width, record=True)
    assert show(name, system, console) == 0
    return console.export_text()


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("perp", ("Debian does not package it", "/etc/perp/s1/rc.main (executable)",
                  "perphup /etc/perp", "perpctl -b /etc/perp d s1")),
        ("upstart", ("Debian dropped it after its release 8", "/etc/init/s1.conf",
                     "boot with init=/sbin/upstart", "initctl stop s1")),
    ],
)  # fmt: skip
def test_a_supervisor_without_a_package_is_shown_with_an_overlay(
    name: str, words: tuple[str, ...]
) -> None:
    output = printed(name, "debian", 300)
    assert all(word in output for word in words)
    assert f"by --overlay={name}=DIR" in output
    assert f"./inv try {name} --overlay={name}=DIR opens a shell" in output
    assert "apt-get" not in output


def test_a_packaged_supervisor_is_installed_by_apt() -> None:
    output = printed("runit", "debian")
    assert "apt-get" in output
    assert "overlay" not in output


@pytest.mark.parametrize(
    ("name", "older", "newer", "change"),
    [
        ("openrc", "debian", "forky", "128 ms longer"),
        ("busybox", "bullseye", "debian", "a second before each restart"),
    ],
)
def test_examples_are_titled_by_the_settings_of_their_release(
    name: str, older: str, newer: str, change: str
) -> None:
    assert change not in titles(name, older)
    assert change in titles(name, newer)


def titles(name: str, system: str) -> str:
    examples = usage_examples(supervisors()[name], SYSTEMS[system])
    return "\n".join(example["title"] for example in examples)


def test_what_the_host_fetches_for_guests_is_shown_as_a_person_types_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Wheels, "install_fetched", lambda *_: pytest.fail("it fetches"))
    output = printed("circus", "debian", 300)
    source = supervisors()["circus"].sources["debian"]
    assert isinstance(source, Wheels)
    assert "--no-install-recommends python3-venv" in output
    assert f"/opt/circus/bin/pip install circus=={source.locked_version}" in output


def test_a_user_repository_without_an_address_is_no_source() -> None:
    output = printed("perp", "arch", 300)
    assert "the Arch User Repository's address is not known here" in output
    assert "git clone" not in output


@pytest.mark.parametrize(("supervisor", "system"), MISSING)
def test_without_a_source_a_note_replaces_the_installation(
    supervisor: Supervisor, system: System
) -> None:
    examples = usage_examples(supervisor, system)
    assert examples == supervisor_info([supervisor], [system])[supervisor.name]["usage"]
    for example in (
        candidate for candidate in examples if candidate["steps"][0]["title"] == "Install"
    ):
        install, *others = example["steps"]
        assert install["actions"] == []
        assert supervisor.why_unavailable(system) in install["note"]
        assert f"--overlay={supervisor.name}=DIR" in install["note"]
        assert all(step["actions"] for step in others)
        assert "Configure" in [step["title"] for step in others]


def test_an_overlay_needs_no_note() -> None:
    perp = supervisors()["perp"]
    source = perp.sources["arch"]
    (example, *_) = usage_examples(perp, SYSTEMS["debian"], source)
    assert "note" not in example["steps"][0]


def test_an_unknown_supervisor_is_refused() -> None:
    with pytest.raises(Problem, match="no supervisor named 'prep'"):
        show("prep", "debian", Console(quiet=True))
