"""What of the cache goes at the next start."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from filelock import FileLock

from provision.cache import cache_folder
from provision.lxc.programs import keeper, traces
from provision.lxc.trees.stale_cache import remove_stale_entries


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(traces, "CGROUPS", tmp_path / "no-cgroups")
    return cache_folder()


def make_layers(cache: Path, name: str, count: int) -> list[Path]:
    """Layers of that name, the least recently used first."""
    layers = [cache / "layers" / f"{name}-{number:016x}" for number in range(count)]
    for age, layer in enumerate(layers):
        layer.mkdir(parents=True)
        Path(f"{layer}.lock").touch()
        os.utime(f"{layer}.lock", (age, age))
    return layers


def test_what_a_killed_build_left_is_removed(cache: Path) -> None:
    left = cache / "images" / "build-debian-0123456789abcdef-xyz_12"
    (left / "root").mkdir(parents=True)
    remove_stale_entries()
    assert not left.exists()


def test_a_build_in_progress_stays(cache: Path) -> None:
    build = cache / "images" / "build-debian-0123456789abcdef-xyz_12"
    build.mkdir(parents=True)
    with FileLock(cache / "images" / "debian-0123456789abcdef.lock"):
        remove_stale_entries()
    assert build.exists()


def test_the_latest_three_layers_of_an_overlay_stay(cache: Path) -> None:
    overlay = make_layers(cache, "debian-runit-overlay", 5)
    package = make_layers(cache, "debian-runit", 5)
    remove_stale_entries()
    assert [layer.exists() for layer in overlay] == [False, False, True, True, True]
    assert all(layer.exists() for layer in package)


def test_layers_stay_while_a_guest_runs(cache: Path) -> None:
    overlay = make_layers(cache, "debian-runit-overlay", 5)
    with keeper.claim_guest(cache / "guests" / "some-1"):
        remove_stale_entries()
    assert all(layer.exists() for layer in overlay)
