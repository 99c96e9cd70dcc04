"""A control group's memory limit, by the files of cgroup v1 or v2."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_ROOT = Path("/sys/fs/cgroup")
# Seconds between two readings: while usage is low, and once it has grown by so many MiB.
_SLOW, _FAST, _GROWN = 0.005, 0.0003, 4


@dataclass(frozen=True)
class _Files:
    """The names of a version's files. swap: the file that disallows swap where it holds 0."""

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
        """How many of its processes the kernel has killed for lack of memory (`oom_kill`)."""
        lines = (self.path / self._files.events).read_text().splitlines()
        return sum(int(line.split()[1]) for line in lines if line.startswith("oom_kill "))

    @contextmanager
    def limited(self, size: int) -> Iterator[KillCounter]:
        """Limit it to that many bytes without swap within the block; count the kernel's kills."""
        settings = {self._files.swap: "0", self._files.limit: str(size)}
        present = {name: value for name, value in settings.items() if (self.path / name).exists()}
        before = {name: (self.path / name).read_text() for name in present}
        counter = KillCounter(self)
        counter.start()
        try:
            for name, value in present.items():
                (self.path / name).write_text(value)
            yield counter
        finally:
            counter.end()
            for name, value in before.items():
                # A supervisor may have removed the group together with its service.
                with contextlib.suppress(OSError):
                    (self.path / name).write_text(value)

    @property
    def _files(self) -> _Files:
        return _VERSIONS[self.version]


class KillCounter(threading.Thread):
    """Counts the kernel's kills in a group that may vanish, with its counter, after a kill.

    systemd removes a service's group when the service has ended, and cgroup v1 counts only in the
    victim's own group, so a thread reads the counter all the time.
    """

    def __init__(self, group: MemoryGroup) -> None:
        super().__init__(daemon=True)
        self._group = group
        self._before = group.kills()
        self._highest = self._before
        self._high_usage = group.usage() + (_GROWN << 20)
        self._stopped = threading.Event()

    @property
    def kills(self) -> int:
        """How many kills there were since the limit was set."""
        return self._highest - self._before

    def run(self) -> None:
        while not self._stopped.wait(self._read()):
            pass

    def end(self) -> None:
        """Read the counter a last time, and stop."""
        self._stopped.set()
        self.join()
        self._read()

    def _read(self) -> float:
        """Read the counter; returns the seconds until the next reading."""
        with contextlib.suppress(OSError):
            self._highest = max(self._highest, self._group.kills())
            return _FAST if self._group.usage() > self._high_usage else _SLOW
        return _SLOW


def find_memory_group(
    pid: int, root: Path = _ROOT, proc: Path = Path("/proc")
) -> MemoryGroup | None:
    """The innermost group with a memory limit that this process of the host is in.

    None where the host has no memory controller, or the process has ended.
    """
    try:
        lines = (proc / str(pid) / "cgroup").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return None
    groups = {names: path for _, names, path in (line.split(":", 2) for line in lines)}
    v1 = next((path for names, path in groups.items() if "memory" in names.split(",")), None)
    if v1 is not None:
        return _innermost("v1", root / "memory", v1)
    return _innermost("v2", root, groups[""]) if "" in groups else None


def _innermost(version: str, root: Path, path: str) -> MemoryGroup | None:
    own = root / path.lstrip("/")
    for group in (own, *own.parents):
        if group == root or root not in group.parents:
            return None
        if (group / _VERSIONS[version].limit).exists():
            return MemoryGroup(version, group)
    return None
