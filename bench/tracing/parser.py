"""What the kernel's tracepoints say of a run: a second witness beside the suite's own stamps."""

from __future__ import annotations

import gzip
import json
import os
import re
import shutil
import subprocess
import sys
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from itertools import takewhile
from operator import attrgetter
from pathlib import Path

from bench.tracing import tracer
from provision.errors import Problem

_LINE = re.compile(r"^.*-(\d+)\s+\[\d+\]\s+\S+\s+(\d+)\.(\d+): (\w+): (.*)$")
_PID = re.compile(r"\bpid=(\d+)")
_FORK = re.compile(r"^comm=.* pid=(\d+) child_comm=.* child_pid=(\d+)$")
_WAKING = re.compile(r"^comm=.* pid=(\d+) prio=\d+")


@dataclass(frozen=True)
class TraceEvent:
    """Something the kernel saw: when (ns, CLOCK_MONOTONIC, whole us), and which pid of the host's.

    Of a fork, the parent's pid; text: what was written to the trace marker.
    """

    ns: int
    pid: int
    text: str = ""


# A process by its pid, which others have before and after it, and when (ns) it was forked; 0: that
# was before the trace.
Life = tuple[int, int]


@dataclass(frozen=True)
class Known:
    """A process's pid on the host, its pid namespace's inode, its pid in there, and when it began.

    That of a daemon, or, where it was gone already, of the nearest that it came from. ns: when it
    was executed or forked; 0: that was before the trace.
    """

    pid: int
    inode: int
    inner: int
    ns: int


@dataclass
class Trace:
    """A trace, each kind of event in the order of time.

    born: forks by the child's pid; wakings: by pid, when (ns) it was woken up. lost: how many
    events the kernel had to drop.
    """

    kills: list[TraceEvent] = field(default_factory=list)
    ends: list[TraceEvent] = field(default_factory=list)
    born: dict[int, list[TraceEvent]] = field(default_factory=lambda: defaultdict(list))
    execs: list[TraceEvent] = field(default_factory=list)
    wakings: dict[int, list[int]] = field(default_factory=lambda: defaultdict(list))
    marks: list[TraceEvent] = field(default_factory=list)
    known: list[Known] = field(default_factory=list)
    lost: int = 0

    def inner(self, inode: int) -> dict[int, list[int]]:
        """Pid in that namespace -> the pids on the host of who is known to have had it."""
        found: dict[int, list[int]] = defaultdict(list)
        for each in self.of_namespace.get(inode, ()):
            if each.pid not in found[each.inner]:
                found[each.inner].append(each.pid)
        return found

    @cached_property
    def of_namespace(self) -> dict[int, list[Known]]:
        """Who is known to be in each pid namespace, by its inode."""
        found: dict[int, list[Known]] = defaultdict(list)
        for each in self.known:
            found[each.inode].append(each)
        return found

    def life(self, pid: int, ns: int) -> Life:
        """Whose the pid was at that instant."""
        births = self.born.get(pid, [])
        at = bisect_right(births, ns, key=attrgetter("ns"))
        return pid, births[at - 1].ns if at else 0

    def line(self, life: Life) -> Iterator[Life]:
        """Who forked that process, who forked that one, and so on, as far as the trace tells."""
        while life[1]:
            pid, birth = life
            parent = within(self.born[pid], birth, birth)[-1].pid
            life = self.life(parent, birth)
            yield life

    @cached_property
    def killed(self) -> dict[Life, list[TraceEvent]]:
        """The kills of each process."""
        return self._by_life(self.kills)

    @cached_property
    def ended(self) -> dict[Life, list[TraceEvent]]:
        """The end of each process."""
        return self._by_life(self.ends)

    @cached_property
    def executed(self) -> dict[Life, list[TraceEvent]]:
        """What each process executed."""
        return self._by_life(self.execs)

    @cached_property
    def homes(self) -> dict[Life, int]:
        """The pid namespace's inode of each process that executed a daemon; without it: not known.

        Who is gone too soon to be asked is where its parent is, and who detaches itself where its
        children are. Where a whole guest is gone as soon, that leads to the host: such a one is not
        being measured.
        """
        known = {self.life(each.pid, each.ns): each.inode for each in self.known}
        found = {life: known[life] for life in self.executed.keys() & known.keys()}
        for life in self.executed.keys() - known.keys():
            nearest = next((each for each in self.line(life) if each in known), None)
            if nearest:
                found[life] = known[nearest]
        looked_at = set(known)
        for life, inode in known.items():
            for each in takewhile(lambda each: each not in looked_at, self.line(life)):
                looked_at.add(each)
                if each in self.executed:
                    found.setdefault(each, inode)
        return found

    @cached_property
    def executed_in(self) -> dict[int, list[TraceEvent]]:
        """What was executed in each pid namespace, by its inode, in the order of time."""
        found: dict[int, list[TraceEvent]] = defaultdict(list)
        for life, inode in self.homes.items():
            found[inode] += self.executed[life]
        return {inode: sorted(each, key=attrgetter("ns")) for inode, each in found.items()}

    def _by_life(self, happenings: Iterable[TraceEvent]) -> dict[Life, list[TraceEvent]]:
        found: dict[Life, list[TraceEvent]] = defaultdict(list)
        for each in happenings:
            found[self.life(each.pid, each.ns)].append(each)
        return found


