"""Steps that look at processes: a snapshot of all, the memory of the supervision tree."""

from __future__ import absolute_import, division, print_function

import os

from .. import checks
from ..clock import now
from ..output import emit
from ..plan import step
from ..proc import (
    kilobytes,
    pids_outside_guest,
    read_all_stats,
    read_arguments,
    read_file,
    read_link,
    read_proc,
    read_stat,
    read_status,
)
from .tree import TREE_KEYS, supervision_tree

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Iterable

    from ..proc import Stat
    from ..service import WatchedService
    from ..watcher import ServiceWatcher

STATUS_SIZES = ("VmPeak", "VmHWM", "VmRSS")
SMAPS_SIZES = ("Pss", "Private_Dirty", "Private_Clean", "Swap")
SUMMED_KEYS = STATUS_SIZES + SMAPS_SIZES + ("threads", "fds")
SMAPS_LIMIT = 1 << 26  # bytes


@step("snapshot")
def snapshot(watcher):
    # type: (ServiceWatcher) -> None
    """Emit every process of the guest, except this program's own session."""
    stats = read_all_stats()
    outside = pids_outside_guest(stats)
    watcher.report_starts_without_line(list(watcher.services.values()))
    services = [describe_service(watcher, service) for service in watcher.services.values()]
    emit(
        "processes",
        ns=now(),
        pid1=describe_process(stats[1]) if 1 in stats else None,
        services=services,
        processes=[describe_process(s) for pid, s in sorted(stats.items()) if pid not in outside],
    )


def describe_service(watcher, service):
    # type: (ServiceWatcher, WatchedService) -> dict[str, Any]
    """Return what is known of a service: its processes, record, mode file and pid file."""
    starts, lost, pid, _, main_ns, up_ns = service.read_record()
    description = {
        "service": service.name,
        "pids": [instance.pid for instance in service.instances],
        "starts": starts,
        "lost": lost,
        "pid": pid,
        "main_ns": main_ns,
        "up_ns": up_ns,
        "mode": read_file(service.path + ".mode") or "",
    }  # type: dict[str, Any]
    if service.name in watcher.pidfiles:
        description["pidfile"] = read_file(watcher.pidfiles[service.name])
    return description


def describe_process(stat):
    # type: (Stat) -> dict[str, Any]
    """Return what a snapshot contains of one process."""
    return {
        "pid": stat.pid,
        "ppid": stat.ppid,
        "comm": stat.comm,
        "exe": read_link(stat.pid, "exe"),
        "argv": read_arguments(stat.pid),
        "cgroup": read_proc(stat.pid, "cgroup").splitlines(),
        "state": stat.state,
        "starttime": stat.starttime,
        "personality": read_personality(stat.pid),
        "uid": int((read_status(stat.pid).get("Uid") or "-1").split()[0]),
    }


@step("footprint", services=(checks.whole,), **TREE_KEYS)
def footprint(watcher, services, root, pid1, label):
    # type: (ServiceWatcher, int, list[str | int], bool, str) -> None
    """Emit memory (kB), threads and open files of each process of the tree, and their sums."""
    processes, vanished, methods = [], 0, set()  # type: list[dict[str, Any]], int, set[str]
    for pid, stat in sorted(supervision_tree(watcher, root, pid1).items()):
        sizes, method = process_footprint(stat)
        if not read_stat(pid):
            vanished += 1
            continue
        methods.add(method)
        processes.append(sizes)
    total = {key: sum_or_none(sizes[key] for sizes in processes) for key in SUMMED_KEYS}
    total["processes"] = len(processes)
    emit(
        "footprint",
        ns=now(),
        label=label,
        services=services,
        processes=processes,
        total=total,
        vanished=vanished,
        method=" and ".join(sorted(methods)),
    )


def process_footprint(stat):
    # type: (Stat) -> tuple[dict[str, Any], str]
    """Return the sizes of one process, and from which file its Pss is."""
    fields = read_status(stat.pid)
    memory, method = mapped_memory(stat.pid)
    sizes = {
        "pid": stat.pid,
        "ppid": stat.ppid,
        "name": stat.comm,
        "argv": read_arguments(stat.pid)[:3],
        "threads": stat.threads,
        "fds": count_fds(stat.pid),
    }  # type: dict[str, Any]
    sizes.update(memory)
    for key in STATUS_SIZES:
        sizes[key] = kilobytes(fields, key)
    return sizes, method


def mapped_memory(pid):
    # type: (int) -> tuple[dict[str, int | None], str]
    """Return SMAPS_SIZES in kB by key, and from which file they are."""
    rollup = read_status(pid, "smaps_rollup")
    if "Pss" in rollup:
        return {key: kilobytes(rollup, key) for key in SMAPS_SIZES}, "smaps_rollup"
    content = read_proc(pid, "smaps", SMAPS_LIMIT)
    if not content:
        return dict.fromkeys(SMAPS_SIZES), "none"
    sums = dict.fromkeys(SMAPS_SIZES, 0)  # type: dict[str, int]
    for line in content.splitlines():
        key, _, value = line.partition(":")
        if key in sums:
            sums[key] += int(value.split()[0])
    return dict(sums), "smaps"


def read_personality(pid):
    # type: (int) -> int | None
    """Return the personality(2) of a process; None where it is not readable."""
    text = read_proc(pid, "personality").strip()
    return int(text, 16) if text else None


def count_fds(pid):
    # type: (int) -> int | None
    """Count the open files of a process; None where they are not readable."""
    try:
        return len(os.listdir("/proc/%d/fd" % pid))
    except OSError:
        return None


def sum_or_none(values):
    # type: (Iterable[int | None]) -> int | None
    """Return the sum, or None where one of the values is not known."""
    total = 0
    for value in values:
        if value is None:
            return None
        total += value
    return total
