"""Which supervisor an overlay brings, and what the command line says of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.model.overlays import overlays
from bench.model.request import BenchRequest
from bench.model.selection import select_contenders
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
        overlays(values, DEBIAN)
    assert caught.value.usage
    return caught.value


def test_a_folder_is_for_all_that_it_holds(folder: Path) -> None:
    assert set(overlays([str(folder)], DEBIAN)) == {"perp", "runit"}


def test_a_name_makes_it_for_one(folder: Path) -> None:
    found = overlays([f"perp={folder}"], DEBIAN)
    assert {name: overlay.folder for name, overlay in found.items()} == {"perp": folder}


def test_unknown_name(folder: Path) -> None:
    assert "Did you mean 'perp'?" in str(refused(f"perb={folder}"))


def test_the_suites_own_floor_takes_none(folder: Path) -> None:
    assert "There is no supervisor named 'floor'." in str(refused(f"floor={folder}"))


def test_without_the_program(folder: Path, tmp_path: Path) -> None:
    problem = refused(f"s6={folder}")
    assert "there is no usr/bin/s6-svscan in it" in str(problem)
    empty = tmp_path / "empty"
    empty.mkdir()
    assert "none of the supervisors' programs" in str(refused(str(empty)))


def test_two_for_one(folder: Path) -> None:
    assert "two overlays for perp" in str(refused(str(folder), f"perp={folder}"))


def test_an_overlay_brings_what_the_system_does_not_have(folder: Path) -> None:
    _, absent = select_contenders(DEBIAN, ("perp", "runit"))
    assert [each.name for each in absent] == ["perp"]
    with pytest.raises(Problem, match="Nothing that was asked for is to be had") as caught:
        select_contenders(DEBIAN, ("perp",))
    assert caught.value.usage
    assert "perp: Debian does not package it" in caught.value.known
    assert "--overlay=NAME=DIR" in caught.value.advice
    found = overlays([str(folder)], DEBIAN)
    chosen, absent = select_contenders(DEBIAN, ("perp", "runit"), overlays=found)
    assert not absent
    assert {entry.source.kind for entry in chosen} == {"overlay", "present"}
    assert {entry.supervisor.name for entry in chosen if entry.source.kind == "present"} == {
        "floor"
    }


def test_another_build_is_another_question(folder: Path) -> None:
    def asked() -> dict[str, object]:
        values = [f"perp={folder}"]
        return BenchRequest.checked(
            "debian", "auto", [], [], "", "", "", "1", False, False, False, overlay=values
        ).same_question()

    before = asked()
    assert asked() == before
    (folder / "usr/sbin/perpd").write_text("changed")
    assert asked() != before
