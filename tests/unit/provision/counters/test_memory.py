"""Limits by the files of both versions of control groups, in a made-up tree of them."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from provision.counters.memory import find_memory_group


def tree(root: Path, version: str) -> None:
    """A process 7 in group a/b, of which only a has a memory controller."""
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
def test_the_limit_is_set_and_taken_away(tmp_path: Path, version: str) -> None:
    tree(tmp_path, version)
    group = find_memory_group(7, tmp_path / "cgroup", tmp_path / "proc")
    assert group is not None
    assert (group.version, group.path.name) == (version, "a")
    assert (group.usage(), group.kills()) == (5000, 3)
    before = {path.name: path.read_text() for path in group.path.iterdir() if path.is_file()}
    limit = "memory.limit_in_bytes" if version == "v1" else "memory.max"
    with group.limited(1 << 20) as tally:
        assert (group.path / limit).read_text() == str(1 << 20)
        if version == "v1":
            assert (group.path / "memory.swappiness").read_text() == "0"
        events = group.path / ("memory.oom_control" if version == "v1" else "memory.events")
        untouched = events.read_text()
        events.write_text("oom_kill 5\n")
        while not tally.kills:
            time.sleep(0.001)
        # As if the group were made anew: what was counted stays counted.
        events.write_text(untouched)
    assert tally.kills == 2
    after = {path.name: path.read_text() for path in group.path.iterdir() if path.is_file()}
    assert after == before


def test_without_a_controller_there_is_no_group(tmp_path: Path) -> None:
    (tmp_path / "cgroup" / "a").mkdir(parents=True)
    (tmp_path / "proc" / "7").mkdir(parents=True)
    (tmp_path / "proc" / "7" / "cgroup").write_text("0::/a\n")
    assert find_memory_group(7, tmp_path / "cgroup", tmp_path / "proc") is None
