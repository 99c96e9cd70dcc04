"""The state of a host that two moments of a test are compared by."""

from __future__ import annotations

from pathlib import Path

import pytest

from provision.lxc.programs.traces import cgroup_name
from tests.support.host import lxc_locks, suite_cgroups
from tests.support.suite import Suite


@pytest.mark.parametrize(
    ("group", "is_compared"),
    [
        (f"{cgroup_name('mine')}/system.slice", True),
        (f"memory/{cgroup_name('mine')}.monitor", True),
        ("lxc.payload.mine", True),
        (f"{cgroup_name('other')}", False),
        ("system.slice/cron.service", False),
    ],
)
def test_only_groups_of_the_suites_making_are_compared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, group: str, is_compared: bool
) -> None:
    monkeypatch.setattr(Suite, "had_guest", lambda _, name: name == "mine")
    (tmp_path / "cgroup" / group).mkdir(parents=True)
    found = suite_cgroups(Suite(tmp_path), tmp_path / "cgroup")
    assert (str(tmp_path / "cgroup" / group) in found) is is_compared


def test_locks_are_listed_while_others_guests_take_theirs_away(tmp_path: Path) -> None:
    """LXC removes a folder of locks with the last lock in it."""
    lock = tmp_path / "locks" / "mnt" / "guests" / ".mine"
    lock.parent.mkdir(parents=True)
    lock.touch()
    assert lxc_locks(tmp_path / "locks") == [lock]
    assert lxc_locks(tmp_path / "locks" / "gone") == []
