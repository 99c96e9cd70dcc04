"""One run at a time on a host."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from filelock import FileLock, Timeout

from provision.cache import cache_folder
from provision.errors import Problem


class RunInProgress(Problem):
    """Another process is measuring on this host."""


@contextmanager
def exclusive_run_lock() -> Iterator[None]:
    """Refuse a second run on this host while the block runs: two would disturb each other.

    Raises RunInProgress.
    """
    path = cache_folder() / "bench.lock"
    owner = path.with_suffix(".pid")
    try:
        with FileLock(path, timeout=0):
            owner.write_text(str(os.getpid()))
            yield
    except Timeout:
        raise RunInProgress(
            f"Another bench is measuring on this host (process {owner.read_text()}).",
            known="Two runs at once would disturb each other's figures.",
            advice="Wait for it to end, or stop it with Ctrl-C.",
            usage=True,
        ) from None
