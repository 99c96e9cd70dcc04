"""Which control groups a guest has mounted: its PID 1 decides that, not the host."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from provision.guests.commands import Output
from provision.guests.guest import Guest


@pytest.mark.parametrize(
    ("mounts", "versions"),
    [
        ("sysfs /sys sysfs ro 0 0\n", "none"),
        ("cgroup2 /sys/fs/cgroup cgroup2 rw 0 0\n", "v2"),
        ("tmpfs /sys/fs/cgroup tmpfs ro 0 0\ncgroup /sys/fs/cgroup/pids cgroup rw 0 0\n", "v1"),
        (
            "cgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0\n"
            "cgroup /sys/fs/cgroup/systemd cgroup rw 0 0\n",
            "v1 and v2",
        ),
    ],
)
def test_the_guests_own_mounts_tell(mounts: str, versions: str) -> None:
    guest: Any = SimpleNamespace(run=lambda command: Output(mounts, "", 0))
    assert Guest.mounted_cgroups(cast(Guest, guest)) == versions
