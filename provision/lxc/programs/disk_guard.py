"""Watches how much of the host's disk a guest takes, for the guest's keeper.

There may be no quotas, so the keeper looks every SECONDS and ends a guest that takes too much. As a
rule a look is one system call: the guest's own part is counted only where the disk has lost so much
since the last count that the guest could be beyond its limit. What a guest writes between two looks
is not prevented, nor what others have freed meanwhile.

Like the keeper, with which it is loaded, it imports nothing of the project.
"""

import os
import stat
import subprocess
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

SECONDS = 1.0
# Below so many free bytes every guest that holds much has to end; what each holds is counted again
# after every further STEP that the disk has lost.
LITTLE, MUCH, STEP = 256 << 20, 64 << 20, 4 << 20
# A guest whose files take longer than this to count, in s, has too many.
_SECONDS_TO_COUNT = 20.0


@dataclass(frozen=True)
class Space:
    """An amount of disk in bytes and files: free on a disk, or held by a guest."""

    size: int
    files: int


class DiskGuard:
    """Tells when a guest has to end, by what it has written into its folder.

    limit: how much it may hold. processes: the pids of its processes on the host.
    """

    def __init__(self, home: Path, limit: Space, processes: Callable[[], Iterable[int]]) -> None:
        self._home = home
        self._limit = limit
        self._processes = processes
        self._most_free = free_space(home)
        self._held = Space(0, 0)

    def fault(self) -> str:
        """Say why the guest has to end; empty where it may go on."""
        free = free_space(self._home)
        if not self._could_hold_too_much(free):
            self._most_free = Space(
                max(free.size, self._most_free.size), max(free.files, self._most_free.files)
            )
            return ""
        self._most_free = free
        try:
            self._held = self._count()
        except subprocess.TimeoutExpired:
            return f"it has more files than can be counted in {_SECONDS_TO_COUNT:g} s"
        return self._judge(self._held, free)

    def _could_hold_too_much(self, free: Space) -> bool:
        """Tell whether all that the disk has lost would bring the guest beyond its limit."""
        lost = Space(self._most_free.size - free.size, self._most_free.files - free.files)
        return (
            self._held.size + lost.size > self._limit.size
            or self._held.files + lost.files > self._limit.files
            or (free.size < LITTLE and lost.size >= STEP)
        )

    def _judge(self, held: Space, free: Space) -> str:
        if held.size > self._limit.size:
            return f"it holds {_mib(held.size)} of disk; its limit is {_mib(self._limit.size)}"
        if held.files > self._limit.files:
            return f"it has {held.files} files; its limit is {self._limit.files}"
        if free.size < LITTLE and held.size > MUCH:
            return f"the disk has {_mib(free.size)} left, and it holds {_mib(held.size)} of it"
        return ""

    def _count(self) -> Space:
        """Count what the guest holds. Raises subprocess.TimeoutExpired."""
        upper = self._home / "upper"
        size = _du(upper, "--block-size=1") + deleted_size(self._processes())
        return Space(size, _du(upper, "--inodes"))


def free_space(folder: Path) -> Space:
    """How much is free on that folder's disk for those who are not the host's root."""
    state = os.statvfs(folder)
    return Space(state.f_bavail * state.f_frsize, state.f_favail)


def _du(folder: Path, unit: str) -> int:
    """Count by du, which does not recurse and does not leave the file system."""
    command = ["du", "--summarize", "--one-file-system", unit, str(folder)]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=_SECONDS_TO_COUNT
    )
    return int(done.stdout.split("\t")[0] or 0)


def deleted_size(processes: Iterable[int]) -> int:
    """How many bytes on a disk those processes keep in files that have no name any more."""
    sizes: dict[tuple[int, int], int] = {}
    for pid in processes:
        try:
            device = Path(f"/proc/{pid}/root").stat().st_dev
            links = [*Path(f"/proc/{pid}/fd").iterdir(), *Path(f"/proc/{pid}/map_files").iterdir()]
        except OSError:  # it has just ended
            continue
        for link in links:
            try:
                state = link.stat()
            except OSError:
                continue
            if stat.S_ISREG(state.st_mode) and not state.st_nlink and state.st_dev == device:
                sizes[state.st_dev, state.st_ino] = state.st_blocks * 512
    return sum(sizes.values())


def _mib(size: int) -> str:
    return f"{size >> 20} MiB"
