"""Enters user and mount namespaces by the kernel's own calls.

Like the keeper, with which it is loaded, it imports nothing of the project.
"""

import ctypes
import functools
import os
import re
import subprocess
from pathlib import Path

CLONE_NEWNS, CLONE_NEWUSER = 0x00020000, 0x10000000
# CLONE_NEWPID, CLONE_NEWNET, CLONE_NEWUTS, CLONE_NEWIPC and CLONE_NEWCGROUP: the others of a guest.
OF_GUEST = 0x20000000 | 0x40000000 | 0x04000000 | 0x08000000 | 0x02000000
MS_BIND, MS_REC, MS_PRIVATE = 0x1000, 0x4000, 1 << 18
MNT_DETACH = 2
# Where they are on PATH, LXC lets them map a guest's users, also for root. They refuse every range
# that /etc/subuid does not give to root; the kernel lets root map any.
_MAP_TOOLS = ("newuidmap", "newgidmap")
# The first release of LXC that gives a new group of cpuset (cgroup v1) no processors and no memory.
_LXC_WITHOUT_CPUSET = 7


def unshare(flags: int) -> None:
    """Enter new namespaces, as unshare(2). Raises OSError."""
    _call("unshare", flags)


def bind(source: Path, target: Path) -> None:
    """Bind a folder with all mounts below it, or a file, to another place. Raises OSError."""
    _call("mount", bytes(source), bytes(target), None, MS_BIND | MS_REC, None)


def mount(kind: str, target: str, source: str, data: str = "") -> None:
    """Mount a new file system of that kind. Raises OSError."""
    _call("mount", source.encode(), target.encode(), kind.encode(), 0, data.encode())


def enter_mount_namespace() -> None:
    """Enter a mount namespace that shares no mount with another one. Raises OSError."""
    unshare(CLONE_NEWNS)
    _call("mount", None, b"/", None, MS_REC | MS_PRIVATE, None)


def hide_map_tools() -> None:
    """Hide newuidmap and newgidmap from what runs in this mount namespace. Raises OSError."""
    for folder in os.get_exec_path():
        for tool in _MAP_TOOLS:
            path = Path(folder) / tool
            if path.exists():
                bind(Path(os.devnull), path)


def hide_cpusets() -> None:
    """Hide cpuset (cgroup v1) from what runs in this mount namespace, where LXC cannot use it.

    The kernel lets no process enter a group that has no processors: ENOSPC. What runs in a guest
    then stays in the group of cpuset that this process is in. Raises OSError.
    """
    mounts = cpuset_mounts(Path("/proc/self/mountinfo").read_text())
    if mounts and lxc_version() >= _LXC_WITHOUT_CPUSET:
        for path in reversed(mounts):
            _call("umount2", bytes(path), MNT_DETACH)


def cpuset_mounts(mountinfo: str) -> list[Path]:
    """Where cpuset of cgroup v1 is mounted, by the text of proc_pid_mountinfo(5)."""
    paths = []
    for line in mountinfo.splitlines():
        place, _, mounted = line.partition(" - ")
        kind, _, options = mounted.split(" ", 2)
        if kind == "cgroup" and "cpuset" in options.split(","):
            paths.append(Path(re.sub(r"\\([0-7]{3})", _unescape, place.split(" ")[4])))
    return paths


def _unescape(octal: re.Match[str]) -> str:
    return chr(int(octal[1], 8))


@functools.cache
def lxc_version() -> int:
    """The first number of LXC's version; 0 where it tells none."""
    done = subprocess.run(["lxc-start", "--version"], capture_output=True, text=True, check=False)
    found = re.match(r"\d+", done.stdout)
    return int(found[0]) if found else 0


def enter_user_namespace(mapping: str, flags: int = 0) -> None:
    """Enter a new user namespace, with that line for its users and for its groups.

    flags: more namespaces to enter. Raises OSError: nothing is entered where its file name is None.
    """
    process = os.getpid()
    ready_read, ready_write = os.pipe()
    mapper = os.fork()  # only a process outside may map more than one user
    if mapper == 0:
        os.close(ready_write)
        os._exit(_map_users(process, mapping) if os.read(ready_read, 1) else 0)
    os.close(ready_read)
    try:
        unshare(CLONE_NEWUSER | flags)
        os.write(ready_write, b"x")
    finally:
        os.close(ready_write)
        code = os.waitstatus_to_exitcode(os.waitpid(mapper, 0)[1])
    if code:
        raise OSError(code, os.strerror(code), f"/proc/{process}/uid_map")


def _map_users(process: int, mapping: str) -> int:
    """Write the maps of that process's user namespace; return 0, or the number of the error."""
    try:
        for file in ("uid_map", "gid_map"):
            Path(f"/proc/{process}/{file}").write_text(mapping)
    except OSError as failure:
        return failure.errno or 1
    return 0


def _call(function: str, *arguments: int | bytes | None) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if getattr(libc, function)(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{function}: {os.strerror(number)}")
