"""Parsing of the tracer's output: the kernel's text and namespace records."""

from __future__ import annotations

import re
from collections.abc import Iterable
from operator import attrgetter

from bench.tracing.trace import NamespaceRecord, Trace, TraceEvent

_LINE = re.compile(r"^.*-(\d+)\s+\[\d+\]\s+\S+\s+(\d+)\.(\d+): (\w+): (.*)$")
_PID = re.compile(r"\bpid=(\d+)")
_FORK = re.compile(r"^comm=.* pid=(\d+) child_comm=.* child_pid=(\d+)$")
_WAKEUP = re.compile(r"^comm=.* pid=(\d+) prio=\d+")


def parse_trace(lines: Iterable[str]) -> Trace:
    """Parse the tracer's output; skips lines of other events."""
    trace = Trace()
    # The time of each pid's last fork or exec, in ns.
    started: dict[int, int] = {}
    for line in lines:
        if line.startswith("#ns "):
            pid, inode, inner_pid = (int(word) for word in line.split()[1:])
            record = NamespaceRecord(pid, inode, inner_pid, started.get(pid, 0))
            trace.namespace_records.append(record)
        elif match := _LINE.match(line):
            _add_event(trace, match, started)
    # The kernel merges the processors' buffers block by block, so that lines are out of order.
    for events in (trace.kills, trace.exits, trace.execs, trace.marks, *trace.forks.values()):
        events.sort(key=attrgetter("ns"))
    for stamps in trace.wakeups.values():
        stamps.sort()
    return trace


def _add_event(trace: Trace, match: re.Match[str], started: dict[int, int]) -> None:
    task, seconds, fraction, name, fields = match.groups()
    ns = int(seconds) * 10**9 + int(fraction.ljust(9, "0"))
    if name == "sched_waking":
        if wakeup := _WAKEUP.search(fields):
            trace.wakeups[int(wakeup[1])].append(ns)
    elif name == "sched_process_fork":
        if fork := _FORK.search(fields):
            parent, child = int(fork[1]), int(fork[2])
            trace.forks[child].append(TraceEvent(ns, parent))
            started[child] = ns
    elif name == "tracing_mark_write":
        trace.marks.append(TraceEvent(ns, int(task), text=fields))
    elif pid := _PID.search(fields):
        _add_process_event(trace, name, TraceEvent(ns, int(pid[1])), started)


def _add_process_event(trace: Trace, name: str, event: TraceEvent, started: dict[int, int]) -> None:
    if name == "signal_generate":
        trace.kills.append(event)
    elif name == "sched_process_exit":
        trace.exits.append(event)
    elif name == "sched_process_exec":
        trace.execs.append(event)
        started[event.pid] = event.ns
