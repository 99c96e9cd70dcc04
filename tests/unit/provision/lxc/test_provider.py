"""How many embedded guests may run at once, and when none boots."""

from __future__ import annotations

import ctypes
import os
from pathlib import Path

import pytest

from provision.counters import inotify
from provision.errors import Problem
from provision.lxc.provider import Lxc
from provision.lxc.trees import layers
from provision.lxc.trees.userns import SHIFT
from provision.provider import Installation
from provision.systems import SYSTEMS


def test_guests_share_the_inotify_instances_that_root_has_left() -> None:
    limit, provider = inotify.instances_limit(), Lxc()
    free = provider.shared_objects()
    assert 1 <= free <= limit
    opened = ctypes.CDLL(None).inotify_init()
    try:
        assert provider.shared_objects() <= max(1, limit - 1)
        assert inotify.instances_open(SHIFT) >= 1
    finally:
        os.close(opened)


def test_each_init_that_watches_files_has_its_part() -> None:
    """With systemd's guests alone counted, beside those of Upstart and finit, systemd failed."""
    under = Lxc().shared_objects_under
    assert under("systemd") > under("upstart") == under("finit") > under("sysvinit") == 0


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
