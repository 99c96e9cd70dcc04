"""What one embedded guest may take of its host, so that a hostile one harms only itself.

Every limit is far above what a scenario needs, `scale` with 2000 services included. Control groups
bound processes and memory. The keeper's namespace bounds inotify, LXC's configuration open files.
"""

from __future__ import annotations

import contextlib
import os
import resource
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from provision.lxc import keeper, traces

# Several processes for each of the 2000 services of `scale`.
MOST_PROCESSES = 16384
_OPEN_FILES = 524288
_UNIFIED = ("", "unified")


def apply_limits(name: str) -> dict[str, int]:
    """Limit the running guest of that name, as far as this host can; return the limits in force."""
    limits: dict[str, int] = {}
    for top in sorted(traces.guest_cgroups(name)):
        for limit in _group_limits():
            # What the host has not, such as swap accounting, is missing from the result.
            with contextlib.suppress(OSError):
                (top / limit.file).write_text(str(limit.setting))
                limits[limit.name] = limit.value
    limits["open_files"] = open_files_limit()
    limits["oom_score_adj"] = keeper.OOM_SCORE
    return limits | _inotify_limits()


def open_files_limit() -> int:
    """How many files a process may open: Debian's own limit, as far as this host allows."""
    return min(_OPEN_FILES, resource.getrlimit(resource.RLIMIT_NOFILE)[1])


def memory_limit() -> int:
    """Half of this host's memory, in bytes."""
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2


def missing_limits() -> list[str]:
    """What this host cannot limit."""
    limits = list(_group_limits())
    available = {limit.name for limit in limits if _has_file(limit.file)}
    missing = dict.fromkeys(limit.name for limit in limits if limit.name not in available)
    return list(missing)


@dataclass(frozen=True)
class _GroupLimit:
    """A limit in a file of a control group. value: what it amounts to, by the setting there."""

    name: str
    file: str
    setting: int
    value: int


def _group_limits() -> Iterator[_GroupLimit]:
    """Yield the files of cgroup v1 and v2, in the order in which they can be set.

    https://docs.kernel.org/admin-guide/cgroup-v1/memory.html, .../cgroup-v2.html
    """
    most_pids = int(Path("/proc/sys/kernel/pid_max").read_text())
    processes, memory = min(MOST_PROCESSES, most_pids // 2), memory_limit()
    yield _GroupLimit("processes", "pids.max", processes, processes)
    yield _GroupLimit("memory", "memory.limit_in_bytes", memory, memory)
    yield _GroupLimit("memory", "memory.max", memory, memory)
    yield _GroupLimit("memory_and_swap", "memory.memsw.limit_in_bytes", memory, memory)
    yield _GroupLimit("memory_and_swap", "memory.swap.max", 0, memory)


def _has_file(file: str) -> bool:
    """Tell whether a guest's control groups have that file on this host."""
    controller = file.split(".")[0]
    if (traces.CGROUPS / controller).is_dir():
        # The outermost group has no pids.max.
        return controller == "pids" or (traces.CGROUPS / controller / file).exists()
    controllers = (traces.CGROUPS / part / "cgroup.controllers" for part in _UNIFIED)
    return any(path.exists() and controller in path.read_text().split() for path in controllers)


def _inotify_limits() -> dict[str, int]:
    """The limits in the namespace that the keeper makes around the guest's."""
    return {f"inotify_{what}": keeper.inotify_limit(what) for what in ("instances", "watches")}
