"""Keeps one instance of the kernel's tracing, and removes it when its owner is gone.

Runs as a process of its own, in its own session, so that neither Ctrl-C nor SIGKILL of the suite
reaches it: `tracer.py OUTPUT EVENTS`, EVENTS a JSON object of `system/event` and filter, or
`tracer.py --sweep`, which removes what tracers left that were killed themselves. tracefs is mounted
in a mount namespace of its own. Prints `ready PATH` with the instance's folder, as others can reach
it; at the end of its standard input it stops tracing and prints `lost N`, the number of events that
the kernel had to drop.

`tracer.py --try EVENTS` sets it all up and removes it again: so one knows before whether it
can be done.

OUTPUT gets the kernel's own text, its stamps CLOCK_MONOTONIC in seconds to the microsecond, and for
each process that executes testd or that such a one forks a line `#ns PID INODE NSPID`: its pid
here, its pid namespace, and its pid in that one. Where it is gone by then, the line is of the
nearest that it came from and that can still be asked: children are where their parents are. Who is
there at the beginning has such a line, too.
"""

import contextlib
import ctypes
import json
import os
import re
import select
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO

CLONE_NEWNS = 0x00020000
MS_REC, MS_PRIVATE = 0x4000, 1 << 18
TRACEFS = Path("/sys/kernel/tracing")
NAME = "process-supervision"
BUFFER_KB = 16384  # a processor: seconds of a busy host
TURN = 0.1  # s: most daemons live longer, so their pids are read while they do
FORK = re.compile(
    rb"sched_process_fork: comm=(.*) pid=(\d+) child_comm=.* child_pid=(\d+)$", re.MULTILINE
)
EXEC = re.compile(rb"sched_process_exec: filename=\S*/testd pid=(\d+)")
LATELY = 1 << 16  # forks: whose parents are remembered


def mount() -> None:
    """See tracefs, in this process alone."""
    libc = ctypes.CDLL(None, use_errno=True)
    calls: tuple[Callable[[], int], ...] = (
        lambda: libc.unshare(CLONE_NEWNS),
        lambda: libc.mount(None, b"/", None, MS_REC | MS_PRIVATE, None),
        lambda: libc.mount(b"tracefs", bytes(TRACEFS), b"tracefs", 0, None),
    )
    for call in calls:
        if call() != 0:
            number = ctypes.get_errno()
            sys.exit(f"tracefs cannot be mounted: {os.strerror(number)}")


def started(pid: int) -> str:
    """When a process began, in ticks: its pid may be another's later. Empty if it is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[19]
    except (OSError, IndexError):
        return ""


def sweep() -> None:
    """Remove the instances of tracers that are no more."""
    for instance in (TRACEFS / "instances").glob(f"{NAME}-*-*"):
        _, pid, since = instance.name.rsplit("-", 2)
        if started(int(pid)) != since:
            with contextlib.suppress(OSError):
                instance.rmdir()


def remove(instance: Path) -> None:
    """Remove an instance; the kernel refuses while somebody has a file of it open."""
    for _ in range(20):
        try:
            instance.rmdir()
            return
        except OSError:
            time.sleep(TURN)


def set_up(instance: Path, events: dict[str, str]) -> None:
    """The clock of everybody else, and those events."""
    (instance / "trace_clock").write_text("mono")
    (instance / "buffer_size_kb").write_text(str(BUFFER_KB))
    for event, wanted in events.items():
        folder = instance / "events" / event
        if wanted:
            (folder / "filter").write_text(wanted)
        (folder / "enable").write_text("1")


def named(pid: int) -> str:
    """The `#ns` line of that process; empty if it is gone."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(errors="replace")
        inode = os.readlink(f"/proc/{pid}/ns/pid")[5:-1]  # noqa: PTH115
    except OSError:
        return ""
    inner = re.search(r"^NSpid:.*?(\d+)$", status, re.M)
    return f"#ns {pid} {inode} {inner.group(1)}\n" if inner else ""


class ForkTable:
    """Whose child each process is that was forked lately: most are gone before one can ask."""

    def __init__(self) -> None:
        self.parents: dict[int, int] = {}

    def names(self, data: bytes) -> bytes:
        """The `#ns` lines of the daemons that appear in those lines of the trace."""
        new = [int(pid) for pid in EXEC.findall(data)]
        for comm, parent, child in FORK.findall(data):
            self._born(int(child), int(parent))
            if comm.startswith(b"testd"):
                new.append(int(child))
        return "".join(self._nearest(pid) for pid in new).encode()

    def _born(self, child: int, parent: int) -> None:
        self.parents.pop(child, None)  # a pid that comes round is the youngest again
        self.parents[child] = parent
        if len(self.parents) > LATELY:
            del self.parents[next(iter(self.parents))]

    def _nearest(self, pid: int) -> str:
        """The line of that process, or of the nearest that it came from and that is there."""
        asked: set[int] = set()
        while pid and pid not in asked:
            line = named(pid)
            if line:
                return line
            asked.add(pid)
            pid = self.parents.get(pid, 0)
        return ""


def drain(pipe: int, output: IO[bytes], rest: bytes, kin: ForkTable) -> bytes:
    """Copy whole lines; returns the piece of one that is not there yet."""
    while True:
        try:
            data = os.read(pipe, 1 << 16)
        except BlockingIOError:
            output.flush()
            return rest
        whole, mark, rest = (rest + data).rpartition(b"\n")
        output.write(whole + mark + kin.names(whole))


def lost(instance: Path) -> int:
    """How many events were dropped, over all processors."""
    text = "".join(each.read_text() for each in instance.glob("per_cpu/cpu*/stats"))
    return sum(int(n) for n in re.findall(r"(?:overrun|dropped events): (\d+)", text))


def trace(instance: Path, output: Path, events: dict[str, str]) -> None:
    """Trace until standard input ends."""
    set_up(instance, events)
    pipe = os.open(instance / "trace_pipe", os.O_RDONLY | os.O_NONBLOCK)
    rest, kin = b"", ForkTable()
    with output.open("wb") as stream:
        for each in Path("/proc").glob("[0-9]*"):
            stream.write(named(int(each.name)).encode())
        print(f"ready /proc/{os.getpid()}/root{instance}", flush=True)
        while not select.select([0], [], [], TURN)[0]:
            rest = drain(pipe, stream, rest, kin)
        (instance / "tracing_on").write_text("0")
        drain(pipe, stream, rest, kin)
    os.close(pipe)
    print(f"lost {lost(instance)}", flush=True)


def main() -> None:
    """Sweep, and trace unless that was all."""
    mount()
    sweep()
    if sys.argv[1:] == ["--sweep"]:
        return
    instance = TRACEFS / "instances" / f"{NAME}-{os.getpid()}-{started(os.getpid())}"
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        instance.mkdir()
        if sys.argv[1] == "--try":
            set_up(instance, json.loads(sys.argv[2]))
        else:
            trace(instance, Path(sys.argv[1]), json.loads(sys.argv[2]))
    except OSError as failure:
        sys.exit(f"tracing failed: {failure}")
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        remove(instance)


if __name__ == "__main__":
    main()
