"""The events that the measuring program prints (daemon/README.md)."""

from __future__ import annotations

from bench.model.events.parts import (
    CpuUsage,
    Event,
    ProcessInfo,
    ProcessSizes,
    ProcessUsage,
    RefusedSignal,
    ServiceRecord,
    SocketHolder,
    StormKill,
    TreeSizes,
)
from bench.model.run_file import KernelStamps
from bench.model.run_file.constraints import Count, Word


class Hello(Event, total=False):
    """The first line of every plan."""

    ns: int
    python: str
    kernel: str
    machine: str
    pid: int
    clock: str
    clock_resolution_ns: int
    pidns: int | None  # inode of the pid namespace
    timens: int | None
    method: str  # pidfd, pidfd by ctypes, or proc polling
    memory: str  # smaps_rollup or smaps
    boot_id: str


class StepBegun(Event, total=False):
    """A step begins."""

    index: int  # of the step in the plan, from 0
    do: str
    ns: int


class StepFailed(Event, total=False):
    """A step failed in itself."""

    index: int
    do: str
    what: str


class PlanEnded(Event, total=False):
    """The last line of every plan."""

    ns: int
    errors: int


class ServiceEvent(Event, total=False):
    """What happened to one daemon of a service.

    start, ready: it started, it announced that it is ready. exit: it ends by itself, and says so
    just before. left: it has left the last of its orphans. gone: its end was observed, at
    `seen_ns`. up: it lives, and was waited for. back: it came back after its trial's deadline.
    unexpected: between two trials it ended or started, unasked.
    """

    service: str
    pid: int
    ppid: int
    seq: int  # which start of the service, from 1
    main_ns: int  # first act of main()
    up_ns: int  # just before it said that it is up
    by: str  # line or record: how the start was known
    missed: int  # starts before this one that were not seen
    seen_ns: int  # when the measuring program learnt of it
    ready_ns: int  # ready
    exit_ns: int  # exit
    chatted: int  # exit: lines that it wrote to its standard output
    left_ns: int  # left
    what: str  # unexpected: gone or start


class FifoNoise(Event, total=False):
    """Something in the FIFO that is no line of testd."""

    seen_ns: int
    text: str


class ServiceDown(Event, total=False):
    """A service that was waited for does not live by the deadline."""

    service: str
    deadline_s: float
    starts: int
    lost: int
    ns: int


class ProgramUnready(Event, total=False):
    """A person's own program did not get ready by the deadline, or ended again and again."""

    service: str
    deadline_s: float
    ns: int
    ended: int  # how often it ended while it was waited for
    running: bool
    holders: list[SocketHolder]  # of the port or the socket, none of them the program's own
    output: str  # the last 2000 bytes of what it wrote
    output_bytes: int


class ServiceAlive(Event, total=False):
    """A service whose end was waited for still lives at the deadline."""

    service: str
    deadline_s: float
    ns: int
    pids: list[int]


class StartsCounted(Event, total=False):
    """A service's starts in a window."""

    service: str
    begin_ns: int
    end_ns: int
    total: int
    lost: int  # lines that testd could not write
    per_second: list[int]
    first: list[int]  # main_ns of the first 150
    last: list[int]  # main_ns of the last 150 of the others


class ModeSet(Event, total=False):
    """A mode file was written, or removed where the text is empty."""

    service: str
    text: str
    ns: int


class SignalSent(Event, total=False):
    """A signal was sent to all processes of a target."""

    target: str
    signal: int
    pids: list[int]
    refused: list[RefusedSignal]
    begin_ns: int
    end_ns: int


class CommandRan(Event, total=False):
    """A shell command ended, or was killed at its deadline."""

    command: str
    rc: int | None  # exit code; null: killed at the deadline
    output: str  # the last 4000 bytes of both streams
    output_bytes: int
    begin_ns: int
    end_ns: int


class Snapshot(Event, total=False):
    """Every process of the guest at one moment."""

    ns: int
    pid1: ProcessInfo | None
    services: list[ServiceRecord]
    processes: list[ProcessInfo]


