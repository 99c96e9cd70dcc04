"""What this host can do and what to do about the rest, for `./inv doctor`."""

from __future__ import annotations

import os
import platform
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
from rich.table import Table

from provision.cache import cache_folder
from provision.host.tools import missing_tools
from provision.lxc import limits
from provision.registry import providers
from provision.systems import SYSTEMS

# MiB for the image, the layers and what guests write; MiB of memory for all guests of a run.
DISK_MIB, MEMORY_MIB = 2048, 2048


@dataclass(frozen=True)
class HostCheck:
    """One requirement of the default run. remedy: what to do if it is not met."""

    what: str
    met: bool
    state: str
    remedy: str


def doctor_table() -> tuple[Table, bool]:
    """Return the table, and whether the default run works on this host."""
    table = Table(title="This host", title_justify="left")
    for heading in ("what", "state", "what to do"):
        table.add_column(heading)
    checks = list(host_checks())
    for check in checks:
        table.add_row(check.what, check.state, "" if check.met else check.remedy)
    for provider in providers().values():
        for system in SYSTEMS.values():
            reason = provider.why_unavailable(system)
            table.add_row(
                f"{system.title} by {provider.name}",
                "available" if reason is None else reason.why,
                "" if reason is None else reason.advice,
            )
    return table, all(check.met for check in checks)


def host_checks() -> Iterator[HostCheck]:
    """Check what the default run needs: embedded guests of Debian."""
    yield HostCheck(
        "system",
        platform.system() == "Linux",
        platform.platform(terse=True),
        "use Linux, or --provider=virtualbox or --provider=libvirt",
    )
    if platform.system() == "Linux":
        yield from _linux_checks()
    disk = shutil.disk_usage(cache_folder()).free >> 20
    yield HostCheck(
        "disk", disk > DISK_MIB, f"{disk} MiB free", f"free {DISK_MIB} MiB, or set XDG_CACHE_HOME"
    )
    memory = psutil.virtual_memory().available >> 20
    yield HostCheck(
        "memory", memory > MEMORY_MIB, f"{memory} MiB available", "measure fewer with --only"
    )


def _linux_checks() -> Iterator[HostCheck]:
    yield HostCheck("root", os.geteuid() == 0, f"user {os.geteuid()}", "run with sudo")
    missing = missing_tools("lxc", "image-debian", "daemon")
    yield HostCheck(
        "programs",
        not missing,
        f"missing: {', '.join(missing)}" if missing else "all there",
        f"apt-get install --no-install-recommends {' '.join(sorted(set(missing.values())))}",
    )
    yield _exists("user namespaces", Path("/proc/self/ns/user"), "boot another kernel")
    yield _exists("/dev/net/tun", Path("/dev/net/tun"), "modprobe tun")
    overlay = "overlay" in Path("/proc/filesystems").read_text()
    yield HostCheck("overlay", overlay, "there" if overlay else "missing", "modprobe overlay")
    missing_limits = limits.missing_limits()
    yield HostCheck(
        "limits of guests",
        True,  # a guest starts without them
        f"not on this host: {', '.join(missing_limits)}" if missing_limits else "all there",
        "",
    )
    writable = os.access("/sys", os.W_OK)
    yield HostCheck(
        "/sys", writable, "writable" if writable else "read-only", "mount -o remount,rw /sys"
    )


def _exists(what: str, path: Path, remedy: str) -> HostCheck:
    return HostCheck(what, path.exists(), "there" if path.exists() else "missing", remedy)
