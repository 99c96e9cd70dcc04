"""What this host must be able to do for embedded guests, each tried out and not looked up.

The same records answer `./inv doctor`, and name the cause before or after a guest does not start.
"""

from __future__ import annotations

import errno
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from provision.cache import cache_folder
from provision.host.surroundings import surroundings
from provision.host.tools import missing_tools
from provision.lxc import cgroups, probe
from provision.lxc.userns import RANGE, SHIFT, make_shifted_folder
from provision.provider import Unavailable

_TUN = Path("/dev/net/tun")
_SYSCTL = Path("/proc/sys")
# Rules of Ubuntu and of older kernels of Debian, by the value that allows user namespaces.
_RESTRICTIONS = {
    "kernel/apparmor_restrict_unprivileged_userns": 0,
    "kernel/unprivileged_userns_clone": 1,
}
_ENOUGH_NAMESPACES = 1000
# MiB that guests write in a run, beside the image and the layers, which have to be there.
_MIB_TO_START = 200
_ELSEWHERE = "set XDG_CACHE_HOME to a folder on another file system"


@dataclass(frozen=True)
class Ability:
    """One thing that this host can do, or not.

    check: tries it; returns the cause and the remedy where it fails. needs: names of abilities
    without which it cannot be tried. without: a sentence on what cannot be done without it; empty:
    no guest starts.
    """

    name: str
    check: Callable[[], Unavailable | None]
    needs: tuple[str, ...] = ()
    without: str = ""


@dataclass(frozen=True)
class Trial:
    """What came of trying an ability. missing: why it fails; None where it works.

    untried: the ability that is missing, too, and without which this one cannot be tried.
    """

    ability: Ability
    missing: Unavailable | None = None
    untried: str = ""


def try_all() -> Iterator[Trial]:
    """Try every ability, but those that need one that is missing."""
    failed: list[str] = []
    for ability in ABILITIES:
        missing = None
        untried = next((name for name in failed if name in ability.needs), "")
        if not untried:
            missing = ability.check()
        if untried or missing:
            failed.append(ability.name)
        yield Trial(ability, missing, untried)


@cache
def why_no_guest() -> Unavailable | None:
    """Why no guest starts here, by the first ability that is missing; None where one can start."""
    for trial in try_all():
        if trial.missing and not trial.ability.without:
            return trial.missing
    return None


def explain_failed_start() -> str:
    """Say why a guest did not start, and what to do, as far as it is the host's fault."""
    why_no_guest.cache_clear()  # the host may have changed since the run began
    missing = why_no_guest()
    if missing:
        return f"{missing.why}\n{missing.advice}"
    return "This host can do all that a guest needs: look for the cause in the lines above."


def why_no_systemd() -> Unavailable | None:
    """Why systemd cannot be PID 1 of a guest here; None where it can."""
    return None if cgroups.systemd_has_its_group() else Unavailable(*_no_cgroups())


def _check_linux() -> Unavailable | None:
    if platform.system() == "Linux":
        return None
    return Unavailable("LXC needs Linux.", "Use --provider=virtualbox or --provider=libvirt here.")


def _check_root() -> Unavailable | None:
    if os.geteuid() == 0:
        return None
    return Unavailable("LXC guests need root.", "Run the same command with sudo.")


def _check_programs() -> Unavailable | None:
    missing = missing_tools("lxc", "daemon")
    if not missing:
        return None
    return Unavailable(
        f"Not installed: {', '.join(missing)}.",
        f"apt-get install --no-install-recommends {' '.join(sorted(set(missing.values())))}",
    )


def _check_cache() -> Unavailable | None:
    """Write a script into the cache and execute it."""
    try:
        folder = cache_folder()
    except OSError as failure:
        return Unavailable(
            f"The cache folder {failure.filename} cannot be made: {failure.strerror}.",
            f"Let it be a folder that root may write, or {_ELSEWHERE}.",
        )
    free = shutil.disk_usage(folder).free >> 20
    if free < _MIB_TO_START:
        return Unavailable(
            f"{free} MiB are free in {folder}, and guests write up to {_MIB_TO_START} MiB.",
            f"Free some space, or {_ELSEWHERE}.",
        )
    try:
        with tempfile.TemporaryDirectory(dir=folder, prefix="probe-") as scratch:
            script = Path(scratch) / "script"
            script.write_text("#!/bin/sh\nexit 0\n")
            script.chmod(0o755)
            subprocess.run([str(script)], check=True)
    except PermissionError:
        return Unavailable(
            f"No program in {folder} can be executed: its file system is mounted noexec.",
            f"mount -o remount,exec {_mount_point(folder)}, or {_ELSEWHERE}.",
        )
    except OSError as failure:
        return Unavailable(
            f"Nothing can be written to {folder}: {failure.strerror}.",
            f"Make its file system writable, or {_ELSEWHERE}.",
        )
    return None


def _mount_point(folder: Path) -> Path:
    return next(path for path in (folder, *folder.parents) if path.is_mount())


def _check_users() -> Unavailable | None:
    number = _probe("users", Path("/"))
    if not number:
        return None
    what = f"Namespaces with the users {SHIFT} to {SHIFT + RANGE - 1} cannot be made"
    if number == errno.ENOSPC:
        limit, setting = min(_namespace_limits())
        return Unavailable(
            f"{what}: this host allows {limit} of a kind ({setting}).",
            f"sysctl -w {setting}={_ENOUGH_NAMESPACES}",
        )
    return Unavailable(f"{what}: {os.strerror(number)}.", _user_namespace_remedy())


