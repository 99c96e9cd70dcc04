"""Removing what is left of guests."""

from __future__ import annotations

from collections.abc import Iterator

from provision.lxc import clear_cache
from provision.providers import providers


def destroy(*, cache: bool) -> Iterator[str]:
    """Remove every guest of every provider; with cache, all that can be built again, too."""
    for provider in providers().values():
        for name in provider.guests():
            provider.remove(name)
            yield f"removed {name}"
    if cache:
        clear_cache()
        yield "cleared the cache"
    yield "nothing is left"
