"""Checks that a guest is what it should be; what fails the check is not measured."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from bench.model.events import DOWN, SNAPSHOT, Event, events_of_kind
from bench.model.events.parts import ProcessInfo, ServiceRecord
from bench.model.events.program import Snapshot
from bench.model.run_file import Verification
from provision.errors import Problem
from provision.systems import System
from supervisors.base import Supervisor
from supervisors.contender import Contender
from supervisors.service import Service

# By init: the process name of a system's own PID 1, which keeps hosted supervisors alive, and the
# other processes that come with it.
HOST_PID1 = {"sysvinit": "init", "systemd": "systemd", "upstart": "init"}
HOST_PROCESSES = {
    "sysvinit": frozenset[str](),
    "systemd": frozenset({"systemd-journal"}),
    "upstart": frozenset[str](),
}


# What a command over SSH starts is a child of the host's, not of the guest's PID 1.
_START_BY_PID1 = (
    "A command over SSH started it, but the guest's PID 1 must: let hosted_command run it in the"
    " foreground, by a script in files/ that starts it and then waits, or use init_command."
)
# How much of a command line and of a program's output an error shows, in characters.
_SHOWN_ARGUMENTS, _SHOWN_OUTPUT = 60, 2000

T = TypeVar("T")
Processes = dict[int, ProcessInfo]


def verify(
    system: System,
    supervisor: Supervisor,
    contender: Contender,
    services: Sequence[Service],
    events: Sequence[Event],
) -> Verification:
    """Check a snapshot of the guest's processes and return the evidence for run.json.

    events: of the measuring program, a snapshot among them. Raises Problem, naming every fault.
    """
    snapshot = events_of_kind(events, SNAPSHOT)[-1]
    not_started = [event["service"] for event in events_of_kind(events, DOWN)]
    if not_started:
        raise Problem(
            f"{contender.name} did not start {', '.join(not_started)}.",
            known=_process_list(snapshot),
            advice=_try(supervisor),
        )
    # A zombie keeps nothing alive; monit reaps daemons that detached themselves only once a cycle.
    processes: Processes = {
        process["pid"]: process for process in snapshot["processes"] if process["state"] != "Z"
    }
    own_pids = [state["pid"] for state in snapshot["services"]] if contender.own_daemon else []
    faults = [
        *_pid1_faults(system, supervisor, contender, processes),
        *_service_faults(supervisor, contender, services, snapshot, processes),
        *_unexpected_processes(system, supervisor, contender, _others(processes, own_pids)),
        *_second_instances(supervisor, contender, services, _others(processes, own_pids)),
        *_started_outside(supervisor, processes),
    ]
    if faults:
        raise Problem(
            f"{contender.name} is not set up as it should be, so it is not measured.",
            known="\n".join([*faults, _process_list(snapshot)]),
            advice=_try(supervisor),
        )
    return {
        "pid1": processes[1]["exe"],
        "hosted_by": None if contender.pid1 else processes[1]["comm"],
        "processes": [process["comm"] for _, process in sorted(processes.items())],
    }


def retried(look: Callable[[], T], seconds: float) -> T:
    """Return what look returns; where it raises Problem, look again for so many seconds."""
    end = time.monotonic() + seconds
    while True:
        try:
            return look()
        except Problem:
            if time.monotonic() >= end:
                raise


def find_mode(supervisor: Supervisor, output: str) -> Verification:
    """Find the mode that a supervisor chose for itself, in the output of its mode command.

    Raises Problem if the output shows none of its modes, or several.
    """
    modes = [mode for sign, mode in supervisor.mode_by_output.items() if sign in output]
    if len(modes) != 1:
        raise Problem(
            f"{supervisor.title} does not show in which mode it runs.",
            known=output[-_SHOWN_OUTPUT:],
            advice=_try(supervisor),
        )
    return {"mode": modes[0], "mode_shown_by": output}


def _try(supervisor: Supervisor) -> str:
    return f"./inv try {supervisor.name} opens a shell in such a guest."


def _pid1_faults(
    system: System, supervisor: Supervisor, contender: Contender, processes: Processes
) -> list[str]:
    name = processes[1]["comm"]
    if contender.becomes_program:
        return [] if name == "testd" else [f"PID 1 is {name}, not the program itself."]
    if contender.pid1:
        return [] if name in supervisor.process_names else [f"PID 1 is {name}."]
    expected = HOST_PID1[system.init]
    return [] if name == expected else [f"PID 1 is {name}, not {expected}."]


def _service_faults(
    supervisor: Supervisor,
    contender: Contender,
    services: Sequence[Service],
    snapshot: Snapshot,
    processes: Processes,
) -> list[str]:
    states = {state["service"]: state for state in snapshot["services"]}
    faults = [
        fault
        for service in services
        for fault in _faults_of(service, states[service.name], supervisor, contender, processes)
    ]
    if contender.own_daemon:
        return faults  # its processes have names of their own
    running = sum(1 for process in processes.values() if process["comm"] == "testd")
    if running != len(services):
        faults.append(f"{running} test daemons run for {len(services)} services.")
    return faults


def _faults_of(
    service: Service,
    state: ServiceRecord,
    supervisor: Supervisor,
    contender: Contender,
    processes: Processes,
) -> Iterator[str]:
    """Check one service's daemon: its parent, and where it detaches itself its pid file."""
    process = processes.get(state["pid"])
    if process is None:
        yield f"{service.name} has pid {state['pid']}, which is no process."
        return
    parent = processes.get(process["ppid"], {"comm": "outside"})["comm"]
    if contender.role != "monitor":
        if not contender.becomes_program and parent not in supervisor.service_parents:
            yield f"The parent of {service.name} is {parent}, not {supervisor.service_parent}."
        return
    if process["ppid"] != 1:
        yield f"{service.name} did not detach itself: its parent is {parent}."
    pidfile = (state.get("pidfile") or "").strip()
    if pidfile != str(state["pid"]):
        yield f"{service.pidfile} says {pidfile!r}, {service.name} is {state['pid']}."


