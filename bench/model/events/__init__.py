"""The events of samples.jsonl: one TypedDict for each kind, and its name as an `EventKind`.

The measuring program prints most of them (`program`); scenarios add a few (`added`). On disk an
event is one JSON object a line. `event` names its kind; every other key may be absent: older runs
lack some, and a test gives only those that a judge reads.

Units: a key that ends in `_ns` is a stamp in nanoseconds of the guest's CLOCK_MONOTONIC, one that
ends in `_s` is in seconds; memory (`Vm...`, `Pss`, `Private_Dirty`) is in kB.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar, cast

from bench.model.events.added import (
    ChangeInForce,
    MachineOff,
    MeasurementCut,
    MemoryLimited,
    NoAnnouncement,
    NoMemoryLimit,
    OutputRead,
    SupervisorDied,
    SyscallsCounted,
    TermNoted,
)
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
    Restart,
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
    """A kind of event: its name, as `event` has it, and the type of its events."""

    name: str


HELLO = EventKind[Hello]("hello")
STEP = EventKind[StepBegun]("step")
ERROR = EventKind[StepFailed]("error")
END = EventKind[PlanEnded]("end")
NOISE = EventKind[FifoNoise]("noise")
STARTED = EventKind[ServiceEvent]("start")
READY = EventKind[ServiceEvent]("ready")
EXITED = EventKind[ServiceEvent]("exit")
GONE = EventKind[ServiceEvent]("gone")
UP = EventKind[ServiceEvent]("up")
DOWN = EventKind[ServiceDown]("down")
ALIVE = EventKind[ServiceAlive]("alive")
STARTS = EventKind[StartsCounted]("starts")
MODE = EventKind[ModeSet]("mode")
SIGNALLED = EventKind[SignalSent]("signalled")
RAN = EventKind[CommandRan]("ran")
SNAPSHOT = EventKind[Snapshot]("processes")
FOOTPRINT = EventKind[FootprintTaken]("footprint")
CPU_MARK = EventKind[CpuMarked]("cpu_mark")
CPU = EventKind[CpuWindow]("cpu")
RESTART = EventKind[Restart]("sample")
GAVE_UP = EventKind[TrialsGivenUp]("gaveup")
STORM = EventKind[StormEnded]("storm")
GATHERED = EventKind[ServicesGathered]("gathered")
REAPED = EventKind[OrphansReaped]("reaped")
OFF = EventKind[MachineOff]("off")
CUT = EventKind[MeasurementCut]("cut")
TOLD = EventKind[TermNoted]("told")
DIED = EventKind[SupervisorDied]("died")
SYSCALLS = EventKind[SyscallsCounted]("syscalls")
WRITTEN = EventKind[OutputRead]("written")
IN_FORCE = EventKind[ChangeInForce]("in force")
MEMORY_LIMIT = EventKind[MemoryLimited]("memory")
NO_LIMIT = EventKind[NoMemoryLimit]("no limit")
NO_ANNOUNCEMENT = EventKind[NoAnnouncement]("no announcement")


def events_of_kind(events: Iterable[Event], kind: EventKind[E]) -> list[E]:
    """Return the events of one kind, in their order."""
    return [cast(E, event) for event in events if event["event"] == kind.name]
