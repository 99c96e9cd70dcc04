"""An installation has a network only where it fetches something."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from provision.cache import remove_tree
from provision.guests.guest import Guest
from provision.lxc.layers import installation_layer
from provision.provider import Installation
from provision.systems import SYSTEMS


@pytest.mark.parametrize("from_overlay", [True, False])
def test_an_overlay_is_installed_without_a_network(from_overlay: bool) -> None:
    interfaces: list[str] = []

    def install(guest: Guest) -> None:
        interfaces.extend(guest.run("ls /sys/class/net").stdout.split())

    installation = Installation("netless", f"{os.getpid()}", install, from_overlay=from_overlay)
    layer = installation_layer(SYSTEMS["debian"], installation)
    try:
        assert ("tap0" in interfaces) is not from_overlay
    finally:
        remove_tree(layer)
        Path(f"{layer}.lock").unlink()
