"""A control group's memory limit, by the files of cgroup v1 or v2."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_ROOT = Path("/sys/fs/cgroup")
# Seconds between looks at a counter, and the MiB more in use that call for closer ones.
_SLOW, _FAST, _GROWN = 0.005, 0.0003, 4


@dataclass(frozen=True)
class _Files:
    """What a version calls its files; swap: the one in which a 0 takes swap away."""

    limit: str
    usage: str
    events: str
    swap: str


# https://docs.kernel.org/admin-guide/cgroup-v1/memory.html, .../cgroup-v2.html
_VERSIONS = {
    "v1": _Files(
        "memory.limit_in_bytes", "memory.usage_in_bytes", "memory.oom_control", "memory.swappiness"
    ),
    "v2": _Files("memory.max", "memory.current", "memory.events", "memory.swap.max"),
}


@dataclass(frozen=True)
class MemoryGroup:
    """A control group with a memory controller; version: v1 or v2."""

    version: str
    path: Path

    def usage(self) -> int:
        """Bytes charged to it now, page cache among them."""
        return int((self.path / self._files.usage).read_text())

    def kills(self) -> int:
        """How many processes the kernel has ended in it for want of memory (`oom_kill`)."""
        lines = (self.path / self._files.events).read_text().splitlines()
        return sum(int(line.split()[1]) for line in lines if line.startswith("oom_kill "))

    @contextmanager
    def limited(self, size: int) -> Iterator[KillCounter]:
        """Let it have that many bytes and no swap; as it was before when the block ends."""
        wanted = {self._files.swap: "0", self._files.limit: str(size)}
        present = {name: value for name, value in wanted.items() if (self.path / name).exists()}
        before = {name: (self.path / name).read_text() for name in present}
        tally = KillCounter(self)
        tally.start()
        try:
            for name, value in present.items():
                (self.path / name).write_text(value)
            yield tally
        finally:
            tally.end()
            for name, value in before.items():
                # A supervisor may have removed the group together with its service.
                with contextlib.suppress(OSError):
                    (self.path / name).write_text(value)

    @property
    def _files(self) -> _Files:
        return _VERSIONS[self.version]


class KillCounter(threading.Thread):
    """Counts the kernel's kills in a group that may be gone, and its counter with it, right after.

    systemd removes a service's group when the service has ended, and cgroup v1 counts in the
    victim's own group alone, so the counter is read all the while.
    """

    def __init__(self, group: MemoryGroup) -> None:
        super().__init__(daemon=True)
        self._group = group
        self._before = group.kills()
        self._most = self._before
        self._calm = group.usage() + (_GROWN << 20)
        self._over = threading.Event()

    @property
    def kills(self) -> int:
        """How many there were since the limit was set."""
        return self._most - self._before

    def run(self) -> None:
        while not self._over.wait(self._look()):
            pass

    def end(self) -> None:
        """Look a last time, and stop counting."""
        self._over.set()
        self.join()
        self._look()

    def _look(self) -> float:
        """Read the counter; returns the seconds until the next look."""
        with contextlib.suppress(OSError):
            self._most = max(self._most, self._group.kills())
            return _FAST if self._group.usage() > self._calm else _SLOW
        return _SLOW


def find_memory_group(
    pid: int, root: Path = _ROOT, proc: Path = Path("/proc")
) -> MemoryGroup | None:
    """The innermost group with a memory limit that this process of the host is in.

    None where no memory controller is to be had.
    """
    lines = (proc / str(pid) / "cgroup").read_text().splitlines()
    of = {names: path for _, names, path in (line.split(":", 2) for line in lines)}
    v1 = next((path for names, path in of.items() if "memory" in names.split(",")), None)
    if v1 is not None:
        return _innermost("v1", root / "memory", v1)
    return _innermost("v2", root, of[""]) if "" in of else None


def _innermost(version: str, root: Path, path: str) -> MemoryGroup | None:
    own = root / path.lstrip("/")
    for group in (own, *own.parents):
        if group == root or root not in group.parents:
            return None
        if (group / _VERSIONS[version].limit).exists():
            return MemoryGroup(version, group)
    return None
