"""What no run needs any more: what killed processes have left, layers of older overlays."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from provision.cache import cache_folder, remove_tree
from provision.lxc.existing_guests import list_guests
from provision.scratch import remove_stale_scratch

# How many layers of one supervisor's overlays stay: every change of an overlay makes a new one.
_OVERLAY_LAYERS = 3
# In the names of their layers, before the digest.
OVERLAY = "-overlay"


def remove_stale_entries() -> None:
    """Remove what killed processes left, and all but the latest layers of overlays."""
    remove_stale_scratch(cache_folder())
    for build in (cache_folder() / "images").glob("build-*"):
        image = build.name.removeprefix("build-").rpartition("-")[0]
        _remove_unused(build, build.with_name(f"{image}.lock"))
    # What makes the key decides every image: it keeps folders of its own kind.
    for key in cache_folder().glob("key-*/"):
        _remove_unused(key, cache_folder() / "key.lock")
    if not list_guests():  # a guest may run on any layer
        for layer in _old_overlay_layers():
            _remove_unused(layer, Path(f"{layer}.lock"))


def _old_overlay_layers() -> Iterator[Path]:
    layers: dict[str, list[Path]] = defaultdict(list)
    for layer in (cache_folder() / "layers").glob(f"*{OVERLAY}-*/"):
        layers[layer.name.rpartition("-")[0]].append(layer)
    for same in layers.values():
        yield from sorted(same, key=_last_use)[:-_OVERLAY_LAYERS]


def _last_use(layer: Path) -> float:
    """When a run last asked for that layer: it opens the lock for that."""
    lock = Path(f"{layer}.lock")
    return lock.stat().st_mtime if lock.exists() else 0.0


def _remove_unused(tree: Path, lock: Path) -> None:
    """Remove a tree unless another process holds its lock."""
    with _lock_if_free(lock) as free:
        if free:
            remove_tree(tree)


@contextmanager
def _lock_if_free(path: Path) -> Iterator[bool]:
    lock = FileLock(path, timeout=0)
    try:
        lock.acquire()
    except Timeout:
        yield False
        return
    try:
        yield True
    finally:
        lock.release()
