"""The folder that keeps what runs share, and the owner of what root writes."""

from __future__ import annotations

import contextlib
import errno
import os
import subprocess
import sys
from pathlib import Path

from platformdirs import user_cache_path

from provision.errors import Problem

APP = "process-supervision"
# Where `inv` makes the virtual environment of a checkout that it cannot write to.
VENV = "venv"
# Of the folders that lead to guests' files: their owner may write, all others read.
_OPEN = 0o755


def sudo_caller() -> tuple[int, int] | None:
    """The user and group id of the person who called sudo; None without sudo."""
    if os.geteuid() != 0 or "SUDO_UID" not in os.environ:
        return None
    return int(os.environ["SUDO_UID"]), int(os.environ["SUDO_GID"])


def cache_folder() -> Path:
    """The user's cache folder for this project; made where it does not exist."""
    return make_open_folder(user_cache_path(APP))


def make_open_folder(folder: Path) -> Path:
    """Return a folder that every user may walk through, made where it does not exist.

    Guests' root is none of the host's users, and the umask may have left it no way to its files.
    Raises OSError; NotADirectoryError where a file is in its place.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except FileExistsError as failure:
        code = errno.ENOTDIR
        raise NotADirectoryError(code, os.strerror(code), str(folder)) from failure
    if folder.stat().st_mode & _OPEN != _OPEN:
        folder.chmod(_OPEN)
    return folder


def make_folder_for_caller(folder: Path) -> None:
    """Make a folder and its missing parents, and give these to the person who called sudo.

    Folders that exist keep their owner. Raises OSError.
    """
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    owner = sudo_caller()
    if owner is None:
        return
    for path in missing:
        os.lchown(path, *owner)


def remove_tree(path: Path) -> None:
    """Remove a folder as far as permissions allow. A missing one is fine.

    By rm, which does not recurse: a guest may nest folders deeper than Python's stack.
    """
    subprocess.run(["rm", "-rf", "--", str(path)], capture_output=True, check=False)


def clear_cache() -> int:
    """Remove images, layers and everything else that can be made again. Raises Problem.

    Returns how many bytes that freed.
    """
    sys.dont_write_bytecode = True  # `inv` lets compiled modules be kept in the cache
    # VENV may be what this very process runs from.
    kept = ("guests", VENV)
    entries = [entry for entry in cache_folder().iterdir() if entry.name not in kept]
    size = _disk_usage(entries)
    for entry in entries:
        if entry.is_dir():
            remove_tree(entry)
        else:
            entry.unlink()
    require_removed("The cache is not cleared.", [entry for entry in entries if entry.exists()])
    return size


def _disk_usage(entries: list[Path]) -> int:
    """How many bytes files and folders take on the disk. By du, which does not recurse."""
    command = ["du", "-skc", "--", *map(str, entries)]
    lines = subprocess.run(command, capture_output=True, text=True, check=False).stdout.split("\n")
    total = [line.split("\t")[0] for line in lines if line.endswith("\ttotal")]
    return int(total[-1]) << 10 if total else 0


def require_removed(message: str, remaining: list[Path]) -> None:
    """Raise a Problem with that message where anything remains."""
    if remaining:
        raise Problem(
            message,
            known="\n".join(f"{path} is left." for path in remaining),
            advice="Once nothing uses it any more, run the same command again."
            if os.geteuid() == 0
            else "Run the same command with sudo.",
        )


def give_to_sudo_caller(*roots: Path) -> None:
    """Give those files and folders, and what root wrote below, to the person who called sudo.

    A symbolic link is given itself, not what it names.
    Guests' trees stay as they are: their owners are shifted, none of them is root.
    """
    owner = sudo_caller()
    if owner is None:
        return
    for root in roots:
        _give(str(root), owner)
        if root.is_symlink():
            continue
        for folder, folders, files in os.walk(root):
            for name in (*folders, *files):
                _give(os.path.join(folder, name), owner)  # noqa: PTH118
            folders[:] = [name for name in folders if _is_owned_by(folder, name, owner[0])]


def _give(entry: str, owner: tuple[int, int]) -> None:
    with contextlib.suppress(FileNotFoundError):  # a guest may be removed at any time
        if os.lstat(entry).st_uid == 0:
            os.lchown(entry, *owner)


def _is_owned_by(folder: str, name: str, uid: int) -> bool:
    with contextlib.suppress(FileNotFoundError):
        return os.lstat(os.path.join(folder, name)).st_uid == uid  # noqa: PTH118
    return False
