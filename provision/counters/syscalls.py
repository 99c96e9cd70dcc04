"""Counting the system calls of processes of this kernel, by its own tracepoint."""

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

# perf_event_open(2): its number by architecture, and what is used of its structure.
_NUMBERS = {"x86_64": 298, "aarch64": 241}
_TRACEPOINT, _INHERIT, _CLOSE_ON_EXEC = 2, 2, 8
_ATTRIBUTES, _SIZE = struct.Struct("=IIQQQQQ"), 112
_TRACEFS = Path("/sys/kernel/tracing")
_EVENT = "raw_syscalls/sys_enter"


@dataclass
class SyscallCount:
    """The system calls of a block of time, to be read when it is over.

    count: None where they were not counted, and then why says the reason. ns: how long it lasted.
    """

    count: int | None = None
    ns: int = 0
    why: str = ""


@contextmanager
def count_syscalls(pids: Iterable[int]) -> Iterator[SyscallCount]:
    """Count what those processes of the host, and what they start, call for the time of the block.

    The kernel counts by itself: nothing is written anywhere, and the counters go with this process.
    """
    calls = SyscallCount()
    with ExitStack() as held:
        try:
            counters = [held.enter_context(each) for each in _counters(pids)]
            calls.why = "" if counters else "none of these processes lives"
        except OSError as failure:
            counters = []
            calls.why = f"the kernel does not count system calls here: {failure.strerror}"
        begin_ns, before = time.monotonic_ns(), _sum(counters)
        yield calls
        calls.ns = time.monotonic_ns() - begin_ns
        if counters:
            calls.count = _sum(counters) - before


def _counters(pids: Iterable[int]) -> Iterator[FileIO]:
    """A counter for each of their threads, which counts for its children, too. Raises OSError."""
    number, event = _NUMBERS.get(platform.machine()), _event()
    if number is None:
        raise OSError(0, f"it is not known how on {platform.machine()}")
    libc = ctypes.CDLL(None, use_errno=True)
    asked = _ATTRIBUTES.pack(_TRACEPOINT, _SIZE, event, 0, 0, 0, _INHERIT).ljust(_SIZE, b"\0")
    for thread in [thread for pid in pids for thread in _threads(pid)]:
        counter = libc.syscall(number, asked, thread, -1, -1, _CLOSE_ON_EXEC)
        if counter >= 0:
            yield FileIO(counter)
        elif ctypes.get_errno() != errno.ESRCH:  # it may have ended
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def _threads(pid: int) -> list[int]:
    with contextlib.suppress(OSError):
        return [int(task.name) for task in Path(f"/proc/{pid}/task").iterdir()]
    return []


def _sum(counters: Iterable[FileIO]) -> int:
    return sum(int.from_bytes(each.read(8), "little") for each in counters)


@cache
def _event() -> int:
    """The kernel's number of the tracepoint, from a tracefs mounted for that look alone."""
    show = f"mount -t tracefs tracefs {_TRACEFS} && cat {_TRACEFS}/events/{_EVENT}/id"
    shown = subprocess.run(
        ["unshare", "--mount", "sh", "-c", show], capture_output=True, text=True, check=False
    )
    if shown.returncode:
        raise OSError(0, shown.stderr.strip() or f"{show} failed")
    return int(shown.stdout)
