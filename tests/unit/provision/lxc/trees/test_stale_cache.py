"""What of the cache goes at the next start."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from provision.cache import cache_folder
from provision.lxc.programs import keeper, traces
from provision.lxc.trees.stale_cache import remove_stale_entries
from provision.scratch import scratch_folder

ROOT = Path(__file__).parents[5]
KILLED = """
import os, signal, sys
from pathlib import Path
from provision.scratch import scratch_folder
with scratch_folder(Path(sys.argv[1]), "part"):
    os.kill(os.getpid(), signal.SIGKILL)
"""


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


@pytest.mark.parametrize("place", ["", "bin", "loc", "boxes", "sources/wheels"])
def test_unfinished_work_of_a_killed_process_is_removed(cache: Path, place: str) -> None:
    subprocess.run([sys.executable, "-c", KILLED, str(cache / place)], cwd=ROOT, check=False)
    (left,) = (cache / place).iterdir()
    (left / "half a file").touch()
    remove_stale_entries()
    assert not left.exists()


def test_a_key_that_was_never_finished_is_removed_unless_it_is_being_made(cache: Path) -> None:
    left = cache / "key-xyz_12"
    left.mkdir()
    with FileLock(cache / "key.lock"):
        remove_stale_entries()
    assert left.exists()
    remove_stale_entries()
    assert not left.exists()


def test_unfinished_work_stays_while_its_process_lives(cache: Path) -> None:
    with scratch_folder(cache / "loc", "count") as folder:
        remove_stale_entries()
        assert folder.exists()
    assert list((cache / "loc").iterdir()) == []


def test_a_folder_that_is_removed_before_it_has_its_lock_is_made_again(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []

    def make(**options: Any) -> str:
        made.append(mkdtemp(**options))
        if len(made) == 1:
            remove_stale_entries()
        return made[-1]

    mkdtemp = tempfile.mkdtemp
    monkeypatch.setattr(tempfile, "mkdtemp", make)
    with scratch_folder(cache, "part") as folder:
        assert made == [made[0], str(folder)]
        assert folder.exists()


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
