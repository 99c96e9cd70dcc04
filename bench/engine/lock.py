"""Measuring is for one at a time."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from filelock import FileLock, Timeout

from provision.cache import cache_folder
from provision.errors import Problem


class Busy(Problem):
    """Somebody else is measuring on this host."""


@contextmanager
def exclusive_run_lock() -> Iterator[None]:
    """Measuring is for one at a time on a host: a second bench would spoil the first's figures."""
    path = cache_folder() / "bench.lock"
    owner = path.with_suffix(".pid")
    try:
        with FileLock(path, timeout=0):
            owner.write_text(str(os.getpid()))
            yield
    except Timeout:
        raise Busy(
            f"Another bench is measuring on this host (process {owner.read_text()}).",
            known="Two at once would spoil each other's figures.",
            advice="Wait for it to end, or stop it with Ctrl-C.",
            usage=True,
        ) from None
