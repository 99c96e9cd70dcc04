"""The steps that deal with many services, or with what they leave."""

from __future__ import annotations

import os
import signal

import pytest

from tests.support.place import Place, pythons


def two(place: Place) -> None:
    """A floor that keeps s1 and s2."""
    place.start(str(place.binaries.floor), *place.testd("s1"), "--", *place.testd("s2"))
    place.pid("s1")
    place.pid("s2")


@pytest.mark.parametrize("python", pythons())
@pytest.mark.parametrize("without_pidfd", [False, True])
def test_a_storm_kills_all_and_sees_all_come_back(
    place: Place, python: str, without_pidfd: bool
) -> None:
    two(place)
    old = {name: place.pid(name) for name in ("s1", "s2")}
    storm = place.measure(
        {"do": "storm", "services": ["s2", "s1"], "deadline": 20},
        python=python,
        without_pidfd=without_pidfd,
    ).one("storm")
    assert storm["asked"] == 2
    assert [each["service"] for each in storm["killed"]] == ["s2", "s1"]
    assert storm["killed"][0]["kill_ns"] < storm["killed"][1]["kill_ns"]
    for each in storm["killed"]:
        assert each["old_pid"] == old[each["service"]]
        assert each["kill_ns"] < each["main_ns"]
        assert each["new_pid"] == place.pid(each["service"], starts=2)
        assert each["again"] == 0


def test_a_storm_says_who_stays_away(place: Place) -> None:
    place.start(*place.testd("s1"))
    place.pid("s1")
    storm = place.measure({"do": "storm", "services": ["s1", "s2"], "deadline": 0.5}).one("storm")
    assert storm["asked"] == 2
    assert [(each["service"], each["main_ns"]) for each in storm["killed"]] == [("s1", None)]


@pytest.mark.parametrize("python", pythons())
def test_gather_counts_who_is_down(place: Place, python: str) -> None:
    two(place)
    gathered = place.measure(
        {"do": "gather", "services": ["s1", "s2", "s3"], "new": ["s2", "s3"], "stall": 0.5},
        python=python,
    ).one("gathered")
    assert (gathered["asked"], gathered["down"], gathered["missing"]) == (3, 1, ["s3"])
    assert gathered["first_ns"] == gathered["last_ns"] == place.record("s2")[4]


@pytest.mark.parametrize("python", pythons())
def test_gather_counts_starts_that_nobody_stamped(place: Place, python: str) -> None:
    two(place)
    for name in ("s1", "s2"):
        # Both were started twice before anybody listened: the record keeps the last one alone.
        os.kill(place.pid(name), signal.SIGKILL)
        place.pid(name, starts=2)
    gathered = place.measure(
        {"do": "gather", "services": ["s1", "s2"], "new": ["s2"], "stall": 5}, python=python
    ).one("gathered")
    assert (gathered["starts"], gathered["lost"]) == (2, 1)


def test_no_start_that_was_listened_to_is_lost(place: Place) -> None:
    two(place)
    gathered = place.measure(
        {"do": "storm", "services": ["s1", "s2"], "deadline": 20},
        {"do": "gather", "services": ["s1", "s2"], "new": ["s1", "s2"], "stall": 5},
    ).one("gathered")
    assert (gathered["starts"], gathered["lost"]) == (4, 0)


@pytest.mark.parametrize("python", pythons())
def test_reap_waits_until_the_last_orphan_was_left(place: Place, python: str) -> None:
    place.floor("s1")
    place.pid("s1")
    result = place.measure(
        {"do": "mode", "service": "s1", "text": "--orphans 20"},
        {"do": "storm", "services": ["s1"], "deadline": 20},
        {"do": "reap", "comm": "testd-orphan", "after": "s1", "deadline": 20},
        python=python,
    )
    reaped = result.one("reaped")
    assert result.one("storm")["killed"][0]["main_ns"] < reaped["made_ns"] <= reaped["end_ns"]
    assert reaped["looks"] > 0


def test_reap_says_who_is_left(place: Place) -> None:
    place.start(*place.testd("s1", "--children", "3"))
    place.pid("s1")
    reaped = place.measure({"do": "reap", "comm": "testd-child", "deadline": 0.3}).one("reaped")
    assert reaped["left"] >= 3
