"""Which supervisor an overlay brings, and what the command line says of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.engine.request.options import SystemOptions, parse_options
from bench.model.selection.contenders import Selection, select_contenders
from bench.model.selection.overlays import parse_overlays
from provision.errors import Problem
from provision.systems import SYSTEMS

DEBIAN = SYSTEMS["debian"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for program in ("usr/sbin/perpd", "usr/bin/runsvdir"):
        (tmp_path / program).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / program).touch()
    return tmp_path


def refused(*values: str) -> Problem:
    with pytest.raises(Problem) as caught:
        parse_overlays(values, DEBIAN)
    assert caught.value.usage
    return caught.value


def test_a_bare_folder_is_for_every_supervisor_in_it(folder: Path) -> None:
    assert set(parse_overlays([str(folder)], DEBIAN)) == {"perp", "runit"}


def test_a_named_folder_is_for_that_supervisor_only(folder: Path) -> None:
    found = parse_overlays([f"perp={folder}"], DEBIAN)
    assert {name: overlay.folder for name, overlay in found.items()} == {"perp": folder}


@pytest.mark.probe("request")
def test_an_unknown_name_is_refused(folder: Path) -> None:
    assert "Did you mean 'perp'?" in str(refused(f"perb={folder}"))


@pytest.mark.probe("request")
def test_the_floor_takes_no_overlay(folder: Path) -> None:
    assert "There is no supervisor named 'floor'." in str(refused(f"floor={folder}"))


@pytest.mark.probe("request")
def test_a_folder_without_the_program_is_refused(folder: Path, tmp_path: Path) -> None:
    problem = refused(f"s6={folder}")
    assert "there is no usr/bin/s6-svscan in it" in str(problem)
    empty = tmp_path / "empty"
    empty.mkdir()
    assert "none of the supervisors' programs" in str(refused(str(empty)))


@pytest.mark.probe("request")
def test_two_overlays_for_one_supervisor_are_refused(folder: Path) -> None:
    assert "two overlays for perp" in str(refused(str(folder), f"perp={folder}"))


def test_an_overlay_brings_what_the_system_does_not_have(folder: Path) -> None:
    both = Selection(only=("perp", "runit"))
    absent = select_contenders((DEBIAN,), both).absent
    assert [missing.supervisor.name for missing in absent] == ["perp"]
    with pytest.raises(Problem, match="None of the requested supervisors is available") as caught:
        select_contenders((DEBIAN,), Selection(only=("perp",)))
    assert caught.value.usage
    assert "perp: Debian does not package it" in caught.value.known
    assert "--overlay=NAME=DIR" in caught.value.advice
    chosen = select_contenders((DEBIAN,), both, overlays=parse_overlays([str(folder)], DEBIAN))
    assert not chosen.absent
    sources = {selected.supervisor.name: selected.source.kind for selected in chosen.contenders}
    assert set(sources.values()) == {"overlay", "present"}
    assert {name for name, kind in sources.items() if kind == "present"} == {"floor"}


def test_another_build_changes_the_options_of_a_run(folder: Path) -> None:
    def options() -> dict[str, object]:
        return parse_options(SystemOptions(overlay=[f"perp={folder}"])).as_json()

    before = options()
    assert options() == before
    (folder / "usr/sbin/perpd").write_text("changed")
    assert options() != before
