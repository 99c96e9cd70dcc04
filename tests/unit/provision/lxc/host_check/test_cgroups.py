"""Control groups of the host: what they can do for guests, tried out with real ones."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from provision.lxc.host_check import cgroups
from provision.lxc.programs import traces


def test_a_move_between_groups_is_timed_and_leaves_no_group() -> None:
    took = cgroups.move_ms()
    assert (took is not None and took > 0) == bool(cgroups.writable_hierarchies())
    left = [group for top in traces.own_cgroups() for group in top.glob(f"{cgroups._PREFIX}*")]
    assert not [group for group in left if group.name.endswith(f".{os.getpid()}")]


def test_a_probe_is_no_orphaned_guest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`./inv destroy` would end it while a bench starts."""
    monkeypatch.setattr(traces, "CGROUPS", tmp_path)
    with cgroups._group_and_process(cgroups._own_group(tmp_path, "try")) as pid:
        (group,) = tmp_path.glob("process-supervision*")
        (group / "cgroup.procs").write_text(f"{pid}\n")
        assert traces.orphaned_names() == []
        (group / "cgroup.procs").unlink()
    assert list(tmp_path.iterdir()) == []


def test_groups_of_killed_probes_are_removed(tmp_path: Path) -> None:
    with subprocess.Popen(["true"]) as ended:
        pass
    gone, alive = (tmp_path / f"{cgroups._PREFIX}.try.{pid}" for pid in (ended.pid, os.getppid()))
    own = cgroups._own_group(tmp_path, "try")
    for group in (gone, alive, own):
        group.mkdir()
    with cgroups._group_and_process(own):
        assert set(tmp_path.iterdir()) == {alive, own}


def test_a_move_is_not_timed_where_no_group_can_be_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(traces, "own_cgroups", set)
    assert cgroups.move_ms() is None
