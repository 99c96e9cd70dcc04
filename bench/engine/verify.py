"""What must hold of a guest before anything in it is measured."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bench.model.events import DOWN, SNAPSHOT, Event, events_of_kind
from bench.model.events.program import Snapshot
from provision.errors import Problem
from provision.systems import System
from supervisors.base import Supervisor
from supervisors.contender import Contender
from supervisors.service import Service

# The process names of a system's own PID 1, which hosts what is not PID 1 itself.
HOSTS = {"sysvinit": "init", "systemd": "systemd", "upstart": "init"}
_ALSO_OF_HOST = {
    "sysvinit": frozenset[str](),
    "systemd": frozenset({"systemd-journal"}),
    "upstart": frozenset[str](),
}


def verify(
    system: System,
    supervisor: Supervisor,
    contender: Contender,
    services: Sequence[Service],
    events: Sequence[Event],
) -> dict[str, Any]:
    """Check a snapshot; returns the evidence. Raises Problem, naming everything that is wrong."""
    down = [event["service"] for event in events_of_kind(events, DOWN)]
    if down:
        raise Problem(
            f"{contender.name} did not start {', '.join(down)}.",
            known=_listing(events_of_kind(events, SNAPSHOT)[-1]),
            advice=f"./inv try {supervisor.name} opens a shell in such a guest.",
        )
    seen = events_of_kind(events, SNAPSHOT)[-1]
    # A zombie keeps nothing alive: monit reaps what has detached itself at its next cycle only.
    processes = {each["pid"]: each for each in seen["processes"] if each["state"] != "Z"}
    wrong = [
        *_wrong_pid1(system, supervisor, contender, processes),
        *_wrong_services(supervisor, contender, services, seen, processes),
        *_strangers(system, supervisor, contender, processes),
        *_detached(processes),
    ]
    if wrong:
        raise Problem(
            f"{contender.name} is not what it should be, so it is not measured.",
            known="\n".join([*wrong, _listing(seen)]),
            advice=f"./inv try {supervisor.name} opens a shell in such a guest.",
        )
    hosted_by = None if contender.pid1 else processes[1]["comm"]
    return {"pid1": processes[1]["exe"], "hosted_by": hosted_by, "processes": _names(processes)}


def find_mode(supervisor: Supervisor, told: str) -> dict[str, str]:
    """In which of its modes it runs, and what shows that. Raises Problem where nothing does."""
    found = [words for sign, words in supervisor.mode_signs.items() if sign in told]
    if len(found) != 1:
        raise Problem(
            f"{supervisor.title} does not tell in which of its modes it runs.",
            known=told[-2000:],
            advice=f"./inv try {supervisor.name} opens a shell in such a guest.",
        )
    return {"mode": found[0], "mode_shown_by": told}


def _wrong_pid1(
    system: System, supervisor: Supervisor, contender: Contender, processes: dict[int, Any]
) -> list[str]:
    name = processes[1]["comm"]
    if contender.pid1:
        return [] if name in supervisor.process_names else [f"PID 1 is {name}."]
    host = HOSTS[system.init]
    return [] if name == host else [f"PID 1 is {name}, not {host}."]


def _wrong_services(
    supervisor: Supervisor,
    contender: Contender,
    services: Sequence[Service],
    seen: Snapshot,
    processes: dict[int, Any],
) -> list[str]:
    wrong = []
    told = {each["service"]: each for each in seen["services"]}
    for service in services:
        pid = told[service.name]["pid"]
        process = processes.get(pid)
        if process is None:
            wrong.append(f"{service.name} has pid {pid}, which is no process.")
            continue
        parent = processes.get(process["ppid"], {"comm": "outside"})["comm"]
        if contender.role == "runner" and parent != supervisor.service_parent:
            expected = supervisor.service_parent
            wrong.append(f"The parent of {service.name} is {parent}, not {expected}.")
        if contender.role == "monitor":
            if process["ppid"] != 1:
                wrong.append(f"{service.name} did not detach itself: its parent is {parent}.")
            pidfile = (told[service.name].get("pidfile") or "").strip()
            if pidfile != str(pid):
                wrong.append(f"{service.pidfile} says {pidfile!r}, {service.name} is {pid}.")
    running = sum(1 for each in processes.values() if each["comm"] == "testd")
    if running != len(services):
        wrong.append(f"{running} test daemons run for {len(services)} services.")
    return wrong


def _strangers(
    system: System, supervisor: Supervisor, contender: Contender, processes: dict[int, Any]
) -> list[str]:
    expected = supervisor.process_names | {"testd"}
    if not contender.pid1:
        expected |= {HOSTS[system.init]} | _ALSO_OF_HOST[system.init]
    others = sorted({each["comm"] for each in processes.values()} - expected)
    if not others:
        return []
    advice = "The supervisor's own processes belong in its process_names."
    return [f"Something else runs as well: {', '.join(others)}. {advice}"]


# What a command over SSH starts is a child of the host's, not of the guest's PID 1.
_START_BY_PID1 = (
    "A command over SSH started it, but the guest's PID 1 must: let hosted_command run it in the"
    " foreground, by a script in files/ that starts it and then waits, or use init_command."
)


def _detached(processes: dict[int, Any]) -> list[str]:
    """Name processes started from outside the guest: no ancestry to PID 1, or other cgroups."""
    wrong = []
    for pid, process in processes.items():
        ancestor, seen = pid, set()
        while ancestor not in (0, 1) and ancestor in processes and ancestor not in seen:
            seen.add(ancestor)
            ancestor = processes[ancestor]["ppid"]
        if ancestor != 1:
            wrong.append(f"{process['comm']} ({pid}) does not descend from PID 1.")
        if any(line.split(":", 2)[2].startswith("/..") for line in process["cgroup"]):
            wrong.append(f"{process['comm']} ({pid}) is outside the guest's control groups.")
    return [*wrong, _START_BY_PID1] if wrong else []


def _names(processes: dict[int, Any]) -> list[str]:
    return [each["comm"] for _, each in sorted(processes.items())]


def _listing(seen: Snapshot) -> str:
    return "\n".join(
        f"{each['pid']:>7} {each['ppid']:>7} {each['comm']:<16} {' '.join(each['argv'])[:60]}"
        for each in seen["processes"]
    )
