"""A trace of the kernel's events, indexed by process and by guest."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import takewhile
from operator import attrgetter


@dataclass(frozen=True)
class TraceEvent:
    """One event of the kernel.

    ns: its time, CLOCK_MONOTONIC in whole us. pid: on the host; of a fork, the parent's. text: what
    was written to the trace marker.
    """

    ns: int
    pid: int
    text: str = ""


# A process: its pid on the host, which others have before and after it, and the time of its fork
# in ns; 0: before the trace.
Life = tuple[int, int]


@dataclass(frozen=True)
class NamespaceRecord:
    """The pid namespace of a process, as the tracer read it from /proc.

    The process is a daemon, or, where that had exited, its nearest living ancestor. pid: on the
    host; inode: the namespace's; inner_pid: in that namespace; ns: time of its exec or fork, 0:
    before the trace.
    """

    pid: int
    inode: int
    inner_pid: int
    ns: int


@dataclass
class Trace:
    """A trace; each list is in the order of time.

    forks: by the child's pid; wakeups: by pid, stamps in ns; lost: events that the kernel dropped.
    """

    kills: list[TraceEvent] = field(default_factory=list)
    exits: list[TraceEvent] = field(default_factory=list)
    forks: dict[int, list[TraceEvent]] = field(default_factory=lambda: defaultdict(list))
    execs: list[TraceEvent] = field(default_factory=list)
    wakeups: dict[int, list[int]] = field(default_factory=lambda: defaultdict(list))
    marks: list[TraceEvent] = field(default_factory=list)
    namespace_records: list[NamespaceRecord] = field(default_factory=list)
    lost: int = 0

    @cached_property
    def records_by_namespace(self) -> dict[int, list[NamespaceRecord]]:
        """The namespace records by the namespace's inode, in the order of time.

        The kernel gives the inode of a guest that is gone to a later guest.
        """
        records: dict[int, list[NamespaceRecord]] = defaultdict(list)
        for record in sorted(self.namespace_records, key=attrgetter("ns")):
            records[record.inode].append(record)
        return records

    def life(self, pid: int, ns: int) -> Life:
        """Return the process that had that pid at that time."""
        forks = self.forks.get(pid, [])
        index = bisect_right(forks, ns, key=attrgetter("ns"))
        return pid, forks[index - 1].ns if index else 0

    def ancestors(self, life: Life) -> Iterator[Life]:
        """Yield parent, grandparent and so on, as far as the trace goes back."""
        while life[1]:
            pid, fork_ns = life
            parent = events_between(self.forks[pid], fork_ns, fork_ns)[-1].pid
            life = self.life(parent, fork_ns)
            yield life

    def starters(self, life: Life) -> set[Life]:
        """Return whose child executed the daemon that is that process, or that it was forked from.

        With the parent of that one, which may be a shell that the supervisor runs: no two guests
        have these in common. Empty where the trace does not go back so far.
        """
        line = [life, *self.ancestors(life)]
        executed = [place for place, one in enumerate(line) if one in self.execs_by_life]
        # Behind the outermost: a supervisor is no daemon, and neither is anybody above it.
        return set(line[executed[-1] + 1 : executed[-1] + 3]) if executed else set()

    @cached_property
    def kills_by_life(self) -> dict[Life, list[TraceEvent]]:
        """The kills of each process."""
        return self._by_life(self.kills)

    @cached_property
    def exits_by_life(self) -> dict[Life, list[TraceEvent]]:
        """The end of each process."""
        return self._by_life(self.exits)

    @cached_property
    def execs_by_life(self) -> dict[Life, list[TraceEvent]]:
        """The daemons that each process executed."""
        return self._by_life(self.execs)

    @cached_property
    def namespace_of(self) -> dict[Life, int]:
        """The pid namespace's inode of each process that executed a daemon, if known.

        A process that exited before the tracer read its namespace has its parent's; one that
        detached itself has its children's. Where a whole guest has gone, the nearest living
        ancestor is on the host: such a guest is not being measured.
        """
        recorded = {
            self.life(record.pid, record.ns): record.inode for record in self.namespace_records
        }
        inodes = {life: recorded[life] for life in self.execs_by_life.keys() & recorded.keys()}
        for life in self.execs_by_life.keys() - recorded.keys():
            nearest = next(filter(recorded.__contains__, self.ancestors(life)), None)
            if nearest:
                inodes[life] = recorded[nearest]
        visited = set(recorded)
        for life, inode in recorded.items():
            for ancestor in takewhile(
                lambda ancestor: ancestor not in visited, self.ancestors(life)
            ):
                visited.add(ancestor)
                if ancestor in self.execs_by_life:
                    inodes.setdefault(ancestor, inode)
        return inodes

    @cached_property
    def execs_by_namespace(self) -> dict[int, list[TraceEvent]]:
        """The daemons executed in each pid namespace, by its inode, in the order of time."""
        execs: dict[int, list[TraceEvent]] = defaultdict(list)
        for life, inode in self.namespace_of.items():
            execs[inode] += self.execs_by_life[life]
        return {inode: sorted(events, key=attrgetter("ns")) for inode, events in execs.items()}

    @property
    def unattributed(self) -> int:
        """The number of processes that executed a daemon in an unknown namespace."""
        return len(self.execs_by_life.keys() - self.namespace_of.keys())

    def _by_life(self, events: Iterable[TraceEvent]) -> dict[Life, list[TraceEvent]]:
        by_life: dict[Life, list[TraceEvent]] = defaultdict(list)
        for event in events:
            by_life[self.life(event.pid, event.ns)].append(event)
        return by_life


def events_between(events: list[TraceEvent], begin_ns: int, end_ns: int) -> list[TraceEvent]:
    """Return the events from one time to another, both included."""
    begin = bisect_left(events, begin_ns, key=attrgetter("ns"))
    return events[begin : bisect_right(events, end_ns, key=attrgetter("ns"))]
