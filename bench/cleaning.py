"""Removing what is left of guests."""

from __future__ import annotations

from collections.abc import Iterator

from bench.sole import sole
from bench.trace import sweep
from provision.lxc import clear_cache
from provision.providers import providers


def destroy(*, cache: bool) -> Iterator[str]:
    """Remove guests whose owner is gone or which were kept; with cache, what can be built again.

    Guests of a run that is going on are left to it. Raises Problem where the cache is in use.
    """
    removed = 0
    for provider in providers().values():
        for name in sorted({*provider.leftovers(), *provider.kept()}):
            provider.remove(name)
            removed += 1
            yield f"removed {name}"
    sweep()
    if cache:
        with sole():
            clear_cache()
        yield "cleared the cache"
    if not removed:
        yield "no guest was left"
