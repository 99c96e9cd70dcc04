"""The events that the suite adds to those of the measuring program."""

from __future__ import annotations

from bench.model.events.parts import Event, OutputLife


class StateVerified(Event, total=False):
    """The guest is in the state in which the scenario begins: the first event of each unit."""

    ns: int
    services: int  # each has one daemon, and no other daemon runs
    processes: int  # in the guest, without what entered it from outside
    starts: int  # of all services, since the guest was made
    uptime_s: float  # of the daemon that was started last
    fixed_addresses: bool  # every daemon, and with it what started it


class MachineOff(Event, total=False):
    """The guest is off; supervisor-killed: because a process was killed; shutdown: on request."""

    why: str  # supervisor-killed
    command: str  # shutdown
    seconds: float | None  # shutdown: from the request to the end; null: still on after patience
    stubborn: str  # shutdown: the service that ignores SIGTERM; empty: none


class MeasurementCut(Event, total=False):
    """The measuring program was killed together with the supervisor (supervisor-killed)."""

    why: str


class TermNoted(Event, total=False):
    """The SIGTERMs that one service noted while the machine went off (shutdown)."""

    service: str
    terms: list[int]  # ns


class SupervisorDied(Event, total=False):
    """The supervisor itself died of the number of services (scale)."""


class SyscallsCounted(Event, total=False):
    """System calls of the supervision tree in a window (idle)."""

    count: int | None
    ns: int  # length of the window
    why: str  # why they were not counted; empty where they were


class OutputRead(Event, total=False):
    """What was found of a talkative daemon's output (output)."""

    command: str  # the shell command that prints it
    own: bool  # kept without being configured
    lines: int
    torn: int  # lines that are not whole
    torn_like: list[str]  # the first three of them
    lives: list[OutputLife]


class ChangeInForce(Event, total=False):
    """The changed service, and no old one, runs (reload)."""

    service: str


class MemoryLimited(Event, total=False):
    """The memory limit of a daemon's control group was reached, or should have been (deaths)."""

    cgroup: str  # version of the hierarchy: v1 or v2
    limit_bytes: int
    allocated_mib: int
    kills: int  # by how much the kernel's counter rose


class NoMemoryLimit(Event, total=False):
    """The host cannot limit a guest's memory (deaths)."""

    pid: int | None


class NoAnnouncement(Event, total=False):
    """The supervisor has no way for a service to announce readiness (readiness)."""
