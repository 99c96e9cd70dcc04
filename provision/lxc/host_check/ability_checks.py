"""The trials of what this host must be able to do for embedded guests.

Each check tries one thing, and returns the cause and the remedy where it fails.
"""

from __future__ import annotations

import errno
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from provision.cache import cache_folder
from provision.host.surroundings import surroundings
from provision.host.tools import missing_tools
from provision.lxc.host_check import cgroups
from provision.lxc.programs import probe
from provision.lxc.trees.userns import RANGE, SHIFT, make_shifted_folder
from provision.provider import Unavailable
from provision.scratch import scratch_folder

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


def check_linux() -> Unavailable | None:
    if platform.system() == "Linux":
        return None
    return Unavailable("LXC needs Linux.", "Use --provider=virtualbox or --provider=libvirt here.")


def check_root() -> Unavailable | None:
    if os.geteuid() == 0:
        return None
    return Unavailable("LXC guests need root.", "Run the same command with sudo.")


def check_programs() -> Unavailable | None:
    missing = missing_tools("lxc", "daemon")
    if not missing:
        return None
    return Unavailable(
        f"Not installed: {', '.join(missing)}.",
        f"apt-get install --no-install-recommends {' '.join(sorted(set(missing.values())))}",
    )


def check_cache() -> Unavailable | None:
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
        with scratch_folder(folder, "probe") as scratch:
            script = scratch / "script"
            script.write_text("#!/bin/sh\nexit 0\n")
            script.chmod(0o755)
            return _try_script(script, folder)
    except PermissionError as failure:
        return Unavailable(
            f"Nothing can be written to {folder}: {failure.strerror}.",
            f"Let it be a folder that root may write, or {_ELSEWHERE}.",
        )
    except OSError as failure:
        return Unavailable(
            f"Nothing can be written to {folder}: {failure.strerror}.",
            f"Make its file system writable, or {_ELSEWHERE}.",
        )


def _try_script(script: Path, folder: Path) -> Unavailable | None:
    """Execute a script in the cache."""
    try:
        subprocess.run([str(script)], check=True)
    except PermissionError:
        return Unavailable(
            f"No program in {folder} can be executed: its file system is mounted noexec.",
            f"mount -o remount,exec {_mount_point(folder)}, or {_ELSEWHERE}.",
        )
    return None


def _mount_point(folder: Path) -> Path:
    return next(path for path in (folder, *folder.parents) if path.is_mount())


def check_users() -> Unavailable | None:
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
    for name, allowing in _RESTRICTIONS.items():
        if _read_number(name) not in (None, allowing):
            return f"sysctl -w {name.replace('/', '.')}={allowing}"
    return "Boot a kernel with user namespaces (CONFIG_USER_NS)."


def _leave(place: str) -> str:
    if place == "WSL":
        return "boot a machine of its own"
    return "start it with all rights (--privileged, no user namespace), or use the host itself"


def _read_number(sysctl: str) -> int | None:
    path = _SYSCTL / sysctl
    return int(path.read_text()) if path.exists() else None


def check_overlay() -> Unavailable | None:
    with scratch_folder(cache_folder(), "probe") as parent:
        folder = parent / "guest"
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


def check_kernel_mounts() -> Unavailable | None:
    number = _probe("kernel", Path("/"))
    if not number:
        return None
    place = surroundings()
    return Unavailable(
        f"A guest cannot mount its own /proc and /sys: {os.strerror(number)}. The kernel allows"
        " only what this host's own mounts show, and they are read-only or covered in part.",
        f"This is {place}: {_leave(place)}." if place else _uncover(),
    )


def _uncover() -> str:
    """Commands that undo what was mounted over parts of /proc and /sys, or made them read-only."""
    mounts = [line.split(" ") for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    kinds = {fields[4]: fields[fields.index("-") + 1] for fields in mounts}
    # Other kinds have places of their own, which cover nothing.
    covers = [
        path
        for path, kind in kinds.items()
        if path.startswith(("/proc/", "/sys/"))
        and kind in ("proc", "sysfs", "tmpfs", "devtmpfs")
        and path != str(cgroups.FOLDER)
    ]
    read_only = [path for path in ("/proc", "/sys") if os.statvfs(path).f_flag & os.ST_RDONLY]
    commands = [f"umount {path}" for path in covers]
    commands += [f"mount -o remount,rw {path}" for path in read_only]
    return "; ".join(commands) or "Undo what was mounted over parts of /proc and /sys."


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


def check_cgroups() -> Unavailable | None:
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


def check_tun() -> Unavailable | None:
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


def why_no_systemd() -> Unavailable | None:
    """Why systemd cannot be PID 1 of a guest here; None where it can."""
    return None if cgroups.systemd_has_its_group() else Unavailable(*_no_cgroups())
