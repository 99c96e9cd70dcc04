"""How many embedded guests may run at once."""

from __future__ import annotations

from pathlib import Path

from provision.lxc.provider import Lxc


def test_guests_of_systemd_stay_within_one_users_inotify_instances() -> None:
    instances = int(Path("/proc/sys/fs/inotify/max_user_instances").read_text())
    assert 1 <= Lxc().max_guests_under("systemd") <= max(1, instances // 5)


def test_guests_of_other_inits_are_limited_by_the_provider_alone() -> None:
    provider = Lxc()
    assert provider.max_guests_under("sysvinit") == provider.max_guests
