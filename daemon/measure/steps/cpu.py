"""Steps that look at the processor time of the supervision tree."""

from __future__ import absolute_import, division, print_function

import os

from .. import checks
from ..clock import SECOND, now, to_ns
from ..output import emit
from ..plan import step
from ..proc import read_proc, read_status
from .tree import TREE_KEYS, supervision_tree

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Iterable

    from ..proc import Stat
    from ..watcher import ServiceWatcher

    Usage = dict[str, Any]  # USAGE_KEYS, and what process_usage adds
    Identity = tuple[int, int]  # pid, starttime

TICK_NS = SECOND // os.sysconf("SC_CLK_TCK")
USAGE_KEYS = ("cpu_ns", "ticks_ns", "reaped_ns", "voluntary", "involuntary")


@step("cpu_mark", **TREE_KEYS)
def mark_cpu(watcher, root, pid1, label):
    # type: (ServiceWatcher, list[str | int], bool, str) -> None
    """Emit what the tree has used up to now, to take differences around other steps."""
    begin_ns = now()
    usages = list(tree_usage(watcher, root, pid1).values())
    emit(
        "cpu_mark",
        label=label,
        begin_ns=begin_ns,
        end_ns=now(),
        total=sum_usages(usages),
        processes=sorted(usages, key=lambda usage: int(usage["pid"])),
        method=join_methods(usages),
    )


@step("cpu", window=(checks.seconds,), **TREE_KEYS)
def measure_cpu(watcher, window, root, pid1, label):
    # type: (ServiceWatcher, float, list[str | int], bool, str) -> None
    """Emit what the tree uses in a window of seconds."""
    begin_ns = now()
    before = tree_usage(watcher, root, pid1)
    watcher.report_until(begin_ns + to_ns(window))
    end_ns = now()
    after = tree_usage(watcher, root, pid1)
    none = dict(dict.fromkeys(USAGE_KEYS, 0), threads=[])  # type: Usage
    used = [subtract_usage(usage, before.get(key, none)) for key, usage in after.items()]
    emit(
        "cpu",
        label=label,
        begin_ns=begin_ns,
        end_ns=end_ns,
        total=sum_usages(used),
        processes=len(after),
        came=sorted(usage["name"] for key, usage in after.items() if key not in before),
        went=sorted(usage["name"] for key, usage in before.items() if key not in after),
        method=join_methods(used),
    )


def tree_usage(watcher, root, pid1):
    # type: (ServiceWatcher, list[str | int], bool) -> dict[Identity, Usage]
    """Return the usage of each process of the supervision tree."""
    stats = supervision_tree(watcher, root, pid1).values()
    return {(stat.pid, stat.starttime): process_usage(stat) for stat in stats}


def process_usage(stat):
    # type: (Stat) -> Usage
    """Return CPU time (ns) and context switches of a process, over the threads it has now.

    cpu_ns: exact where the kernel has schedstat; ticks_ns: in ticks, ended threads included;
    reaped_ns: of its ended and awaited children, services among them, in ticks.
    """
    by_schedstat, voluntary, involuntary = 0, 0, 0
    threads = list_threads(stat.pid)
    for thread in threads:
        schedstat = read_proc(stat.pid, "task/%s/schedstat" % thread).split()
        by_schedstat += int(schedstat[0]) if schedstat else 0
        fields = read_status(stat.pid, "task/%s/status" % thread)
        voluntary += int(fields.get("voluntary_ctxt_switches", 0))
        involuntary += int(fields.get("nonvoluntary_ctxt_switches", 0))
    ticks_ns = (stat.utime + stat.stime) * TICK_NS
    return {
        "pid": stat.pid,
        "starttime": stat.starttime,
        "name": stat.comm,
        "threads": threads,
        "cpu_ns": by_schedstat or ticks_ns,
        "method": "schedstat" if by_schedstat else "ticks",
        "ticks_ns": ticks_ns,
        "reaped_ns": (stat.cutime + stat.cstime) * TICK_NS,
        "voluntary": voluntary,
        "involuntary": involuntary,
    }


def list_threads(pid):
    # type: (int) -> list[str]
    """List the threads of a process; none where it is gone."""
    try:
        return os.listdir("/proc/%d/task" % pid)
    except OSError:
        return []


def subtract_usage(after, before):
    # type: (Usage, Usage) -> Usage
    """Return what one process used; by ticks where threads ended and took their figures along."""
    used = {key: after[key] - before[key] for key in USAGE_KEYS}
    used["method"] = after["method"]
    if set(before["threads"]) - set(after["threads"]):
        used.update(cpu_ns=used["ticks_ns"], method="ticks")
    return used


def sum_usages(usages):
    # type: (list[Usage]) -> dict[str, int]
    """Return the sum of each key."""
    return {key: sum(usage[key] for usage in usages) for key in USAGE_KEYS}


def join_methods(usages):
    # type: (Iterable[Usage]) -> str
    """Return the methods that the figures come from."""
    return " and ".join(sorted({usage["method"] for usage in usages}))
