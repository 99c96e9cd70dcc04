"""Process ids of a PID namespace, as this host and as the namespace number them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

_PF_EXITING = 0x4  # of the flags in proc(5)'s /proc/PID/stat


def pids_in_namespace_of(init: int) -> Iterator[int]:
    """The host's pids of all processes in the PID namespace of that process of the host.

    None where that has ended.
    """
    try:
        namespace = Path(f"/proc/{init}/ns/pid").readlink()
    except OSError:
        return
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if entry.name.isdigit() and (entry / "ns" / "pid").readlink() == namespace:
                yield int(entry.name)


def pid_inside(pid: int) -> int | None:
    """The pid in its own namespace of a process of the host; None where it has ended."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("NSpid:"):
                return int(line.split()[-1])
    return None


def is_ending(pid: int) -> bool:
    """Tell whether that process of the host ends or has ended.

    The first process of a namespace has this mark before the kernel kills the others, but may
    keep its folder in /proc for long after them.
    """
    for thread in Path(f"/proc/{pid}/task").glob("*"):
        with contextlib.suppress(OSError):
            # The name before the last bracket may have brackets and blanks of its own.
            fields = (thread / "stat").read_text().rpartition(")")[2].split()
            if not int(fields[6]) & _PF_EXITING:
                return False
    return True
