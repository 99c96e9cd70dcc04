"""Control groups of the host: what they can do for guests, tried out with real ones."""

from __future__ import annotations

import pytest

from provision.lxc.host_check import cgroups
from provision.lxc.programs import traces


def test_a_move_between_groups_is_timed_and_leaves_no_group() -> None:
    took = cgroups.move_ms()
    assert (took is not None and took > 0) == bool(cgroups.writable_hierarchies())
    left = [list(top.glob(f"{traces.cgroup_name('move')}*")) for top in traces.own_cgroups()]
    assert not any(left)


def test_a_move_is_not_timed_where_no_group_can_be_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(traces, "own_cgroups", set)
    assert cgroups.move_ms() is None
