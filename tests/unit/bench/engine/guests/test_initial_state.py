"""The state in which a unit begins: what is waited for, and what is a fault."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from bench.engine.guests.initial_state import establish
from bench.model.events import Event
from bench.model.events.parts import ProcessInfo, ServiceRecord
from bench.model.events.program import Snapshot
from bench.model.initial_state import FRESH, FRESH_FIXED, RUNNING, SETTLED, InitialState
from bench.model.steps import Step
from provision.errors import Problem
from tests.support.samples.recorded import contender

S = 10**9
RUNIT = "runit/runner/default/hosted"
SUPERVISORD = "supervisord/runner/default/hosted"  # its limit is 4 starts in 10 s


def snapshot(
    *others: str, uptime: float = 60, starts: int = 1, mode: str = "", personality: int = 0
) -> Snapshot:
    """Return a snapshot with one service, and further processes of those names."""
    names = ("init", "testd", *others)
    record: ServiceRecord = {
        "service": "s1", "pids": [2], "starts": starts, "lost": 0, "pid": 2, "mode": mode,
        "main_ns": 100 * S, "up_ns": 100 * S,
    }  # fmt: skip
    processes: list[ProcessInfo] = [
        {"pid": pid, "comm": comm, "state": "S", "personality": personality}
        for pid, comm in enumerate(names, 1)
    ]
    return {
        "event": "processes", "ns": int((100 + uptime) * S), "pid1": processes[0],
        "services": [record], "processes": processes,
    }  # fmt: skip


def established(
    state: InitialState, *seen: Snapshot, name: str = RUNIT
) -> tuple[dict[str, Any], list[list[Step]]]:
    """Establish a state in a guest that shows these snapshots, one after the other."""
    remaining, plans = list(seen), []

    def measure(steps: Sequence[Step], timeout: float) -> list[Event]:
        plans.append(list(steps))
        return [remaining.pop(0)]

    return dict(establish(state, contender(name), measure, None)), plans


def test_the_state_is_recorded_as_the_first_event() -> None:
    state, (plan,) = established(FRESH, snapshot("runsv"))
    assert [step["do"] for step in plan] == ["await", "snapshot"]
    assert state == {
        "event": "state", "ns": 160 * S, "services": 1, "processes": 3, "starts": 1, "uptime_s": 60,
        "fixed_addresses": False,
    }  # fmt: skip


def test_a_young_daemon_is_waited_for() -> None:
    state, (_, plan) = established(FRESH, snapshot(uptime=0.5), snapshot(uptime=2))
    assert plan[0] == {"do": "watch", "seconds": pytest.approx(0.75)}
    assert state["uptime_s"] == 2


def test_a_limit_that_has_counted_starts_must_forget_them() -> None:
    _, (_, plan) = established(
        SETTLED, snapshot(uptime=4, starts=3), snapshot(uptime=10, starts=3), name=SUPERVISORD
    )
    assert plan[0] == {"do": "watch", "seconds": pytest.approx(6)}
    _, plans = established(SETTLED, snapshot(uptime=4), name=SUPERVISORD)
    assert len(plans) == 1, "one start is no reason to wait"


def test_a_killed_daemon_is_a_fault_of_a_fresh_guest_only() -> None:
    established(SETTLED, snapshot(starts=2))
    with pytest.raises(Problem, match="not in the state") as raised:
        established(FRESH, snapshot(starts=2))
    assert raised.value.known == "s1 was started 2 times, not once."


@pytest.mark.parametrize(
    ("left", "fault"),
    [
        (snapshot("testd"), "1 daemons run that belong to none of s1."),
        (snapshot("testd-child"), "1 children of daemons are left."),
        (snapshot(mode="--exit-after 3\n"), "s1 has options from a mode file: --exit-after 3."),
    ],
)
def test_what_an_earlier_unit_left_is_a_fault(left: Snapshot, fault: str) -> None:
    with pytest.raises(Problem) as raised:
        established(SETTLED, left)
    assert raised.value.known == fault


def test_a_daemon_that_does_not_stay_up_is_a_fault() -> None:
    with pytest.raises(Problem) as raised:
        established(SETTLED, snapshot(uptime=0.5), snapshot(uptime=1))
    assert raised.value.known == "A daemon has run for 1.0 s, not for 1.25 s."


def test_a_service_without_a_daemon_is_a_fault() -> None:
    down = snapshot()
    down["services"] = [{**down["services"][0], "pids": [], "main_ns": 0}]
    with pytest.raises(Problem, match="not in the state") as raised:
        established(SETTLED, down, down)
    assert "s1 has 0 daemons, not 1." in str(raised.value.known)


def test_random_addresses_are_a_fault_where_memory_is_measured() -> None:
    state, _ = established(FRESH_FIXED, snapshot(personality=0x40000))
    assert state["fixed_addresses"]
    with pytest.raises(Problem) as raised:
        established(FRESH_FIXED, snapshot())
    assert "setarch -R" in str(raised.value.known)


def test_the_snapshot_that_verified_the_guest_serves_its_first_unit() -> None:
    def measure(steps: Sequence[Step], timeout: float) -> list[Event]:
        raise AssertionError("nothing is left to look at")

    state = establish(RUNNING, contender(RUNIT), measure, snapshot(uptime=0.4))
    assert state["uptime_s"] == pytest.approx(0.4)
