"""Which version of a supervisor a run asks for."""

from __future__ import annotations

import pytest

from bench.model.selection.contenders import Selection, select_contenders
from bench.model.selection.version_choice import VersionChoice
from provision.errors import Problem
from provision.systems import SYSTEMS
from supervisors import supervisors

SUPERVISORD = supervisors()["supervisord"]


def test_a_named_version_is_installed_in_place_of_the_systems_own() -> None:
    choice = VersionChoice.parse("supervisord=4.2.5")
    systems = (SYSTEMS["bullseye"],)
    chosen = select_contenders(systems, Selection(("supervisord", "runit")), versions=choice)
    sources = {selected.supervisor.name: str(selected.source) for selected in chosen.contenders}
    assert sources["supervisord"] == "pip: meld3 1.0.2, supervisor 4.2.5"
    assert sources["runit"] == "apt: runit"


def test_the_articles_versions_are_those_that_the_system_can_get() -> None:
    choice = VersionChoice.parse("2012")
    assert choice.version_of(SUPERVISORD, SYSTEMS["bullseye"]) == "3.0a12"
    assert choice.version_of(SUPERVISORD, SYSTEMS["arch"]) == ""
    assert choice.version_of(supervisors()["runit"], SYSTEMS["bullseye"]) == ""


def test_the_articles_version_is_pinned_by_its_checksum() -> None:
    source = SUPERVISORD.source(SYSTEMS["precise"], "3.0a12")
    assert source is not None
    assert "de60eee3c460b379" in source.key


def test_a_version_on_a_system_without_several_is_unavailable() -> None:
    choice = VersionChoice.parse("supervisord=4.2.5")
    with pytest.raises(Problem, match="None of the requested supervisors") as caught:
        select_contenders((SYSTEMS["arch"],), Selection(("supervisord",)), versions=choice)
    assert "version 4.2.5 is known to be had on precise, bullseye" in caught.value.known


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("2013", "no set of versions named '2013'"),
        ("supervisord=", "no set of versions named"),
        ("superviser=4.2.5", "no supervisor named 'superviser'"),
        ("runit=2.1.2", "knows no source with several versions of runit"),
    ],
)
def test_what_names_no_version_is_refused(text: str, words: str) -> None:
    with pytest.raises(Problem, match=words) as caught:
        VersionChoice.parse(text)
    assert caught.value.usage
