"""Folders for unfinished work: what a killed process leaves of them, the next run removes."""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from provision.cache import remove_tree

_PREFIX = ".scratch-"
# Where such folders are, below the cache: never within an image, a layer or a guest's folder.
_PLACES = ("", "*/", "sources/*/")


@contextmanager
def scratch_folder(parent: Path, purpose: str) -> Iterator[Path]:
    """Make a folder in the parent for the block. Its lock tells that somebody works in it.

    The parent, made where it does not exist, is that of the result, which is moved and not copied.
    purpose: a part of the folder's name, for a person who finds it.
    """
    parent.mkdir(parents=True, exist_ok=True)
    folder, lock = _make_locked(parent, purpose)
    try:
        yield folder
    finally:
        remove_tree(folder)
        os.close(lock)


def _make_locked(parent: Path, purpose: str) -> tuple[Path, int]:
    while True:
        folder = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{purpose}-", dir=parent))
        try:
            lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        except FileNotFoundError:  # removed as a stale one before it had its lock
            continue
        with suppress(OSError):  # a file system without locks, where nobody takes it for stale
            fcntl.flock(lock, fcntl.LOCK_EX)
        if folder.exists():
            return folder, lock
        os.close(lock)


def remove_stale_scratch(cache: Path) -> None:
    """Remove the folders below the cache whose process has ended without removing them."""
    for place in _PLACES:
        for folder in cache.glob(f"{place}{_PREFIX}*"):
            with suppress(OSError):
                _remove_unlocked(folder)


def _remove_unlocked(folder: Path) -> None:
    """Remove a folder. Raises OSError where somebody works in it."""
    lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        remove_tree(folder)
    finally:
        os.close(lock)
