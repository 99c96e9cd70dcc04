"""Counts the system calls of processes of this kernel, by the kernel's own tracepoint."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import platform
import struct
import subprocess
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache
from io import FileIO
from pathlib import Path

# perf_event_open(2): its number by architecture, and the fields of its structure that are used.
_NUMBERS = {"x86_64": 298, "aarch64": 241}
_TRACEPOINT, _INHERIT, _CLOSE_ON_EXEC = 2, 2, 8
_ATTRIBUTES, _SIZE = struct.Struct("=IIQQQQQ"), 112
_TRACEFS = Path("/sys/kernel/tracing")
_EVENT = "raw_syscalls/sys_enter"


@dataclass
class SyscallCount:
    """The system calls within a block, to be read after its end.

    count: None where they were not counted; then why_not gives the reason. duration_ns: of the
    block.
    """

    count: int | None = None
    duration_ns: int = 0
    why_not: str = ""


@contextmanager
def count_syscalls(pids: Iterable[int]) -> Iterator[SyscallCount]:
    """Count the system calls of those processes of the host, and of their children, in the block.

    The kernel counts: nothing is written anywhere, and the counters end with this process.
    """
    result = SyscallCount()
    with ExitStack() as open_counters:
        try:
            counters = [open_counters.enter_context(counter) for counter in _counters(pids)]
            result.why_not = "" if counters else "none of these processes lives"
        except OSError as failure:
            counters = []
            result.why_not = f"the kernel does not count system calls here: {failure.strerror}"
        begin_ns, before = time.monotonic_ns(), _sum(counters)
        yield result
        result.duration_ns = time.monotonic_ns() - begin_ns
        if counters:
            result.count = _sum(counters) - before


def _counters(pids: Iterable[int]) -> Iterator[FileIO]:
    """A counter for each thread of those processes and its children. Raises OSError."""
    number, event = _NUMBERS.get(platform.machine()), _event()
    if number is None:
        raise OSError(0, f"the call's number on {platform.machine()} is unknown")
    libc = ctypes.CDLL(None, use_errno=True)
    attributes = _ATTRIBUTES.pack(_TRACEPOINT, _SIZE, event, 0, 0, 0, _INHERIT).ljust(_SIZE, b"\0")
    for thread in [thread for pid in pids for thread in _threads(pid)]:
        counter = libc.syscall(number, attributes, thread, -1, -1, _CLOSE_ON_EXEC)
        if counter >= 0:
            yield FileIO(counter)
        elif ctypes.get_errno() != errno.ESRCH:  # it may have ended
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def _threads(pid: int) -> list[int]:
    with contextlib.suppress(OSError):
        return [int(task.name) for task in Path(f"/proc/{pid}/task").iterdir()]
    return []


def _sum(counters: Iterable[FileIO]) -> int:
    return sum(int.from_bytes(counter.read(8), "little") for counter in counters)


@cache
def _event() -> int:
    """The kernel's number of the tracepoint, read from a tracefs mounted for this alone.

    Where the host has mounted it, that is read: it cannot be mounted there again. Raises OSError.
    """
    number = _TRACEFS / "events" / _EVENT / "id"
    show = f"test -e {number} || mount -t tracefs tracefs {_TRACEFS} && cat {number}"
    shown = subprocess.run(
        ["unshare", "--mount", "sh", "-c", show], capture_output=True, text=True, check=False
    )
    if shown.returncode:
        raise OSError(0, shown.stderr.strip() or f"{show} failed")
    return int(shown.stdout)
