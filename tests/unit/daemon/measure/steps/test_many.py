"""Steps over many services or processes at once: storm, gather, reap."""

from __future__ import annotations

import os
import signal

import pytest

from tests.support.sandbox import Event, Sandbox, pythons


def start_two(sandbox: Sandbox) -> None:
    """Start a floor that keeps s1 and s2, and wait for both."""
    sandbox.start_floor_of("s1", "s2")
    sandbox.await_pid("s1")
    sandbox.await_pid("s2")


@pytest.mark.parametrize("python", pythons())
@pytest.mark.parametrize("without_pidfd", [False, True])
def test_a_storm_kills_all_in_order_and_stamps_each_successor(
    sandbox: Sandbox, python: str, without_pidfd: bool
) -> None:
    start_two(sandbox)
    old = {name: sandbox.await_pid(name) for name in ("s1", "s2")}
    storm = sandbox.measure(
        {"do": "storm", "services": ["s2", "s1"], "deadline": 20},
        python=python,
        without_pidfd=without_pidfd,
    ).one("storm")
    assert storm["asked"] == 2
    assert [kill["service"] for kill in storm["killed"]] == ["s2", "s1"]
    assert storm["killed"][0]["kill_ns"] < storm["killed"][1]["kill_ns"]
    for kill in storm["killed"]:
        assert kill["old_pid"] == old[kill["service"]]
        assert kill["kill_ns"] < kill["main_ns"]
        assert kill["new_pid"] == sandbox.await_pid(kill["service"], starts=2)
        assert kill["again"] == 0


def test_a_storm_names_a_service_that_does_not_come_back(sandbox: Sandbox) -> None:
    sandbox.start(*sandbox.testd("s1"))
    sandbox.await_pid("s1")
    storm = sandbox.measure({"do": "storm", "services": ["s1", "s2"], "deadline": 0.5}).one("storm")
    assert storm["asked"] == 2
    assert [(kill["service"], kill["main_ns"]) for kill in storm["killed"]] == [("s1", None)]


@pytest.mark.parametrize("python", pythons())
def test_gather_counts_the_services_that_are_down(sandbox: Sandbox, python: str) -> None:
    start_two(sandbox)
    gathered = sandbox.measure(
        {"do": "gather", "services": ["s1", "s2", "s3"], "new": ["s2", "s3"], "stall": 0.5},
        python=python,
    ).one("gathered")
    assert (gathered["asked"], gathered["down"], gathered["missing"]) == (3, 1, ["s3"])
    assert gathered["first_ns"] == gathered["last_ns"] == sandbox.read_record("s2")[4]


@pytest.mark.parametrize("python", pythons())
def test_gather_counts_starts_without_a_known_stamp(sandbox: Sandbox, python: str) -> None:
    start_two(sandbox)
    for name in ("s1", "s2"):
        # Two starts before the program runs: the record keeps only the stamp of the last one.
        os.kill(sandbox.await_pid(name), signal.SIGKILL)
        sandbox.await_pid(name, starts=2)
    gathered = sandbox.measure(
        {"do": "gather", "services": ["s1", "s2"], "new": ["s2"], "stall": 5}, python=python
    ).one("gathered")
    assert (gathered["starts"], gathered["lost"]) == (2, 1)


def test_gather_counts_no_start_as_lost_whose_line_arrived(sandbox: Sandbox) -> None:
    start_two(sandbox)
    gathered = sandbox.measure(
        {"do": "storm", "services": ["s1", "s2"], "deadline": 20},
        {"do": "gather", "services": ["s1", "s2"], "new": ["s1", "s2"], "stall": 5},
    ).one("gathered")
    assert (gathered["starts"], gathered["lost"]) == (4, 0)


ORPHANS = {"do": "mode", "service": "s1", "text": "--orphans 20"}
STORM = {"do": "storm", "services": ["s1"], "deadline": 20}
REAP = {"do": "reap", "comm": "testd-orphan", "after": "s1", "deadline": 20}


@pytest.mark.parametrize("python", pythons())
def test_reap_waits_until_the_last_orphan_was_left(sandbox: Sandbox, python: str) -> None:
    sandbox.start_floor("s1")
    sandbox.await_pid("s1")
    result = sandbox.measure(ORPHANS, STORM, REAP, python=python)
    reaped = result.one("reaped")
    assert result.one("storm")["killed"][0]["main_ns"] < reaped["made_ns"] <= reaped["end_ns"]
    assert reaped["looks"] > 0


@pytest.mark.parametrize("python", pythons())
@pytest.mark.parametrize(
    "between",
    [
        {"do": "sleep", "seconds": 1},
        {"do": "gather", "services": ["s1", "s3"], "new": ["s1"], "stall": 1},
        {"do": "starts", "service": "s2", "seconds": 1},
        {"do": "storm", "services": ["s2"], "deadline": 1},
    ],
    ids=lambda step: str(step["do"]),
)
def test_reap_knows_of_orphans_that_were_left_in_a_step_before(
    sandbox: Sandbox, python: str, between: Event
) -> None:
    sandbox.start_floor("s1")
    sandbox.await_pid("s1")
    # Nothing keeps s2: a storm waits for its successor as long as it may.
    sandbox.start(*sandbox.testd("s2"))
    sandbox.await_pid("s2")
    result = sandbox.measure(ORPHANS, STORM, between, REAP, python=python)
    start_ns = result.all("storm")[0]["killed"][0]["main_ns"]
    assert start_ns < result.one("reaped")["made_ns"] <= result.one("reaped")["end_ns"]


def test_reap_waits_for_the_orphans_of_the_newest_start_alone(sandbox: Sandbox) -> None:
    sandbox.start_floor("s1")
    sandbox.await_pid("s1")
    result = sandbox.measure(ORPHANS, STORM, REAP, STORM, REAP)
    second_start = result.all("storm")[1]["killed"][0]["main_ns"]
    first, second = (reaped["made_ns"] for reaped in result.all("reaped"))
    assert first < second_start < second


def test_reap_counts_the_processes_that_are_left(sandbox: Sandbox) -> None:
    sandbox.start(*sandbox.testd("s1", "--children", "3"))
    sandbox.await_pid("s1")
    reaped = sandbox.measure({"do": "reap", "comm": "testd-child", "deadline": 0.3}).one("reaped")
    assert reaped["left"] >= 3
