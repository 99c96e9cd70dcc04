"""What snapshots and CPU marks say of processes."""

from __future__ import annotations

from bench.model.events.parts import ProcessInfo, ProcessUsage
from bench.model.events.program import CpuMarked, Snapshot
from bench.model.observation.processes import (
    cpu_used,
    daemon_children,
    daemons,
    is_alive,
    live_processes,
)


def process(pid: int, comm: str, state: str = "S") -> ProcessInfo:
    return {"pid": pid, "ppid": 1, "comm": comm, "state": state}


def usage(pid: int, cpu_ns: int, ticks_ns: int, *threads: str) -> ProcessUsage:
    return {
        "pid": pid, "starttime": 1, "cpu_ns": cpu_ns, "ticks_ns": ticks_ns, "threads": [*threads],
    }  # fmt: skip


def mark(*processes: ProcessUsage) -> CpuMarked:
    return {"event": "cpu_mark", "processes": [*processes]}


SNAPSHOT: Snapshot = {
    "event": "processes",
    "processes": [
        process(1, "init"),
        process(2, "testd"),
        process(3, "testd", "Z"),
        process(4, "testd-child"),
    ],
}


def pids(processes: list[ProcessInfo]) -> list[int]:
    return [one["pid"] for one in processes]


def test_a_zombie_does_not_live() -> None:
    assert pids(daemons(SNAPSHOT)) == [2]
    assert is_alive(SNAPSHOT, 2)
    assert not is_alive(SNAPSHOT, 3)


def test_an_absent_process_does_not_live() -> None:
    assert not is_alive(SNAPSHOT, 9)


def test_children_of_daemons_are_no_daemons() -> None:
    assert pids(daemon_children(SNAPSHOT)) == [4]


def test_processes_are_selected_by_any_of_the_names() -> None:
    assert pids(live_processes(SNAPSHOT, "init", "testd-child")) == [1, 4]


def test_cpu_time_is_the_difference_of_two_marks() -> None:
    assert cpu_used(mark(usage(1, 100, 0, "1")), mark(usage(1, 350, 0, "1"))) == 250


def test_ticks_count_where_a_thread_ended() -> None:
    before, after = usage(1, 900, 1000, "1", "2"), usage(1, 100, 3000, "1")
    assert cpu_used(mark(before), mark(after)) == 2000


def test_a_process_that_started_between_the_marks_counts_whole() -> None:
    assert cpu_used(mark(), mark(usage(7, 40, 0, "7"))) == 40


def test_a_process_that_ended_between_the_marks_does_not_count() -> None:
    assert cpu_used(mark(usage(7, 40, 0, "7")), mark()) == 0
