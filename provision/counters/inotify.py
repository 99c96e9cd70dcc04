"""inotify instances, of which the kernel gives each user only so many."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

_LIMIT = Path("/proc/sys/fs/inotify/max_user_instances")
_PROCESSES = Path("/proc")
_INSTANCE = "anon_inode:inotify"


def instances_limit() -> int:
    """Return how many instances a user may have."""
    return int(_LIMIT.read_text())


def instances_open(least_shifted: int) -> int:
    """Return how many instances root has open, and those whose users are from that number on.

    The kernel counts for root what the users of a guest have. An instance that two processes share
    counts twice.
    """
    return sum(
        _instances_of(process)
        for process in _PROCESSES.iterdir()
        if process.name.isdigit() and _counts_for_root(process, least_shifted)
    )


def _counts_for_root(process: Path, least_shifted: int) -> bool:
    try:
        user = process.stat().st_uid
    except OSError:  # it has ended
        return False
    return user == 0 or user >= least_shifted


def _instances_of(process: Path) -> int:
    with contextlib.suppress(OSError):  # it has ended
        return sum(target == _INSTANCE for target in _open_files(process))
    return 0


def _open_files(process: Path) -> Iterator[str]:
    for descriptor in (process / "fd").iterdir():
        with contextlib.suppress(OSError):  # it was closed
            yield str(descriptor.readlink())
