"""How many embedded guests may run at once, and when none boots."""

from __future__ import annotations

from pathlib import Path

import pytest

from provision.errors import Problem
from provision.lxc.provider import Lxc
from provision.lxc.trees import layers
from provision.provider import Installation
from provision.systems import SYSTEMS


def test_guests_of_systemd_stay_within_one_users_inotify_instances() -> None:
    instances = int(Path("/proc/sys/fs/inotify/max_user_instances").read_text())
    assert 1 <= Lxc().max_guests_under("systemd") <= max(1, instances // 5)


def test_guests_of_other_inits_are_limited_by_the_provider_alone() -> None:
    provider = Lxc()
    assert provider.max_guests_under("sysvinit") == provider.max_guests


def test_no_guest_boots_for_an_installation_that_nobody_wants_any_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A job may wait for the layer that Ctrl-C keeps another job from finishing."""
    monkeypatch.setattr(layers, "ensure_image", lambda system: tmp_path)
    monkeypatch.setattr(layers, "cache_folder", lambda: tmp_path)
    monkeypatch.setattr(layers, "start_guest", lambda *_: pytest.fail("a guest boots"))

    def refuse() -> None:
        raise Problem("The run is being ended.")

    wanted = Installation("x", "key", lambda guest: None, check_wanted=refuse)
    with pytest.raises(Problem, match="is being ended"):
        layers.installation_layer(SYSTEMS["debian"], wanted)


def test_a_layer_may_hold_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Python 2.7 keeps nothing where the suite looks for compiled modules."""
    monkeypatch.setattr("os.chown", lambda *_: None)
    layers._write_files([], tmp_path / "nothing")
    assert list((tmp_path / "nothing").iterdir()) == []
