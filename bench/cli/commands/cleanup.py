"""Removes guests that were left or kept, and the cache, for `./inv destroy`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bench.engine.guests.leftovers import remove_guests
from bench.engine.lock import exclusive_run_lock
from bench.tracing.recorder import remove_stale_instances
from provision.cache import clear_cache
from provision.errors import Problem
from provision.provider import GuestState
from provision.registry import providers


def destroy_guests(*, cache: bool) -> Iterator[str]:
    """Remove orphaned and kept guests; with cache, also images and layers. Yields what it did.

    Guests of a run in progress stay. Raises Problem after everything else is removed if some guest
    cannot be; and before anything is removed if the cache is in use.
    """
    if not cache:
        yield from _destroy_guests()
        return
    with exclusive_run_lock():
        _check_cache_unused()
        yield from _destroy_guests()
        freed = clear_cache()
    yield f"cleared the cache: {freed >> 20} MiB are free again"


def _destroy_guests() -> Iterator[str]:
    failures: list[Problem] = []
    removed = 0
    for provider in providers().values():
        for outcome in remove_guests(provider, (GuestState.KEPT, GuestState.ORPHANED)):
            if isinstance(outcome, Problem):
                failures.append(outcome)
                continue
            removed += 1
            yield f"removed {outcome}"
    remove_stale_instances()
    in_use = _guests_in_use()
    if in_use:
        yield f"in use, not removed: {', '.join(in_use)}"
    if failures:
        raise _join(failures)
    if not removed and not in_use:
        yield "no guest was left"


def _join(failures: Sequence[Problem]) -> Problem:
    return Problem(
        "\n".join(failure.what for failure in failures),
        known="\n".join(failure.known for failure in failures),
        advice="\n".join(dict.fromkeys(failure.advice for failure in failures)),
    )


def _check_cache_unused() -> None:
    """Raise Problem while a guest, such as that of `./inv try`, runs on the cached layers."""
    guests = _guests_in_use()
    if guests:
        raise Problem(
            "The cache is in use, so it is not cleared.",
            known=f"Guests that run on it: {', '.join(guests)}.",
            advice="Leave or end them, then run the same command again.",
            usage=True,
        )


def _guests_in_use() -> list[str]:
    return [
        guest.name
        for provider in providers().values()
        for guest in provider.guests()
        if guest.state is GuestState.OWNED
    ]
