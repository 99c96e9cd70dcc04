"""What the events of samples.jsonl hold: processes, sizes, CPU time, service records.

Units: a key that ends in `_ns` is in nanoseconds; memory (`Vm...`, `Pss`, `Private_...`, `Swap`) is
in kB.
"""

from __future__ import annotations

from typing import Required, TypedDict


class Event(TypedDict, total=False):
    """One event; these keys any kind may have, the others depend on the kind."""

    event: Required[str]  # name of its kind
    act: str  # the stage of the scenario that it belongs to
    size: int  # scenarios scale and storm: services that were asked for at that time
    scenario: str
    contender: str
    replica: int  # which of the contender's identical guests, from 0
    host: str  # merged runs only


class ProcessInfo(TypedDict, total=False):
    """One process of a guest, in a snapshot."""

    pid: int
    ppid: int
    comm: str
    exe: str | None
    argv: list[str]
    cgroup: list[str]  # lines of /proc/PID/cgroup
    state: str  # one letter of /proc/PID/stat; Z is a zombie
    starttime: int  # clock ticks since boot
    personality: int | None  # of personality(2); null: not readable
    uid: int


class ServiceRecord(TypedDict, total=False):
    """What testd's record says of one service, in a snapshot."""

    service: str
    pids: list[int]  # its daemons alive
    starts: int  # since the guest was made
    lost: int  # lines that testd could not write
    pid: int  # of the newest daemon; 0: none yet
    main_ns: int
    up_ns: int
    mode: str  # content of the mode file; empty where there is none
    pidfile: str | None  # content of the pid file, where the plan names one


class MemorySizes(TypedDict, total=False):
    """Sizes of one process or of a whole tree; null where the kernel does not tell."""

    VmPeak: int | None
    VmHWM: int | None
    VmRSS: int | None
    Pss: int | None
    Private_Dirty: int | None
    Private_Clean: int | None
    Swap: int | None  # what of it the host has swapped out
    threads: int | None
    fds: int | None  # open files


class ProcessSizes(MemorySizes, total=False):
    """One process of the supervision tree."""

    pid: int
    ppid: int
    name: str
    argv: list[str]  # the first three words


class TreeSizes(MemorySizes, total=False):
    """The whole supervision tree."""

    processes: int


class CpuUsage(TypedDict, total=False):
    """CPU time and context switches; of one process since it began, or of a tree in a window."""

    cpu_ns: int  # exact where the kernel has schedstat; threads that ended are not in it
    ticks_ns: int  # to the clock tick; threads that ended are in it
    reaped_ns: int  # of children that ended and were awaited
    voluntary: int  # context switches
    involuntary: int


class ProcessUsage(CpuUsage, total=False):
    """One process of the supervision tree, since it began."""

    pid: int
    starttime: int  # clock ticks since boot; with the pid it identifies the process
    name: str
    threads: list[str]  # thread ids
    method: str  # schedstat or ticks


class StormKill(TypedDict, total=False):
    """One service of a storm."""

    service: str
    old_pid: int
    kill_ns: int
    exit_ns: int | None
    new_pid: int | None
    main_ns: int | None  # null: not started again by the deadline
    by: str | None  # line or record: how the start was known
    again: int  # further starts after the first


class SocketHolder(TypedDict):
    """A process that holds the port or the socket of a person's own program."""

    pid: int
    comm: str


class RefusedSignal(TypedDict):
    """A signal that the kernel refused to send."""

    pid: int
    why: str


class OutputLife(TypedDict):
    """The output of one life of a talkative daemon (scenario output)."""

    seq: int  # which start of the service
    chatted: int | None  # lines that it says it wrote; null: it was killed, or said nothing
    kept: int  # lines found again
    last: int  # the highest line number found, 0: none
