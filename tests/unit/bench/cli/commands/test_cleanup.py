"""What `./inv destroy` removes, and what it reports."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bench.cli.commands import cleanup
from provision.cache import cache_folder
from provision.errors import Problem
from provision.lxc.provider import Lxc
from provision.provider import GuestRecord, GuestState

STATES = {"kept": GuestState.KEPT, "left": GuestState.ORPHANED, "used": GuestState.OWNED}


class FakeProvider(Lxc):
    """A provider with one guest of each state; those named cannot be removed."""

    def __init__(self, *stay: str) -> None:
        self.stay = stay
        self.there = ["kept", "left", "used"]

    def guests(self) -> list[GuestRecord]:
        return [GuestRecord(name, STATES[name]) for name in self.there]

    def remove(self, name: str) -> None:
        if name in self.stay:
            raise Problem(f"{name} stays.", known="It is nailed down.", advice="Draw the nail.")
        self.there.remove(name)


def use_provider(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, provider: FakeProvider) -> Path:
    """A host with that provider alone; returns an image in its cache."""
    monkeypatch.setattr(cleanup, "providers", lambda: {"lxc": provider})
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    image = cache_folder() / "images" / "debian"
    image.mkdir(parents=True)
    return image


def test_a_guest_that_cannot_be_removed_is_reported_after_the_others(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    provider = FakeProvider("kept")
    use_provider(monkeypatch, tmp_path, provider)
    lines: list[str] = []
    with pytest.raises(Problem) as caught:
        lines.extend(cleanup.destroy_guests(cache=False))
    assert str(caught.value) == "kept stays.\nIt is nailed down.\nDraw the nail."
    assert not caught.value.usage
    assert provider.there == ["kept", "used"]


def test_an_unexpected_error_keeps_no_other_guest_from_being_removed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    provider = FakeProvider()
    use_provider(monkeypatch, tmp_path, provider)
    remove = provider.remove

    def fail_first(name: str) -> None:
        if name == "kept":
            raise RecursionError("too deep")
        remove(name)

    monkeypatch.setattr(provider, "remove", fail_first)
    with pytest.raises(Problem, match="Guest kept is not removed") as caught:
        list(cleanup.destroy_guests(cache=False))
    assert "RecursionError: too deep" in caught.value.known
    assert provider.there == ["kept", "used"]


def test_a_guest_in_use_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    provider = FakeProvider()
    use_provider(monkeypatch, tmp_path, provider)
    provider.there = ["used"]
    assert list(cleanup.destroy_guests(cache=False)) == ["in use, not removed: used"]
    provider.there = []
    assert list(cleanup.destroy_guests(cache=False)) == ["no guest was left"]


def test_the_cache_stays_while_a_guest_runs_on_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    provider = FakeProvider()
    image = use_provider(monkeypatch, tmp_path, provider)
    with pytest.raises(Problem, match="in use") as caught:
        list(cleanup.destroy_guests(cache=True))
    assert caught.value.usage
    assert caught.value.known == "Guests that run on it: used."
    assert provider.there == ["kept", "left", "used"]
    assert image.exists()


def test_the_cache_goes_after_the_guests(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    provider = FakeProvider()
    image = use_provider(monkeypatch, tmp_path, provider)
    provider.there.remove("used")
    (image / "file").write_bytes(bytes(3 << 20))
    *lines, last = cleanup.destroy_guests(cache=True)
    assert lines == ["removed kept", "removed left"]
    assert re.fullmatch(r"cleared the cache: 3 MiB are free again", last)
    assert not image.exists()


def test_a_cache_that_cannot_be_removed_is_reported(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """As for a plain user, who does not own the guests' files."""
    provider = FakeProvider()
    image = use_provider(monkeypatch, tmp_path, provider)
    provider.there.clear()
    monkeypatch.setattr("provision.cache.remove_tree", lambda path: None)
    with pytest.raises(Problem, match="The cache is not cleared") as caught:
        list(cleanup.destroy_guests(cache=True))
    assert str(image.parent) in caught.value.known
