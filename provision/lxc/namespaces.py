"""Enters user and mount namespaces by the kernel's own calls.

Like the keeper, which loads it as it starts, it imports nothing of the project.
"""

import ctypes
import os
from pathlib import Path

CLONE_NEWNS, CLONE_NEWUSER = 0x00020000, 0x10000000
CLONE_NEWPID, CLONE_NEWNET = 0x20000000, 0x40000000
MS_BIND, MS_REC, MS_PRIVATE = 0x1000, 0x4000, 1 << 18
# Where they are on PATH, LXC lets them map a guest's users, also for root. They refuse every range
# that /etc/subuid does not give to root; the kernel lets root map any.
_MAP_TOOLS = ("newuidmap", "newgidmap")


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
