"""Record events of the kernel into a file, in a process of its own.

The suite runs this file with `python -I -S`, so that it starts fast and needs nothing but the
standard library: it stays a single file, and imports nothing of the project. It has its own
session, so that neither Ctrl-C nor SIGKILL of the suite reaches it.

    tracer.py OUTPUT EVENTS   Trace until standard input ends. EVENTS: a JSON object of
                              `system/event` and filter.
    tracer.py --try EVENTS    Set up the same and remove it again: exit code 0 if tracing works.
    tracer.py --sweep         Remove only what killed tracers left behind; each call does that.

It mounts tracefs in a mount namespace of its own. It prints `ready PATH` with the folder of its
trace instance, as other processes can reach it; at the end, `lost N`, the number of events that the
kernel dropped.

OUTPUT gets the kernel's text, with stamps of CLOCK_MONOTONIC in seconds to the microsecond. A line
`#ns PID INODE INNER_PID` follows for each process that executes testd, or that testd forks: its pid
here, the inode of its pid namespace, and its pid in there. If the process has exited, the line is
of its nearest living ancestor: children are in their parents' namespace. OUTPUT begins with such a
line of every running process.
"""

import contextlib
import ctypes
import errno
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
BUFFER_KB = 16384  # for each processor: seconds of a busy host
POLL_INTERVAL = 0.1  # s: most daemons live longer, so that /proc still has them
FORK = re.compile(
    rb"sched_process_fork: comm=(.*) pid=(\d+) child_comm=.* child_pid=(\d+)$", re.MULTILINE
)
EXEC = re.compile(rb"sched_process_exec: filename=\S*/testd pid=(\d+)")
MAX_FORKS = 1 << 16  # how many forks are remembered


def mount_tracefs() -> None:
    """Mount tracefs, for this process only; where the host has mounted it, use that."""
    libc = ctypes.CDLL(None, use_errno=True)
    calls: tuple[Callable[[], int], ...] = (
        lambda: libc.unshare(CLONE_NEWNS),
        lambda: libc.mount(None, b"/", None, MS_REC | MS_PRIVATE, None),
        lambda: libc.mount(b"tracefs", bytes(TRACEFS), b"tracefs", 0, None),
    )
    for call in calls:
        if call() != 0:
            number = ctypes.get_errno()
            if number == errno.EBUSY:  # it is mounted there already
                return
            sys.exit(f"cannot mount tracefs: {os.strerror(number)}")


def start_ticks(pid: int) -> str:
    """Return a process's start in ticks, which tells reused pids apart; empty: gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[19]
    except (OSError, IndexError):
        return ""


def remove_stale_instances() -> None:
    """Remove the instances of tracers that no longer run."""
    for instance in (TRACEFS / "instances").glob(f"{NAME}-*-*"):
        _, pid, ticks = instance.name.rsplit("-", 2)
        if start_ticks(int(pid)) != ticks:
            with contextlib.suppress(OSError):
                instance.rmdir()


def remove_instance(instance: Path) -> None:
    """Remove an instance, when no process has a file of it open any more."""
    for _ in range(20):
        try:
            instance.rmdir()
            return
        except OSError:
            time.sleep(POLL_INTERVAL)


def set_up(instance: Path, events: dict[str, str]) -> None:
    """Set the clock that all others use, and enable those events."""
    (instance / "trace_clock").write_text("mono")
    (instance / "buffer_size_kb").write_text(str(BUFFER_KB))
    for event, condition in events.items():
        folder = instance / "events" / event
        if condition:
            (folder / "filter").write_text(condition)
        (folder / "enable").write_text("1")


def namespace_line(pid: int) -> str:
    """Return the `#ns` line of a process; empty if it has exited."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(errors="replace")
        inode = os.readlink(f"/proc/{pid}/ns/pid")[5:-1]  # noqa: PTH115
    except OSError:
        return ""
    inner = re.search(r"^NSpid:.*?(\d+)$", status, re.M)
    return f"#ns {pid} {inode} {inner.group(1)}\n" if inner else ""


class ForkTable:
    """Parents of recently forked processes: most exit before /proc can be read."""

    def __init__(self) -> None:
        self.parents: dict[int, int] = {}

    def namespace_lines(self, data: bytes) -> bytes:
        """Return the `#ns` lines of the daemons that appear in those lines of the trace."""
        pids = [int(pid) for pid in EXEC.findall(data)]
        for comm, parent, child in FORK.findall(data):
            self._add(int(child), int(parent))
            if comm.startswith(b"testd"):
                pids.append(int(child))
        return "".join(self._nearest_line(pid) for pid in pids).encode()

    def _add(self, child: int, parent: int) -> None:
        self.parents.pop(child, None)  # a reused pid becomes the youngest
        self.parents[child] = parent
        if len(self.parents) > MAX_FORKS:
            del self.parents[next(iter(self.parents))]

    def _nearest_line(self, pid: int) -> str:
        """Return the line of that process, or of its nearest living ancestor."""
        visited: set[int] = set()
        while pid and pid not in visited:
            line = namespace_line(pid)
            if line:
                return line
            visited.add(pid)
            pid = self.parents.get(pid, 0)
        return ""


def drain(pipe: int, output: IO[bytes], rest: bytes, forks: ForkTable) -> bytes:
    """Copy whole lines with their `#ns` lines; returns the incomplete last line.

    rest: what the previous call returned.
    """
    while True:
        try:
            data = os.read(pipe, 1 << 16)
        except BlockingIOError:
            output.flush()
            return rest
        whole, mark, rest = (rest + data).rpartition(b"\n")
        output.write(whole + mark + forks.namespace_lines(whole))


def lost_events(instance: Path) -> int:
    """Return how many events the kernel dropped, over all processors."""
    text = "".join(path.read_text() for path in instance.glob("per_cpu/cpu*/stats"))
    return sum(int(n) for n in re.findall(r"(?:overrun|dropped events): (\d+)", text))


def trace(instance: Path, output: Path, events: dict[str, str]) -> None:
    """Trace until standard input ends."""
    set_up(instance, events)
    pipe = os.open(instance / "trace_pipe", os.O_RDONLY | os.O_NONBLOCK)
    rest, forks = b"", ForkTable()
    with output.open("wb") as stream:
        for process in Path("/proc").glob("[0-9]*"):
            stream.write(namespace_line(int(process.name)).encode())
        print(f"ready /proc/{os.getpid()}/root{instance}", flush=True)
        while not select.select([0], [], [], POLL_INTERVAL)[0]:
            rest = drain(pipe, stream, rest, forks)
        (instance / "tracing_on").write_text("0")
        drain(pipe, stream, rest, forks)
    os.close(pipe)
    print(f"lost {lost_events(instance)}", flush=True)


def main() -> None:
    """Remove stale instances, then trace unless --sweep is given."""
    mount_tracefs()
    remove_stale_instances()
    if sys.argv[1:] == ["--sweep"]:
        return
    instance = TRACEFS / "instances" / f"{NAME}-{os.getpid()}-{start_ticks(os.getpid())}"
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
        remove_instance(instance)


if __name__ == "__main__":
    main()