def parse(lines: Iterable[str]) -> Trace:
    """Read the text that the tracer wrote. Lines of other events are none of ours."""
    trace = Trace()
    began: dict[int, int] = {}
    for line in lines:
        if line.startswith("#ns "):
            pid, inode, inner = (int(word) for word in line.split()[1:])
            trace.known.append(Known(pid, inode, inner, began.get(pid, 0)))
            continue
        found = _LINE.match(line)
        if found:
            _take(trace, found, began)
    # The processors' buffers are merged as they are read, a turn at a time.
    for events in (trace.kills, trace.ends, trace.execs, trace.marks, *trace.born.values()):
        events.sort(key=attrgetter("ns"))
    for stamps in trace.wakings.values():
        stamps.sort()
    return trace


def _take(trace: Trace, found: re.Match[str], began: dict[int, int]) -> None:
    task, seconds, fraction, event, rest = found.groups()
    ns = int(seconds) * 10**9 + int(fraction.ljust(9, "0"))
    if event == "sched_waking":
        waking = _WAKING.search(rest)
        if waking:
            trace.wakings[int(waking[1])].append(ns)
    elif event == "sched_process_fork":
        fork = _FORK.search(rest)
        if fork:
            trace.born[int(fork[2])].append(TraceEvent(ns, int(fork[1])))
            began[int(fork[2])] = ns
    elif event == "tracing_mark_write":
        trace.marks.append(TraceEvent(ns, int(task), text=rest))
    elif event in ("signal_generate", "sched_process_exit", "sched_process_exec"):
        kind = {"signal_generate": trace.kills, "sched_process_exit": trace.ends,
                "sched_process_exec": trace.execs}[event]  # fmt: skip
        pid = _PID.search(rest)
        if pid:
            kind.append(TraceEvent(ns, int(pid[1])))
        if pid and event == "sched_process_exec":
            began[int(pid[1])] = ns


def within(events: list[TraceEvent], low: int, high: int) -> list[TraceEvent]:
    """The events from one instant to the other (ns, both included)."""
    low_at = bisect_left(events, low, key=attrgetter("ns"))
    return events[low_at : bisect_right(events, high, key=attrgetter("ns"))]


def lack() -> str:
    """Why this host's kernel cannot be traced from here; empty where it can."""
    if not sys.platform.startswith("linux"):
        return "tracing needs Linux"
    if os.geteuid() != 0:
        return "tracing needs root"
    tried = _run("--try", json.dumps(events(())))
    return tried.stderr.strip() if tried.returncode else ""


def sweep() -> None:
    """Remove what tracers left in the kernel that were killed."""
    if os.geteuid() == 0 and sys.platform.startswith("linux"):
        _run("--sweep")


def _run(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-I", "-S", tracer.__file__, *words]
    return subprocess.run(
        command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
    )


def events(supervision: Iterable[str]) -> dict[str, str]:
    """What is traced, and the filters: name patterns of whose awakening is of interest."""
    awake = " || ".join(f'comm ~ "{name}"' for name in sorted(supervision))
    return {
        "signal/signal_generate": "sig == 9",
        "sched/sched_process_exit": 'comm ~ "testd*"',
        "sched/sched_process_fork": "",
        "sched/sched_process_exec": 'filename ~ "*/testd"',
        **({"sched/sched_waking": awake} if awake else {}),
    }


@dataclass
class Tracing:
    """A trace that is being taken. instance: its folder in tracefs, reachable by root.

    lost: how many events the kernel had to drop, None until it is over and whole.
    """

    output: Path
    instance: Path
    lost: int | None = None

    @property
    def marker(self) -> Path:
        """What is written there appears in the trace, stamped by the kernel."""
        return self.instance / "trace_marker"

    def read(self) -> Trace:
        """What was seen, once the block is over and it is whole; the text becomes OUTPUT.gz."""
        assert self.lost is not None
        with self.output.open(errors="replace") as lines:
            trace = parse(lines)
        with self.output.open("rb") as text, gzip.open(f"{self.output}.gz", "wb", 3) as packed:
            shutil.copyfileobj(text, packed)
        self.output.unlink()
        trace.lost = self.lost
        return trace


@contextmanager
def tracing(output: Path, wanted: Mapping[str, str]) -> Iterator[Tracing]:
    """Trace those events (see `events`) for the time of the block. Raises Problem."""
    process = subprocess.Popen(
        [sys.executable, "-I", "-S", tracer.__file__, str(output), json.dumps(dict(wanted))],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdin and process.stdout and process.stderr
    said = process.stdout.readline().split()
    if said[:1] != ["ready"]:
        raise Problem(
            "The kernel cannot be traced here.",
            known=process.stderr.read().strip(),
            advice="Measure without --trace.",
        )
    taken = Tracing(output, Path(said[1]))
    try:
        yield taken
    finally:
        process.stdin.close()
        said = process.stdout.readline().split()
        process.wait()
        taken.lost = int(said[1]) if said[:1] == ["lost"] else None
    if taken.lost is None:
        raise Problem(
            "The trace ended before what it should see.",
            known=f"{process.stderr.read().strip()}\nexit code {process.returncode}",
            advice="What was measured is kept, without it; --trace writes much to the results.",
        )
