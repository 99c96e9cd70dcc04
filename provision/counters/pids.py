"""Process ids of a PID namespace, as this host and as the namespace number them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path


def pids_in_namespace_of(init: int) -> Iterator[int]:
    """The host's pids of all processes in the PID namespace of that process of the host."""
    namespace = Path(f"/proc/{init}/ns/pid").readlink()
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
