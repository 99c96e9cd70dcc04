"""Limits of a guest: set as far as the host's control groups have them."""

from __future__ import annotations

from pathlib import Path

import pytest

from provision.lxc import limits, traces


@pytest.fixture
def groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty tree in the place of the kernel's control groups."""
    monkeypatch.setattr(traces, "CGROUPS", tmp_path)
    monkeypatch.setattr(limits, "memory_limit", lambda: 1 << 30)
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
    assert set(limits.apply_limits("g-1")) - always == names
    assert all((groups / "top" / file).read_text() != "max" for file in files)


def test_missing_limits_of_cgroup_v1_are_named(groups: Path) -> None:
    for controller in ("pids", "memory"):
        (groups / controller).mkdir()
    (groups / "memory" / "memory.limit_in_bytes").touch()
    assert limits.missing_limits() == ["memory_and_swap"]


@pytest.mark.parametrize("part", [".", "unified"])
def test_missing_limits_of_cgroup_v2_are_named(groups: Path, part: str) -> None:
    (groups / part).mkdir(exist_ok=True)
    (groups / part / "cgroup.controllers").write_text("cpu memory\n")
    assert limits.missing_limits() == ["processes"]


def test_a_host_without_control_groups_limits_neither_processes_nor_memory(groups: Path) -> None:
    assert limits.missing_limits() == ["processes", "memory", "memory_and_swap"]
