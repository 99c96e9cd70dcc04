"""When a guest has to end for what it writes: by counts of a real folder."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from provision.lxc.programs import disk_guard
from provision.lxc.programs.disk_guard import DiskGuard, Space

MIB = 1 << 20
PLENTY = Space(100_000 * MIB, 10_000_000)


class Disk:
    """A disk with so much free space, and how often a guest's part of it was counted."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.free = PLENTY
        self.counts = 0
        monkeypatch.setattr(disk_guard, "free_space", lambda folder: self.free)
        count = DiskGuard._count

        def counted(guard: DiskGuard) -> Space:
            self.counts += 1
            return count(guard)

        monkeypatch.setattr(DiskGuard, "_count", counted)

    def lose(self, size: int, files: int = 0) -> None:
        self.free = Space(self.free.size - size, self.free.files - files)


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    return Disk(monkeypatch)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "upper").mkdir()
    return tmp_path


def guard_of(home: Path, size: int, files: int = 1000) -> DiskGuard:
    return DiskGuard(home, Space(size, files), lambda: [os.getpid()])


def fill(path: Path, size: int) -> None:
    with path.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, size)


def test_nothing_is_counted_while_the_guest_is_within_its_limit_in_any_case(
    home: Path, disk: Disk
) -> None:
    guard = guard_of(home, 100 * MIB, files=100)
    for _ in range(100):
        disk.lose(MIB, 1)
        assert guard.fault() == ""
    assert disk.counts == 0


def test_small_losses_add_up(home: Path, disk: Disk) -> None:
    guard = guard_of(home, 100 * MIB)
    for _ in range(303):
        disk.lose(MIB)
        assert guard.fault() == ""
    assert disk.counts == 3


def test_what_the_guest_held_before_adds_to_what_the_disk_loses(home: Path, disk: Disk) -> None:
    guard = guard_of(home, 100 * MIB)
    fill(home / "upper" / "first", 60 * MIB)
    disk.lose(101 * MIB)
    assert guard.fault() == ""
    fill(home / "upper" / "second", 50 * MIB)
    disk.lose(50 * MIB)
    assert guard.fault() == "it holds 110 MiB of disk; its limit is 100 MiB"


def test_what_others_write_ends_no_guest(home: Path, disk: Disk) -> None:
    guard = guard_of(home, 100 * MIB)
    disk.lose(1000 * MIB, 500_000)
    assert guard.fault() == ""
    assert disk.counts == 1


def test_a_guest_with_too_many_bytes_has_to_end(home: Path, disk: Disk) -> None:
    guard = guard_of(home, 10 * MIB)
    fill(home / "upper" / "big", 70 * MIB)
    disk.lose(70 * MIB)
    assert guard.fault() == "it holds 70 MiB of disk; its limit is 10 MiB"


def test_a_guest_with_too_many_files_has_to_end(home: Path, disk: Disk) -> None:
    guard = guard_of(home, 100 * MIB, files=10)
    for number in range(11):
        (home / "upper" / str(number)).touch()
    disk.lose(MIB, 10_000)
    assert guard.fault() == "it has 12 files; its limit is 10"


def test_on_a_disk_that_is_nearly_full_those_that_hold_much_have_to_end(
    home: Path, disk: Disk
) -> None:
    disk.free = Space(300 * MIB, 10_000)
    much, little = guard_of(home, 1000 * MIB), guard_of(home / "small", 1000 * MIB)
    (home / "small" / "upper").mkdir(parents=True)
    fill(home / "upper" / "big", 70 * MIB)
    disk.lose(70 * MIB)
    assert much.fault() == "the disk has 230 MiB left, and it holds 70 MiB of it"
    assert little.fault() == ""
