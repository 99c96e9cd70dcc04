"""Which guests exist, in which state, and that a removal says what it could not remove."""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import IO, Any

import pytest

from provision.cache import cache_folder
from provision.errors import Problem
from provision.lxc.existing_guests import list_guests, remove_guest
from provision.lxc.programs import keeper, traces
from provision.provider import GuestRecord, GuestState
from tests.support.wait import eventually


class Observer:
    """Lists the guests in a second thread, as another suite does at any moment.

    on_main_lock: called when the main thread asks for a lock.
    """

    def __init__(self, pool: ThreadPoolExecutor) -> None:
        self.listings: list[Future[list[GuestRecord]]] = []
        self._pool = pool
        self._main = threading.get_ident()
        self._waits_for_lock = threading.Event()
        self._flock = fcntl.flock

    def look(self) -> None:
        """List the guests now; returns once the listing is done, or waits for a lock."""
        self._waits_for_lock.clear()
        listing = self._pool.submit(list_guests)
        self.listings.append(listing)
        eventually(lambda: listing.done() or self._waits_for_lock.is_set(), "a listing")

    def flock(self, file: IO[str] | int, operation: int) -> None:
        """Take the place of fcntl.flock, and note where the second thread has to wait."""
        if threading.get_ident() != self._main and not operation & fcntl.LOCK_NB:
            try:
                self._flock(file, operation | fcntl.LOCK_NB)
                return
            except BlockingIOError:
                self._waits_for_lock.set()
        self._flock(file, operation)

    def states(self, name: str) -> list[GuestState | None]:
        """That guest's state in each listing; None where it is not listed."""
        listings = (listing.result(60) for listing in self.listings)
        return [
            next((guest.state for guest in guests if guest.name == name), None)
            for guests in listings
        ]


@pytest.fixture
def observer(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Observer]:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(traces, "CGROUPS", tmp_path / "no-cgroups")
    with ThreadPoolExecutor(1) as pool:
        observer = Observer(pool)
        monkeypatch.setattr(fcntl, "flock", observer.flock)
        yield observer


def test_a_guest_that_is_just_being_claimed_is_not_orphaned(
    monkeypatch: pytest.MonkeyPatch, observer: Observer
) -> None:
    home = cache_folder() / "guests" / "begins-1"
    mkdir = Path.mkdir

    def look_after_mkdir(path: Path, *arguments: Any, **options: Any) -> None:
        mkdir(path, *arguments, **options)
        if path == home:
            observer.look()

    monkeypatch.setattr(Path, "mkdir", look_after_mkdir)
    with keeper.claim_guest(home):
        assert observer.states(home.name) == [GuestState.OWNED]


def test_a_guest_that_is_just_being_removed_is_not_orphaned(
    monkeypatch: pytest.MonkeyPatch, observer: Observer
) -> None:
    home = cache_folder() / "guests" / "ends-1"
    remove_tree = traces.remove_tree

    def look_before_removal(folder: Path) -> None:
        if folder == home:
            (home / "lock").unlink()
        observer.look()
        remove_tree(folder)

    with keeper.claim_guest(home):
        (home / "upper").mkdir()
        monkeypatch.setattr(traces, "remove_tree", look_before_removal)
        assert traces.remove_traces(home) == []
        assert observer.states(home.name) == [GuestState.OWNED, None]


@pytest.mark.usefixtures("observer")
def test_a_guest_is_owned_while_its_keeper_lives_and_orphaned_after() -> None:
    home = cache_folder() / "guests" / "lives-1"
    with keeper.claim_guest(home):
        assert list_guests() == [GuestRecord(home.name, GuestState.OWNED)]
    assert list_guests() == [GuestRecord(home.name, GuestState.ORPHANED)]


@pytest.mark.usefixtures("observer")
def test_a_kept_guest_is_kept_only_while_its_keeper_lives() -> None:
    home = cache_folder() / "guests" / "kept-1"
    with keeper.claim_guest(home):
        (home / keeper.KEPT).touch()
        assert list_guests() == [GuestRecord(home.name, GuestState.KEPT)]
    assert list_guests() == [GuestRecord(home.name, GuestState.ORPHANED)]


@pytest.mark.usefixtures("observer")
def test_a_guest_is_claimed_once() -> None:
    home = cache_folder() / "guests" / "begins-1"
    with keeper.claim_guest(home), pytest.raises(FileExistsError):
        keeper.claim_guest(home)


@pytest.mark.parametrize(
    ("user", "advice"), [(0, "Once nothing uses it"), (1000, "Run the same command with sudo.")]
)
def test_a_removal_names_what_remains(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, user: int, advice: str
) -> None:
    """A control group that cannot be removed stands for everything that a guest may leave."""
    (tmp_path / "lxc-stop").write_text("#!/bin/sh\n")
    (tmp_path / "lxc-stop").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(traces, "CGROUPS", tmp_path / "groups")
    monkeypatch.setattr(traces, "LOCKS", tmp_path / "locks")
    monkeypatch.setattr(traces, "SECONDS_TO_VANISH", 0.1)
    monkeypatch.setattr(os, "geteuid", lambda: user)
    group = tmp_path / "groups" / "process-supervision.odd-1"
    (group / "cgroup.procs").mkdir(parents=True)
    (group / "cgroup.procs" / "held").touch()
    with pytest.raises(Problem) as caught:
        remove_guest("odd-1")
    assert caught.value.what == "Guest odd-1 is not removed."
    assert f"{group} is left." in caught.value.known
    assert caught.value.advice.startswith(advice)
