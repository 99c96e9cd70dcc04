"""The control groups of this host that the suite may make groups in."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from provision.lxc.programs import enter, traces

FOLDER = traces.CGROUPS
# Where systemd keeps its own groups: a hierarchy of version 1 by that name, or version 2, alone or
# beside others.
_OF_SYSTEMD = ("systemd", "unified", "")


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
                _try_group(top / f"{traces.cgroup_name('probe')}-{os.getpid()}")
            except OSError as failure:
                failures[str(top)] = failure
    return failures


def _try_group(group: Path) -> None:
    group.mkdir()
    try:
        for name in enter.INHERITED:
            if (group / name).exists():
                (group / name).write_text((group.parent / name).read_text())
        with subprocess.Popen(["cat"], stdin=subprocess.PIPE) as process:
            (group / "cgroup.procs").write_text(str(process.pid))
            process.communicate()
    finally:
        group.rmdir()


def is_mounted() -> bool:
    """Tell whether any control groups are there, writable or not."""
    return any(traces.CGROUPS.glob("cgroup.procs")) or any(traces.CGROUPS.glob("*/cgroup.procs"))