def _namespace_limits() -> Iterator[tuple[int, str]]:
    """How many namespaces of each kind a user may have, with the name of the setting."""
    for path in (_SYSCTL / "user").glob("max_*_namespaces"):
        yield int(path.read_text()), f"user.{path.name}"


def _user_namespace_remedy() -> str:
    place = surroundings()
    if place:
        return f"This is {place}: {_leave(place)}."
    for name in (
        "kernel/apparmor_restrict_unprivileged_userns",
        "kernel/unprivileged_userns_clone",
    ):
        wanted = int(name.endswith("clone"))
        if _read_number(name) == 1 - wanted:
            return f"sysctl -w {name.replace('/', '.')}={wanted}"
    return "Boot a kernel with user namespaces (CONFIG_USER_NS)."


def _leave(place: str) -> str:
    if place == "WSL":
        return "boot a machine of its own"
    return "start it with all rights (--privileged, no user namespace), or use the host itself"


def _read_number(sysctl: str) -> int | None:
    path = _SYSCTL / sysctl
    return int(path.read_text()) if path.exists() else None


def _check_overlay() -> Unavailable | None:
    with tempfile.TemporaryDirectory(dir=cache_folder(), prefix="probe-") as parent:
        folder = Path(parent) / "guest"
        make_shifted_folder(folder)
        number = _probe("overlay", folder)
    if not number:
        return None
    if number == errno.ENODEV:
        return Unavailable("This kernel has no overlay file system.", "modprobe overlay")
    return Unavailable(
        f"A guest's root cannot be an overlay in {cache_folder()}: {os.strerror(number)}.",
        f"Use a kernel of 5.11 or newer, and a disk's file system (ext4, xfs, btrfs):"
        f" {_ELSEWHERE}.",
    )


def _check_kernel_mounts() -> Unavailable | None:
    number = _probe("kernel", Path("/"))
    if not number:
        return None
    place = surroundings()
    return Unavailable(
        f"A guest cannot mount its own /proc and /sys: {os.strerror(number)}. The kernel allows"
        " only what this host's own mounts show, and they are read-only or covered in part.",
        f"This is {place}: {_leave(place)}." if place else "mount -o remount,rw /sys",
    )


def _probe(what: str, folder: Path) -> int:
    """Try that in guests' namespaces; return the number of the error, or 0."""
    program = [sys.executable, "-I", "-S", "-B", probe.__file__, str(SHIFT), str(RANGE)]
    done = subprocess.run(
        [*program, str(folder), what], capture_output=True, text=True, check=False
    )
    if done.returncode == 0:
        return 0
    number = done.stdout.split(" ")[0]
    return int(number) if number.isdigit() and int(number) else errno.EPERM


def _check_cgroups() -> Unavailable | None:
    failures = cgroups.failing_hierarchies()
    if not failures and cgroups.systemd_has_its_group():
        return None
    if failures:
        folder, failure = next(iter(failures.items()))
        return Unavailable(
            f"No control group can be made in {folder}: {failure.strerror}.",
            "Unmount that hierarchy, or ask the maker of this host for it.",
        )
    return Unavailable(*_no_cgroups())


def _no_cgroups() -> tuple[str, str]:
    hierarchies = cgroups.writable_hierarchies()
    if hierarchies:
        return (
            f"The control groups of this host ({', '.join(sorted(hierarchies))}) have neither"
            " version 2 nor systemd's own hierarchy.",
            "mkdir /sys/fs/cgroup/systemd; mount -t cgroup -o none,name=systemd cgroup"
            " /sys/fs/cgroup/systemd",
        )
    if cgroups.is_mounted():
        return (
            "The control groups in /sys/fs/cgroup are read-only.",
            "mount -o remount,rw /sys/fs/cgroup",
        )
    return (
        "No control groups are mounted in /sys/fs/cgroup.",
        "mount -t cgroup2 cgroup2 /sys/fs/cgroup",
    )


def _check_tun() -> Unavailable | None:
    try:
        os.close(os.open(_TUN, os.O_RDWR))
    except FileNotFoundError:
        return Unavailable(f"{_TUN} does not exist.", "modprobe tun")
    except OSError as failure:
        return Unavailable(
            f"{_TUN} cannot be opened: {failure.strerror}.",
            "modprobe tun, or start this container with --device=/dev/net/tun.",
        )
    return None


LINUX = Ability("Linux", _check_linux)
ROOT = Ability("root", _check_root, needs=(LINUX.name,))
CACHE = Ability("cache folder", _check_cache, needs=(ROOT.name,))
USERS = Ability("namespaces", _check_users, needs=(ROOT.name,))
TUN = Ability(
    "network",
    _check_tun,
    needs=(ROOT.name,),
    without="No guest can install what the cache does not hold.",
)
# In this order: the first that is missing explains why no guest starts.
ABILITIES = (
    LINUX,
    ROOT,
    Ability("programs", _check_programs, needs=(LINUX.name,)),
    CACHE,
    USERS,
    Ability("overlay", _check_overlay, needs=(CACHE.name, USERS.name)),
    Ability("/proc and /sys", _check_kernel_mounts, needs=(USERS.name,)),
    Ability(
        "control groups",
        _check_cgroups,
        needs=(ROOT.name,),
        without="systemd cannot be PID 1 of a guest, and guests have no limits on memory.",
    ),
    TUN,
)
