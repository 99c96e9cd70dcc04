"""What this host is inside of: a container, WSL, or nothing that it shows."""

from __future__ import annotations

from pathlib import Path

# The kernel's own number of its first PID namespace, PROC_PID_INIT_INO in linux/proc_ns.h.
_FIRST_PID_NAMESPACE = "pid:[4026531836]"
# Files that engines put into a container's root. A machine made of such a root has them as well.
_MARKS = {"run/.containerenv": "a Podman container", ".dockerenv": "a Docker container"}


def surroundings(root: Path = Path("/")) -> str:
    """Return what this host is, such as `a Docker container`; empty for a machine of its own.

    root: the root of the file system to look at.
    """
    release = root / "proc/sys/kernel/osrelease"
    if release.exists() and "microsoft" in release.read_text().lower():
        return "WSL"
    if str((root / "proc/self/ns/pid").readlink()) != _FIRST_PID_NAMESPACE:
        names = [name for mark, name in _MARKS.items() if (root / mark).exists()]
        return names[0] if names else "a container"
    if _users(root) != ["0 0 4294967295"]:
        return "a user namespace with a part of the host's users"
    return ""


def _users(root: Path) -> list[str]:
    """The user ids that this process's user namespace has, a line for each range."""
    lines = (root / "proc/self/uid_map").read_text().splitlines()
    return [" ".join(line.split()) for line in lines]
