"""What snapshots and CPU marks say of the processes in a guest."""

from __future__ import annotations

from collections.abc import Mapping

from bench.model.events import CPU_MARK
from bench.model.events.parts import ProcessInfo, ProcessUsage
from bench.model.events.program import CpuMarked, Snapshot
from bench.model.observation.evidence import Samples

# Names of the children that testd starts: in its own session, and each in one of its own.
CHILD, CHILD_IN_SESSION = "testd-child", "testd-session"


def live_processes(snapshot: Snapshot, *names: str) -> list[ProcessInfo]:
    """Return the processes of those names that are no zombies."""
    return [
        process
        for process in snapshot["processes"]
        if process["comm"] in names and process["state"] != "Z"
    ]


def daemons(snapshot: Snapshot) -> list[ProcessInfo]:
    """Return the test daemons alive, no matter which process started them."""
    return live_processes(snapshot, "testd")


def daemon_children(snapshot: Snapshot) -> list[ProcessInfo]:
    """Return the children that test daemons have started and that live."""
    return live_processes(snapshot, CHILD, CHILD_IN_SESSION)


def is_alive(snapshot: Snapshot, pid: int) -> bool:
    """Tell whether that process is there and no zombie."""
    return any(
        process["pid"] == pid and process["state"] != "Z" for process in snapshot["processes"]
    )


def names_by_pid(snapshot: Snapshot) -> Mapping[int, str]:
    """Return the name of every process, zombies included."""
    return {process["pid"]: process["comm"] for process in snapshot["processes"]}


def cpu_used(before: CpuMarked, after: CpuMarked) -> int:
    """Return the CPU time in ns that the supervision tree used between two marks.

    Processes that started and ended between the marks are not counted.
    """
    earlier = {(usage["pid"], usage["starttime"]): usage for usage in before["processes"]}
    return sum(
        _used(earlier.get((usage["pid"], usage["starttime"])), usage)
        for usage in after["processes"]
    )


def cpu_of_stage(stage: Samples) -> int:
    """Return the CPU time in ns between the first and the last mark of a stage."""
    marks = stage.all(CPU_MARK)
    return cpu_used(marks[0].event, marks[-1].event) if len(marks) > 1 else 0


def _used(before: ProcessUsage | None, after: ProcessUsage) -> int:
    if before is None:
        return after["cpu_ns"]
    # cpu_ns has lost the time of threads that ended; ticks_ns still has it.
    if set(before["threads"]) - set(after["threads"]):
        return after["ticks_ns"] - before["ticks_ns"]
    return after["cpu_ns"] - before["cpu_ns"]