def _unexpected_processes(
    system: System, supervisor: Supervisor, contender: Contender, processes: Processes
) -> list[str]:
    expected = supervisor.process_names | {"testd"}
    if not contender.pid1:
        expected |= {HOST_PID1[system.init]} | HOST_PROCESSES[system.init]
    others = sorted({process["comm"] for process in processes.values()} - expected)
    if not others:
        return []
    advice = "The supervisor's own processes belong in its process_names."
    return [f"Something else runs as well: {', '.join(others)}. {advice}"]


def _second_instances(
    supervisor: Supervisor,
    contender: Contender,
    services: Sequence[Service],
    processes: Processes,
) -> Iterator[str]:
    """Name programs of a hosted supervisor that PID 1 keeps more often than the suite starts them.

    The supervisor has one tree; where its client forks what keeps a service, one for each more.
    """
    if contender.pid1:
        return
    tops: dict[str, list[int]] = {}
    for pid, process in processes.items():
        if process["ppid"] == 1 and process["comm"] in supervisor.process_names:
            tops.setdefault(process["comm"], []).append(pid)
    most = len(services) if supervisor.forked_by_client else 1
    for comm, pids in sorted(tops.items()):
        if len(pids) > most:
            numbers = " and ".join(map(str, sorted(pids)))
            yield (
                f"PID 1 keeps a second instance of {comm} ({numbers}). The guest's own init may"
                " have started it at boot: let after_install take it out of there."
            )


def _others(processes: Processes, daemons: Sequence[int]) -> Processes:
    """Return the processes that are none of the daemons, nor below one."""
    below = set(daemons)
    while more := {pid for pid, process in processes.items() if process["ppid"] in below} - below:
        below |= more
    return {pid: process for pid, process in processes.items() if pid not in below}


def _started_outside(supervisor: Supervisor, processes: Processes) -> list[str]:
    """Name processes started from outside the guest: no ancestry to PID 1, or other cgroups."""
    faults = []
    for pid, process in processes.items():
        if _oldest_ancestor(pid, processes) != 1:
            faults.append(f"{process['comm']} ({pid}) does not descend from PID 1.")
        if supervisor.forked_by_client:
            continue
        if any(line.split(":", 2)[2].startswith("/..") for line in process["cgroup"]):
            faults.append(f"{process['comm']} ({pid}) is outside the guest's control groups.")
    return [*faults, _START_BY_PID1] if faults else []


def _oldest_ancestor(pid: int, processes: Processes) -> int:
    """Follow the parents up to PID 1, a process that is not there, or a circle."""
    visited: set[int] = set()
    while pid not in (0, 1) and pid in processes and pid not in visited:
        visited.add(pid)
        pid = processes[pid]["ppid"]
    return pid


def _process_list(snapshot: Snapshot) -> str:
    return "\n".join(
        f"{process['pid']:>7} {process['ppid']:>7} {process['comm']:<16}"
        f" {' '.join(process['argv'])[:_SHOWN_ARGUMENTS]}"
        for process in snapshot["processes"]
    )
