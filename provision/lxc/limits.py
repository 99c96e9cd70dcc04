"""How the limits of an embedded guest are enforced, so that a hostile one harms only itself.

Control groups bound processes and memory by the numbers of provision/guests/limit_class.py, and
processor time while nothing is measured in the guest. The keeper's namespace bounds inotify, the
keeper itself what the guest writes, LXC's configuration open files.
"""

from __future__ import annotations

import contextlib
import os
import resource
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from provision.guests.limit_class import LARGE, LIMIT_CLASSES, LimitClass
from provision.host.memory import host_memory
from provision.lxc.programs import keeper, traces
from provision.lxc.programs.disk_guard import Space, free_space

_OPEN_FILES = 524288
# Percent of each processor of the host, for a guest in which nothing is measured.
CPU_PERCENT = 50
_UNIFIED = ("", "unified")


def apply_limits(name: str, limit_class: LimitClass) -> dict[str, int]:
    """Limit the running guest of that name, as far as this host can; return the limits in force."""
    # What the host has not, such as swap accounting, is missing from the result.
    tops = traces.guest_cgroups(name)
    limits = {
        limit.name: limit.value for limit in _group_limits(limit_class) if _write(tops, limit)
    }
    limits["open_files"] = open_files_limit()
    limits["oom_score_adj"] = keeper.OOM_SCORE
    return limits | _inotify_limits()


def limit_cpu(name: str) -> dict[str, int]:
    """Leave a part of the host's processors to others; return the limit in force.

    Where the host has no quota, everything else gets ten times the time of the guest.
    """
    tops = traces.guest_cgroups(name)
    for limits in (_cpu_quotas(), _cpu_weights()):
        in_force = {limit.name: limit.value for limit in limits if _write(tops, limit)}
        if in_force:
            return in_force
    return {}


def lift_cpu_limit(name: str) -> None:
    """Give the guest as much processor time as anything else on the host."""
    tops = traces.guest_cgroups(name)
    for limit in (*_cpu_quotas(), *_cpu_weights()):
        _write(tops, replace(limit, setting=limit.lifted))


def disk_limit(home: Path, limit_class: LimitClass) -> Space:
    """How much the guest of that folder may write: never more than half of what is free there."""
    free = free_space(home)
    # Some file systems do not count their files.
    files = min(limit_class.files, free.files // 2) if free.files else limit_class.files
    return Space(min(limit_class.disk, free.size // 2), files)


def open_files_limit() -> int:
    """How many files a process may open: Debian's own limit, as far as this host allows."""
    return min(_OPEN_FILES, resource.getrlimit(resource.RLIMIT_NOFILE)[1])


def processes_limit(limit_class: LimitClass) -> int:
    """How many processes a guest may have: never more than half of what this kernel can have."""
    return min(limit_class.processes, int(Path("/proc/sys/kernel/pid_max").read_text()) // 2)


def memory_limit(limit_class: LimitClass) -> int:
    """How much memory a guest may use, in bytes."""
    memory = host_memory()
    return int(memory * limit_class.memory)


def missing_limits() -> list[str]:
    """What this host cannot limit."""
    limits = [*_group_limits(LARGE), *_cpu_quotas()]
    available = {limit.name for limit in limits if _has_file(limit.file)}
    missing = dict.fromkeys(limit.name for limit in limits if limit.name not in available)
    if any(_has_file(limit.file) for limit in _cpu_weights()):
        instead = "cpu_quota (only the guest's weight: a tenth of the usual one)"
        return [instead if name == "cpu_quota" else name for name in missing]
    return list(missing)


def describe_limits() -> list[str]:
    """Say what a guest may take of this host, and what cannot be limited here."""
    sizes = [
        f"{limit_class.name}: {processes_limit(limit_class)} processes,"
        f" {memory_limit(limit_class) >> 20} MiB of memory, {limit_class.disk >> 20} MiB of disk"
        for limit_class in LIMIT_CLASSES
    ]
    lines = [f"limits of a guest, {'; '.join(sizes)}"]
    missing = missing_limits()
    if missing:
        lines.append(f"this host cannot limit {', '.join(missing)}")
    return lines


@dataclass(frozen=True)
class _GroupLimit:
    """A limit in a file of a control group.

    setting: what is written there. value: what that amounts to. lifted: what is written there to
    lift the limit.
    """

    name: str
    file: str
    setting: str
    value: int
    lifted: str = ""


def _group_limits(limit_class: LimitClass) -> Iterator[_GroupLimit]:
    """Yield the files of cgroup v1 and v2, in the order in which they can be set.

    https://docs.kernel.org/admin-guide/cgroup-v1/memory.html, .../cgroup-v2.html
    """
    processes, memory = processes_limit(limit_class), memory_limit(limit_class)
    yield _GroupLimit("processes", "pids.max", str(processes), processes)
    yield _GroupLimit("memory", "memory.limit_in_bytes", str(memory), memory)
    yield _GroupLimit("memory", "memory.max", str(memory), memory)
    yield _GroupLimit("memory_and_swap", "memory.memsw.limit_in_bytes", str(memory), memory)
    yield _GroupLimit("memory_and_swap", "memory.swap.max", "0", memory)


def _cpu_quotas() -> list[_GroupLimit]:
    """A share of the host's processors, in percent of one; a period is 100 ms.

    https://docs.kernel.org/scheduler/sched-bwc.html
    """
    percent = CPU_PERCENT * (os.cpu_count() or 1)
    quota = percent * 1000
    return [
        _GroupLimit("cpu_quota", "cpu.cfs_quota_us", str(quota), percent, "-1"),
        _GroupLimit("cpu_quota", "cpu.max", f"{quota} 100000", percent, "max 100000"),
    ]


def _cpu_weights() -> list[_GroupLimit]:
    """A tenth of the weight that every group has, in percent of it."""
    return [
        _GroupLimit("cpu_weight", "cpu.shares", "102", 10, "1024"),
        _GroupLimit("cpu_weight", "cpu.weight", "10", 10, "100"),
    ]


def _write(tops: Iterable[Path], limit: _GroupLimit) -> bool:
    """Set a limit of the guest of those groups, and tell whether one of them has the file."""
    written = False
    for top in tops:
        with contextlib.suppress(OSError):
            (top / limit.file).write_text(limit.setting)
            written = True
    return written


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
