"""The control groups of this host that the suite may make groups in."""

from __future__ import annotations

import itertools
import os
import statistics
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from provision.lxc.programs import enter, traces

FOLDER = traces.CGROUPS
# Where systemd keeps its own groups: a hierarchy of version 1 by that name, or version 2, alone or
# beside others.
_OF_SYSTEMD = ("systemd", "unified", "")
# The prefix of the groups that this module makes. No group of a guest has it, so that none is taken
# for what an orphaned guest has left.
_PREFIX = "process-supervision-probe"
# How often a move between groups is timed, and the pause before each, in s: right after another
# move the kernel is quick.
_MOVES, _PAUSE = 5, 0.05


def version() -> str:
    """Return the version of the control groups that guests get: v1, v2 or none."""
    if not writable_hierarchies():
        return "none"
    return "v2" if (traces.CGROUPS / "cgroup.controllers").exists() else "v1"


def writable_hierarchies() -> set[str]:
    """Return the hierarchies in which a group can be made, by name; version 2 alone is empty."""
    return {
        "" if top == traces.CGROUPS else top.relative_to(traces.CGROUPS).parts[0]
        for top in traces.own_cgroups()
        if (top / "cgroup.procs").exists()
    }


def systemd_has_its_group() -> bool:
    """Tell whether a guest's systemd gets the control groups that it cannot do without."""
    return not writable_hierarchies().isdisjoint(_OF_SYSTEMD)


def failing_hierarchies() -> dict[str, OSError]:
    """Make a group in each hierarchy, with a process in it; return the errors, by its folder."""
    failures = {}
    for top in sorted(traces.own_cgroups()):
        if (top / "cgroup.procs").exists():
            try:
                _try_group(_own_group(top, "try"))
            except OSError as failure:
                failures[str(top)] = failure
    return failures


def _own_group(top: Path, purpose: str) -> Path:
    return top / f"{_PREFIX}.{purpose}.{os.getpid()}"


def _try_group(group: Path) -> None:
    with _group_and_process(group) as pid:
        (group / "cgroup.procs").write_text(str(pid))


@contextmanager
def _group_and_process(group: Path) -> Iterator[int]:
    """Make a group that takes processes, and a process to put into it; remove both."""
    _remove_stale(group)
    group.mkdir()
    try:
        for name in enter.INHERITED:
            if (group / name).exists():
                (group / name).write_text((group.parent / name).read_text())
        with subprocess.Popen(["cat"], stdin=subprocess.PIPE) as process:
            try:
                yield process.pid
            finally:
                process.communicate()
    finally:
        group.rmdir()


def _remove_stale(own: Path) -> None:
    """Remove what killed processes have left beside that group, and the group itself.

    The process within has ended with the one that made it: a group that is not empty stays.
    """
    for group in own.parent.glob(f"{_PREFIX}.*"):
        maker = group.name.rpartition(".")[2]
        if group == own or not Path("/proc", maker).exists():
            with suppress(OSError):
                group.rmdir()


def move_ms() -> float | None:
    """Return the ms in which the kernel moves a process to another group after a pause, the median.

    systemd restarts a service so much later (findings/cgroup-move-after-a-pause.sh). None where no
    group can be made.
    """
    try:
        top = min(top for top in traces.own_cgroups() if (top / "cgroup.procs").exists())
        group = _own_group(top, "move")
        with _group_and_process(group) as pid:
            targets = itertools.islice(itertools.cycle((group, top)), _MOVES)
            return round(1000 * statistics.median(_seconds_to_move(pid, to) for to in targets), 3)
    except (OSError, ValueError):  # ValueError: there is no such folder
        return None


def _seconds_to_move(pid: int, group: Path) -> float:
    time.sleep(_PAUSE)
    begin = time.perf_counter()
    (group / "cgroup.procs").write_text(str(pid))
    return time.perf_counter() - begin


def is_mounted() -> bool:
    """Tell whether any control groups are there, writable or not."""
    return any(traces.CGROUPS.glob("cgroup.procs")) or any(traces.CGROUPS.glob("*/cgroup.procs"))
