"""Limits of a guest: set as far as the host's control groups have them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from provision.guests.limit_class import LARGE, USUAL
from provision.lxc import limits
from provision.lxc.programs import traces
from provision.lxc.programs.disk_guard import Space


@pytest.fixture
def groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty tree in the place of the kernel's control groups."""
    monkeypatch.setattr(traces, "CGROUPS", tmp_path)
    monkeypatch.setattr(limits, "memory_limit", lambda limit_class: 1 << 30)
    return tmp_path


class Group:
    """A group of the kernel's: it has these files, and no other one can be made."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, top: Path, files: tuple[str, ...]) -> None:
        top.mkdir(parents=True)
        for file in files:
            (top / file).write_text("max")
        write_text = Path.write_text

        def write(path: Path, text: str) -> int:
            if path.parent == top and not path.exists():
                raise PermissionError(str(path))
            return write_text(path, text)

        monkeypatch.setattr(Path, "write_text", write)
        monkeypatch.setattr(traces, "guest_cgroups", lambda name: {top})


@pytest.mark.parametrize(
    ("files", "names"),
    [
        (("pids.max",), {"processes"}),
        (("memory.limit_in_bytes",), {"memory"}),
        (
            ("memory.limit_in_bytes", "memory.memsw.limit_in_bytes"),
            {"memory", "memory_and_swap"},
        ),
        (("pids.max", "memory.max", "memory.swap.max"), {"processes", "memory", "memory_and_swap"}),
        ((), set()),
    ],
)
def test_only_limits_that_the_host_has_are_set_and_reported(
    groups: Path, monkeypatch: pytest.MonkeyPatch, files: tuple[str, ...], names: set[str]
) -> None:
    Group(monkeypatch, groups / "top", files)
    always = {"open_files", "oom_score_adj", "inotify_instances", "inotify_watches"}
    assert set(limits.apply_limits("g-1", USUAL)) - always == names
    assert all((groups / "top" / file).read_text() != "max" for file in files)


def test_missing_limits_of_cgroup_v1_are_named(groups: Path) -> None:
    for controller in ("pids", "memory", "cpu"):
        (groups / controller).mkdir()
    (groups / "memory" / "memory.limit_in_bytes").touch()
    (groups / "cpu" / "cpu.shares").touch()
    swap, quota = limits.missing_limits()
    assert swap == "memory_and_swap"
    assert quota == "cpu_quota (only the guest's weight: a tenth of the usual one)"


@pytest.mark.parametrize("part", [".", "unified"])
def test_missing_limits_of_cgroup_v2_are_named(groups: Path, part: str) -> None:
    (groups / part).mkdir(exist_ok=True)
    (groups / part / "cgroup.controllers").write_text("cpu memory\n")
    assert limits.missing_limits() == ["processes"]


def test_a_host_without_control_groups_limits_neither_processes_nor_memory(groups: Path) -> None:
    missing = ["processes", "memory", "memory_and_swap", "cpu_quota"]
    assert limits.missing_limits() == missing
    assert any(", ".join(missing) in line for line in limits.describe_limits())


@pytest.mark.parametrize(
    ("files", "limited", "lifted"),
    [
        (("cpu.cfs_quota_us",), {"cpu.cfs_quota_us": "200000"}, {"cpu.cfs_quota_us": "-1"}),
        (("cpu.max",), {"cpu.max": "200000 100000"}, {"cpu.max": "max 100000"}),
        (("cpu.shares",), {"cpu.shares": "102"}, {"cpu.shares": "1024"}),
        (("cpu.weight",), {"cpu.weight": "10"}, {"cpu.weight": "100"}),
    ],
)
def test_processor_time_is_limited_by_what_the_host_has_until_it_is_lifted(
    groups: Path,
    monkeypatch: pytest.MonkeyPatch,
    files: tuple[str, ...],
    limited: dict[str, str],
    lifted: dict[str, str],
) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 4)
    Group(monkeypatch, groups / "top", files)
    in_force = limits.limit_cpu("g-1")
    assert {file: (groups / "top" / file).read_text() for file in files} == limited
    quota = files[0] in ("cpu.cfs_quota_us", "cpu.max")
    assert in_force == ({"cpu_quota": 200} if quota else {"cpu_weight": 10})
    limits.lift_cpu_limit("g-1")
    assert {file: (groups / "top" / file).read_text() for file in files} == lifted


def test_a_guest_may_write_half_of_what_is_free(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = Space(1 << 30, 1000)
    monkeypatch.setattr(limits, "free_space", lambda folder: free)
    assert limits.disk_limit(tmp_path, LARGE) == Space(1 << 29, 500)


def test_a_file_system_that_does_not_count_files_leaves_the_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "free_space", lambda folder: Space(1 << 50, 0))
    assert limits.disk_limit(tmp_path, USUAL) == Space(USUAL.disk, USUAL.files)
