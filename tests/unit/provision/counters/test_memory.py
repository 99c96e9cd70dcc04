"""Memory limits by the files of both versions of control groups, in a tree made for the test."""

from __future__ import annotations

from pathlib import Path

import pytest

from provision.counters.memory import find_memory_group
from tests.support.wait import eventually


def make_tree(root: Path, version: str) -> None:
    """Make a process 7 in group a/b, where only group a has a memory controller."""
    group = root / "cgroup" / ("memory/a" if version == "v1" else "a")
    (group / "b").mkdir(parents=True)
    names = {
        "v1": {"memory.limit_in_bytes": "9223372036854771712", "memory.usage_in_bytes": "5000",
               "memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 3\n",
               "memory.swappiness": "60"},
        "v2": {"memory.max": "max", "memory.current": "5000",
               "memory.events": "low 0\noom 9\noom_kill 3\noom_group_kill 0\n"},
    }[version]  # fmt: skip
    for name, content in names.items():
        (group / name).write_text(content)
    lines = {"v1": "4:memory:/a/b\n1:cpu:/\n0::/\n", "v2": "0::/a/b\n"}[version]
    (root / "proc" / "7").mkdir(parents=True)
    (root / "proc" / "7" / "cgroup").write_text(lines)


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_a_limit_is_set_within_the_block_and_kills_are_counted(
    tmp_path: Path, version: str
) -> None:
    make_tree(tmp_path, version)
    group = find_memory_group(7, tmp_path / "cgroup", tmp_path / "proc")
    assert group is not None
    assert (group.version, group.path.name) == (version, "a")
    assert (group.usage(), group.kills()) == (5000, 3)
    before = {path.name: path.read_text() for path in group.path.iterdir() if path.is_file()}
    limit = "memory.limit_in_bytes" if version == "v1" else "memory.max"
    with group.limited(1 << 20) as counter:
        assert (group.path / limit).read_text() == str(1 << 20)
        if version == "v1":
            assert (group.path / "memory.swappiness").read_text() == "0"
        events = group.path / ("memory.oom_control" if version == "v1" else "memory.events")
        untouched = events.read_text()
        events.write_text("oom_kill 5\n")
        eventually(lambda: counter.kills, "a kill that is counted", interval=0.001)
        # As for a group that is removed and made again: the count stays.
        events.write_text(untouched)
    assert counter.kills == 2
    after = {path.name: path.read_text() for path in group.path.iterdir() if path.is_file()}
    assert after == before


def test_without_a_controller_there_is_no_group(tmp_path: Path) -> None:
    (tmp_path / "cgroup" / "a").mkdir(parents=True)
    (tmp_path / "proc" / "7").mkdir(parents=True)
    (tmp_path / "proc" / "7" / "cgroup").write_text("0::/a\n")
    assert find_memory_group(7, tmp_path / "cgroup", tmp_path / "proc") is None


def test_a_process_that_has_ended_is_in_no_group(tmp_path: Path) -> None:
    assert find_memory_group(7, tmp_path / "cgroup", tmp_path / "proc") is None
