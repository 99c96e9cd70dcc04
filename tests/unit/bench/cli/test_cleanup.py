"""What `./inv destroy` does, and what it says that it has done."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.cli import cleanup
from provision.cache import cache_folder
from provision.errors import Problem
from provision.lxc.provider import Lxc
from provision.provider import GuestRecord, GuestState

STATES = {"kept": GuestState.KEPT, "left": GuestState.ORPHANED, "used": GuestState.OWNED}


class Some(Lxc):
    """A provider with one guest of each sort; some stay, whoever removes them."""

    def __init__(self, *stay: str) -> None:
        self.stay = stay
        self.there = ["kept", "left", "used"]

    def guests(self) -> list[GuestRecord]:
        return [GuestRecord(name, STATES[name]) for name in self.there]

    def remove(self, name: str) -> None:
        if name in self.stay:
            raise Problem(f"{name} stays.", known="It is nailed down.", advice="Draw the nail.")
        self.there.remove(name)


def having(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, provider: Some) -> Path:
    """A host with that provider alone; returns an image in its cache."""
    monkeypatch.setattr(cleanup, "providers", lambda: {"lxc": provider})
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    image = cache_folder() / "images" / "debian"
    image.mkdir(parents=True)
    return image


def test_what_stays_is_told_of_after_all_else_is_removed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    provider = Some("kept")
    having(monkeypatch, tmp_path, provider)
    said: list[str] = []
    with pytest.raises(Problem) as told:
        said.extend(cleanup.destroy_guests(cache=False))
    assert str(told.value) == "kept stays.\nIt is nailed down.\nDraw the nail."
    assert not told.value.usage
    assert provider.there == ["kept", "used"]


def test_the_cache_stays_while_a_guest_runs_on_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    provider = Some()
    image = having(monkeypatch, tmp_path, provider)
    with pytest.raises(Problem, match="in use") as told:
        list(cleanup.destroy_guests(cache=True))
    assert told.value.usage
    assert told.value.known == "Guests that run on it: used."
    assert provider.there == ["kept", "left", "used"]
    assert image.exists()


def test_the_cache_goes_after_the_guests(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    provider = Some()
    image = having(monkeypatch, tmp_path, provider)
    provider.there.remove("used")
    said = list(cleanup.destroy_guests(cache=True))
    assert said == ["removed kept", "removed left", "cleared the cache"]
    assert not image.exists()


def test_a_cache_that_stays_is_told_of(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """As for a plain user, to whom guests' trees do not belong."""
    provider = Some()
    image = having(monkeypatch, tmp_path, provider)
    provider.there.clear()
    monkeypatch.setattr("provision.cache.remove_tree", lambda path: None)
    with pytest.raises(Problem, match="The cache is not cleared") as told:
        list(cleanup.destroy_guests(cache=True))
    assert str(image.parent) in told.value.known
