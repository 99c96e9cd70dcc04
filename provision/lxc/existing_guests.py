"""The embedded guests that exist on this host: their folders and states, and how one is removed."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Iterator
from pathlib import Path

from provision.cache import cache_folder, require_removed
from provision.guests.names import check_guest_name, is_guest_name
from provision.host.keepers import end_keeper, has_keeper
from provision.lxc.programs import keeper, traces
from provision.provider import GuestRecord, GuestState

# Seconds that a keeper may take to remove its guest before it is killed.
_SECONDS_TO_REMOVE = 30


def guest_folder(name: str) -> Path:
    """The folder of the guest of that name. Raises Problem where no guest may have the name."""
    return _all_guests() / check_guest_name(name)


def list_guests() -> list[GuestRecord]:
    """Every guest, also one of which only control groups are left."""
    states = dict.fromkeys(traces.orphaned_names(), GuestState.ORPHANED)
    with _claim_lock():
        states.update((home.name, _state(home)) for home in _homes())
    return [GuestRecord(name, state) for name, state in sorted(states.items())]


def is_orphaned(name: str) -> bool:
    """Tell whether the guest's folder exists, but no keeper for it."""
    home = guest_folder(name)
    with _claim_lock():
        return home.exists() and not has_keeper(home)


def remove_guest(name: str) -> None:
    """Remove a guest and everything that belongs to it, in use or not. Raises Problem."""
    home = guest_folder(name)
    # A plain user cannot end root's keeper: the guest stays, and the error below says so.
    with contextlib.suppress(PermissionError):
        if not end_keeper(home, _SECONDS_TO_REMOVE):
            end_keeper(home, _SECONDS_TO_REMOVE, kill=True)
    subprocess.run(
        ["lxc-stop", "-P", str(traces.GUESTS), "-n", name, "-k"],
        capture_output=True,
        check=False,
    )
    require_removed(f"Guest {name} is not removed.", traces.remove_traces(home))


def _all_guests() -> Path:
    return cache_folder() / "guests"


def _homes() -> list[Path]:
    return [home for home in _all_guests().glob("*/") if is_guest_name(home.name)]


def _state(home: Path) -> GuestState:
    if not has_keeper(home):
        return GuestState.ORPHANED
    return GuestState.KEPT if (home / keeper.KEPT).exists() else GuestState.OWNED


@contextlib.contextmanager
def _claim_lock() -> Iterator[None]:
    """Let no guest's folder appear or go meanwhile, as its lock does shortly before or after."""
    if not _all_guests().exists():
        yield
        return
    with traces.claim_lock(_all_guests()):
        yield
