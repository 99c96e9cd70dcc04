"""The kernel's stamps of one restart, found in a trace."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from operator import attrgetter

from bench.model.events.program import RestartTrial
from bench.model.run_file import KernelStamps
from bench.tracing.trace import Life, NamespaceRecord, Trace, TraceEvent, events_between

# The kernel's stamps are truncated to whole microseconds, in ns; the suite's are not.
TRUNCATION = 1000
# ns after a kill in which to look for a restart that no sample saw the end of.
_SEARCH_WINDOW = 10**9


class GuestTrace:
    """One guest's part of a trace. inode: its pid namespace's."""

    def __init__(self, trace: Trace, inode: int) -> None:
        records = trace.records_by_namespace.get(inode, ())
        lives = {trace.life(record.pid, record.ns) for record in records}
        self.execs = trace.execs_by_namespace.get(inode, [])
        self._trace = trace
        self._records: dict[int, list[NamespaceRecord]] = defaultdict(list)
        for record in records:
            self._records[record.inner_pid].append(record)
        self._kills = _events_of(trace.kills_by_life, lives)
        self._exits = _events_of(trace.exits_by_life, lives)

    def add_stamps(self, restarts: Iterable[RestartTrial]) -> int:
        """Add the kernel's stamps to each restart, as `witness`; returns to how many."""
        count = 0
        for restart in restarts:
            if not restart["censored"]:
                restart["witness"] = self.stamps(restart)
                count += 1
        return count

    def stamps(self, restart: RestartTrial) -> KernelStamps:
        """Return what the kernel saw of one restart."""
        begin = restart["kill_ns"] - TRUNCATION
        end = restart["up_ns"] or restart["kill_ns"] + _SEARCH_WINDOW
        old_pid = self._host_pid(restart["old_pid"], begin)
        death = _first_stamp(self._exits, old_pid, begin, end)
        fork, descendants = self._first_fork(restart["new_pid"] or 0, begin, end)
        main = (restart["main_ns"] or 0) + TRUNCATION
        execs = [
            event for event in events_between(self.execs, begin, main) if event.pid in descendants
        ]
        if fork is None:
            fork, execs = self._started_by_same(self._trace.life(old_pid, begin), begin, main)
        return {
            "kill": _first_stamp(self._kills, old_pid, begin, end),
            "death": death,
            "awake": self._wakeup(fork, death) if fork and death else None,
            "fork": fork.ns if fork else None,
            "exec": execs[-1].ns if execs else None,
        }

    def _first_fork(self, new_pid: int, begin: int, end: int) -> tuple[TraceEvent | None, set[int]]:
        """Return the supervisor's fork behind the successor, and all pids forked from it."""
        first: TraceEvent | None = None
        descendants: set[int] = set()
        pid = self._host_pid(new_pid, end)
        while pid and (fork := _last(self._trace.forks.get(pid, []), begin, end)):
            descendants.add(pid)
            # Look for the parent's fork before this one: reused pids make no endless loop.
            first, pid, end = fork, fork.pid, fork.ns
        return first, descendants

    def _started_by_same(
        self, old: Life, begin: int, main: int
    ) -> tuple[TraceEvent | None, list[TraceEvent]]:
        """Return the fork and the execs of a daemon that started as that old one did.

        Its guest may be gone before the tracer reads its pid from /proc; whose child it was is in
        the trace.
        """
        starters = self._trace.starters(old)
        execs = [
            event
            for event in events_between(self._trace.execs, begin, main)
            if starters & self._trace.starters(self._trace.life(event.pid, event.ns))
        ]
        if not execs:
            return None, []
        return _last(self._trace.forks[execs[-1].pid], begin, main), execs

    def _host_pid(self, inner_pid: int, ns: int) -> int:
        """Return the host's pid of the process that had that pid in the guest at that time, or 0.

        It is the last one recorded by then: in an earlier guest, whose namespace had the same
        inode, another process had that pid.
        """
        records = self._records.get(inner_pid, [])
        index = bisect_right(records, ns, key=attrgetter("ns"))
        return records[index - 1].pid if index else 0

    def _wakeup(self, fork: TraceEvent, death: int) -> int | None:
        """Return when the forking process was woken up, first after the death."""
        stamps = self._trace.wakeups.get(fork.pid, [])
        index = bisect_left(stamps, death)
        return stamps[index] if index < len(stamps) and stamps[index] <= fork.ns else None


def daemon_start(restart: RestartTrial, stamps: KernelStamps) -> int | None:
    """Return the daemon's first stamp, else the kernel's of its exec, in ns.

    Its entry point takes a stamp on x86-64. The kernel's exec event is earlier: after it, the
    kernel removes what the process was before.
    """
    return restart.get("begun_ns") or stamps["exec"]


def _events_of(events: Mapping[Life, Sequence[TraceEvent]], lives: set[Life]) -> list[TraceEvent]:
    return sorted((event for life in lives for event in events.get(life, ())), key=attrgetter("ns"))


def _last(events: list[TraceEvent], begin: int, end: int) -> TraceEvent | None:
    between = events_between(events, begin, end)
    return between[-1] if between else None


def _first_stamp(events: list[TraceEvent], pid: int, begin: int, end: int) -> int | None:
    between = events_between(events, begin, end)
    return next((event.ns for event in between if event.pid == pid), None)
