"""What a run records of its systems."""

from __future__ import annotations

from bench.model.run_file import SystemFacts
from bench.model.run_file.run_systems import replace_system, systems_of_run

BOOKWORM: SystemFacts = {"name": "debian", "title": "Debian 12", "release": "bookworm"}
SID: SystemFacts = {"name": "sid", "title": "Debian sid", "mirror": {"expired": "accepted"}}


def test_one_system_stands_alone() -> None:
    assert systems_of_run([BOOKWORM]) == {"system": BOOKWORM}


def test_several_are_named_together_and_listed() -> None:
    facts = systems_of_run([BOOKWORM, SID])
    assert facts["system"]["name"] == "debian,sid"
    assert facts["system"]["title"] == "Debian 12, Debian sid"
    assert facts["systems"] == [BOOKWORM, SID]


def test_what_a_guest_says_of_its_system_replaces_that_one() -> None:
    stand_in: SystemFacts = {**SID, "title": "Debian sid stand-in"}
    facts = replace_system([BOOKWORM, SID], stand_in)
    assert facts["systems"] == [BOOKWORM, stand_in]
    assert replace_system([BOOKWORM], BOOKWORM) == {"system": BOOKWORM}
