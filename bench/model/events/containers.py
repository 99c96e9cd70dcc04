"""The events of scenarios about a container's PID 1, which the suite itself adds."""

from __future__ import annotations

from typing import Literal

from bench.model.events.parts import Event

# Who runs in the container: the program that PID 1 has started; a process in the program's group;
# one in another group of its session; one in a session of its own.
Member = Literal["child", "group", "session", "apart"]
MEMBERS: tuple[Member, ...] = ("child", "group", "session", "apart")


class WitnessNote(Event, total=False):
    """A line that the witness wrote: what one of its processes did or got."""

    who: Member
    # entry: the program was executed; main: it began, and start: it waits, with its pid; signal: it
    # got one; stopped: one stopped it; end: it ends; left: all of --orphans or --zombies are there;
    # failed: it could not make a process.
    what: str
    number: int  # of the signal; of what was left; errno
    sender: int  # pid, as the program sees it; 0: from outside the container
    ns: int


class SignalToPid1(Event, total=False):
    """A signal was sent to PID 1 from outside the container, as an engine does it."""

    number: int
    ns: int
    ended: bool  # PID 1 ended of it
    seconds: float  # until then, or for which was waited


class ContainerEnded(Event, total=False):
    """A container ended, or was killed by SIGKILL at the end of its grace."""

    seconds: float  # since the request; where there was none, since the program's own end
    killed: bool
    status: int | None  # what PID 1 told its engine: exit status, or 128 and a signal's number
    expected: int | None  # what the program ended with, written in the same way