class FootprintTaken(Event, total=False):
    """Memory, threads and open files of the supervision tree."""

    ns: int
    label: str
    services: int  # how many the supervisor keeps
    processes: list[ProcessSizes]
    total: TreeSizes
    vanished: int  # processes that ended while they were read
    method: str


class CpuMarked(Event, total=False):
    """What the supervision tree has used up to now."""

    label: str
    begin_ns: int
    end_ns: int
    total: CpuUsage
    processes: list[ProcessUsage]
    method: str


class CpuWindow(Event, total=False):
    """What the supervision tree used in a window."""

    label: str
    begin_ns: int
    end_ns: int
    total: CpuUsage
    processes: int  # at the end
    came: list[str]
    went: list[str]
    method: str


# ---- trials ----------------------------------------------------------------------------------


class RestartTrial(Event, total=False):
    """One trial: the daemon is killed, and its successor starts."""

    service: str
    """Name of the service."""
    group: Word
    """`long` or `short` uptime; scale: the size; `fresh`: a kill before a trial."""
    trial: int
    """Number of the trial in its guest, from 0."""
    warmup: bool
    """Whether it is left out of every figure."""
    signal: int
    """Number of the signal."""
    drawn_s: float
    """Uptime that was drawn, in s."""
    uptime_ns: Count
    """Uptime at the kill, in ns."""
    at_ns: int
    """The instant chosen for the kill."""
    limited_ns: int
    """How much the limit of starts delayed it, in ns."""
    pushed_ns: int
    """How much the slot delayed it, in ns."""
    deadline_s: float
    """Seconds until the trial was given up."""
    censored: bool
    """Whether no successor started within the deadline: the successor's stamps are null."""
    kill_ns: Count
    """Stamp before the kill."""
    exit_ns: Count | None
    """Stamp of the daemon's end as the measuring program saw it: an upper bound."""
    old_pid: int
    """Pid of the killed daemon in the guest."""
    old_seq: int
    """Which start of the service the killed daemon was, from 1."""
    old_main_ns: int
    """Stamp of the killed daemon's main()."""
    new_pid: int | None
    """Pid of the successor in the guest."""
    new_ppid: int | None
    """Pid of the successor's parent in the guest."""
    seq: int | None
    """Which start of the service the successor is, from 1."""
    begun_ns: Count | None
    """First stamp of the successor, at its entry point; null: it has none there."""
    main_ns: Count | None
    """Stamp of the successor's main(); null where there was none."""
    up_ns: Count | None
    """Stamp of the successor when it is up."""
    ready_ns: Count | None
    """Stamp of the successor's readiness."""
    by: str | None
    """How the start was known: `line` or `record`."""
    starts_missed: int
    """Starts before this one that were not seen."""
    lost: int
    """Lines that the daemon could not write, up to now."""
    witness: KernelStamps
    """What the kernel saw, with --trace."""


class TrialsGivenUp(Event, total=False):
    """The trials ended early: the service does not come back, or never stays up."""

    service: str
    trial: int
    why: str
    remaining: int
    patience_s: float


class StormEnded(Event, total=False):
    """All services of a list were killed at once."""

    begin_ns: int
    end_ns: int
    deadline_s: float
    asked: int  # services that were to be killed
    killed: list[StormKill]


class ServicesGathered(Event, total=False):
    """Many services were waited for."""

    begin_ns: int
    end_ns: int
    asked: int
    down: int
    missing: list[str]  # the first 20 that are down
    first_ns: int | None  # first and last start of the new ones
    last_ns: int | None
    stall_s: float
    starts: int  # of the new ones, by their records
    lost: int  # of those starts: without a known stamp


class OrphansReaped(Event, total=False):
    """All processes of one name were waited to be gone."""

    comm: str
    begin_ns: int
    made_ns: int | None  # when the last of them was made
    end_ns: int
    left: int  # still there at the deadline
    zombies: int
    most_zombies: int  # at once
    looks: int
    deadline_s: float
