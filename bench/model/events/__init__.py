"""The events of samples.jsonl: one TypedDict for each kind, and its name as an `EventKind`.

The measuring program prints most of them (`program`); the suite adds a few (`added`). On disk an
event is one JSON object a line. `event` names its kind; every other key may be absent: older runs
lack some, and a test gives only those that a judge reads.

Units: a key that ends in `_ns` is a stamp in nanoseconds of the guest's CLOCK_MONOTONIC, one that
ends in `_s` is in seconds; memory (`Vm...`, `Pss`, `Private_...`) is in kB.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Generic, TypeGuard, TypeVar

from bench.model.events.added import (
    ChangeInForce,
    MachineOff,
    MeasurementCut,
    MemoryLimited,
    NoAnnouncement,
    NoMemoryLimit,
    OutputRead,
    StateVerified,
    SupervisorDied,
    SyscallsCounted,
    TermNoted,
)
from bench.model.events.containers import ContainerEnded, SignalToPid1, WitnessNote
from bench.model.events.parts import Event as Event
from bench.model.events.program import (
    CommandRan,
    CpuMarked,
    CpuWindow,
    FifoNoise,
    FootprintTaken,
    Hello,
    ModeSet,
    OrphansReaped,
    PlanEnded,
    ProgramUnready,
    RestartTrial,
    ServiceAlive,
    ServiceDown,
    ServiceEvent,
    ServicesGathered,
    SignalSent,
    Snapshot,
    StartsCounted,
    StepBegun,
    StepFailed,
    StormEnded,
    TrialsGivenUp,
)

E = TypeVar("E", bound=Event)


@dataclass(frozen=True)
class EventKind(Generic[E]):
    """A kind of event."""

    # Value of `event`.
    name: str
    # Type of its events.
    type: type[E]


HELLO = EventKind("hello", Hello)
STEP = EventKind("step", StepBegun)
ERROR = EventKind("error", StepFailed)
END = EventKind("end", PlanEnded)
NOISE = EventKind("noise", FifoNoise)
STARTED = EventKind("start", ServiceEvent)
READY = EventKind("ready", ServiceEvent)
UNREADY = EventKind("unready", ProgramUnready)
EXITED = EventKind("exit", ServiceEvent)
GONE = EventKind("gone", ServiceEvent)
UP = EventKind("up", ServiceEvent)
BACK = EventKind("back", ServiceEvent)
DOWN = EventKind("down", ServiceDown)
ALIVE = EventKind("alive", ServiceAlive)
STARTS = EventKind("starts", StartsCounted)
MODE = EventKind("mode", ModeSet)
SIGNALLED = EventKind("signalled", SignalSent)
RAN = EventKind("ran", CommandRan)
SNAPSHOT = EventKind("processes", Snapshot)
FOOTPRINT = EventKind("footprint", FootprintTaken)
CPU_MARK = EventKind("cpu_mark", CpuMarked)
CPU = EventKind("cpu", CpuWindow)
RESTART = EventKind("sample", RestartTrial)
GAVE_UP = EventKind("gaveup", TrialsGivenUp)
STORM = EventKind("storm", StormEnded)
GATHERED = EventKind("gathered", ServicesGathered)
REAPED = EventKind("reaped", OrphansReaped)
STATE = EventKind("state", StateVerified)
OFF = EventKind("off", MachineOff)
CUT = EventKind("cut", MeasurementCut)
TERMS_NOTED = EventKind("told", TermNoted)
DIED = EventKind("died", SupervisorDied)
SYSCALLS = EventKind("syscalls", SyscallsCounted)
WRITTEN = EventKind("written", OutputRead)
IN_FORCE = EventKind("in force", ChangeInForce)
MEMORY_LIMIT = EventKind("memory", MemoryLimited)
NO_LIMIT = EventKind("no limit", NoMemoryLimit)
WITNESSED = EventKind("witnessed", WitnessNote)
SENT = EventKind("sent", SignalToPid1)
CONTAINER_ENDED = EventKind("container ended", ContainerEnded)
NO_ANNOUNCEMENT = EventKind("no announcement", NoAnnouncement)


def is_kind(event: Event, kind: EventKind[E]) -> TypeGuard[E]:
    """Tell whether the event is of that kind."""
    return event["event"] == kind.name


def events_of_kind(events: Iterable[Event], kind: EventKind[E]) -> list[E]:
    """Return the events of one kind, in their order."""
    return [event for event in events if is_kind(event, kind)]
