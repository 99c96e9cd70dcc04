"""Removing what is left of guests."""

from __future__ import annotations

from collections.abc import Iterator

from bench.engine.lock import exclusive_run_lock
from bench.tracing.parser import sweep
from provision.errors import Problem
from provision.lxc.provider import clear_cache
from provision.registry import providers


def destroy_guests(*, cache: bool) -> Iterator[str]:
    """Remove guests whose owner is gone or which were kept; with cache, what can be built again.

    Guests of a run that is going on are left to it. Raises Problem where something cannot be
    removed, after all else has been, and before anything is where the cache is in use.
    """
    if not cache:
        yield from _guests()
        return
    with exclusive_run_lock():
        _check_unused()
        yield from _guests()
        clear_cache()
    yield "cleared the cache"


def _guests() -> Iterator[str]:
    failures, removed = [], 0
    for provider in providers().values():
        for name in sorted({*provider.leftovers(), *provider.kept()}):
            try:
                provider.remove(name)
            except Problem as failure:
                failures.append(failure)
                continue
            removed += 1
            yield f"removed {name}"
    sweep()
    if failures:
        raise _together(failures)
    if not removed:
        yield "no guest was left"


def _together(failures: list[Problem]) -> Problem:
    return Problem(
        "\n".join(each.what for each in failures),
        known="\n".join(each.known for each in failures),
        advice="\n".join(dict.fromkeys(each.advice for each in failures)),
    )


def _check_unused() -> None:
    """Raises Problem while there is a guest, as `./inv try` has one, whose layers would go."""
    used = [
        name
        for provider in providers().values()
        for name in sorted({*provider.owned()} - {*provider.kept()})
    ]
    if used:
        raise Problem(
            "The cache is in use, so it is not cleared.",
            known=f"Guests that run on it: {', '.join(used)}.",
            advice="Leave or end them, then run the same command again.",
            usage=True,
        )
