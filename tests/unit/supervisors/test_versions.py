"""Facts and findings belong to versions, which a guest tells late and a release tells early."""

from __future__ import annotations

from dataclasses import replace

import pytest

from provision.systems import SYSTEMS
from supervisors.contender import Contender, OlderVersion, StartLimit
from supervisors.versions import Change, Edition, Finding, version_key

NEW = Change("0.64", "forky")


def of(system: str, version: str = "", *, overlay: bool = False) -> Edition:
    return Edition(SYSTEMS[system], version, overlay)


@pytest.mark.parametrize(
    ("older", "newer"),
    [("2.9", "2.11"), ("2.11", "2.11.3"), ("3.0a12", "3.0"), ("3.0a9", "3.0a12"),
     ("262~rc2", "262"), ("0.9.60", "1.0"), ("3.0b2", "3.0.1")],
)  # fmt: skip
def test_versions_sort_as_their_makers_mean_them(older: str, newer: str) -> None:
    assert version_key(older) < version_key(newer)


@pytest.mark.parametrize(
    ("edition", "reached"),
    [
        (of("debian"), False),
        (of("forky"), True),
        (of("sid"), True),
        (of("precise"), False),
        (of("arch"), True),
        (of("debian", "0.64"), True),  # a version says more than the release
        (of("forky", "0.56.1"), False),
        (of("debian", overlay=True), True),
    ],
)
def test_a_change_is_reached_by_version_or_else_by_release(edition: Edition, reached: bool) -> None:
    assert NEW.reached_by(edition) is reached


def test_a_change_that_no_release_has_is_reached_by_a_version_alone() -> None:
    change = Change("1.0", "")
    assert not change.reached_by(of("sid"))
    assert change.reached_by(of("debian", "1.0"))


def test_a_finding_holds_from_one_change_to_another() -> None:
    finding = Finding("It waits.", since=Change("0.50", "trixie"), until=NEW)
    assert [finding.holds_for(of(name)) for name in ("debian", "trixie", "forky")] == [
        False, True, False,
    ]  # fmt: skip
    assert Finding("Always.").holds_for(of("precise"))


def test_a_contender_has_the_facts_of_its_edition() -> None:
    newest = Contender("x", "runner", "default", pid1=False, setting="waits longer each time")
    middle = replace(newest, setting="counts", start_limit=StartLimit(10, None))
    oldest = replace(newest, setting="never waits")
    contender = replace(
        newest, older=(OlderVersion(Change("0.50", "trixie"), oldest), OlderVersion(NEW, middle))
    )
    assert contender.at(of("bullseye")) == oldest
    assert contender.at(of("trixie")) == middle
    assert contender.at(of("sid")) == contender
    assert contender.at(of("sid", "0.49")) == oldest
