"""A guest has a network only while an installation fetches, and none while it installs."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from provision.cache import remove_tree
from provision.guests.guest import Guest
from provision.lxc.trees.layers import installation_layer
from provision.provider import Installation
from provision.sources.packages import Apt
from provision.systems import SYSTEMS
from tests.support.online_commands import online_commands, record_network


@pytest.mark.probe("hostile")
def test_apt_runs_maintainer_scripts_without_a_network() -> None:
    commands: list[tuple[str, bool]] = []

    def install(guest: Guest) -> None:
        record_network(guest, commands)
        Apt(("runit",)).install(guest)
        guest.run("test -e /usr/bin/runsv")

    layer = installation_layer(
        SYSTEMS["debian"], Installation("netless", f"{os.getpid()}", install)
    )
    remove_tree(layer)
    Path(f"{layer}.lock").unlink()
    update, download = online_commands(commands)
    assert "apt-get -q update" in update and "--download-only" in download
    offline = [command for command, online in commands if not online]
    assert any("install -y --no-install-recommends runit" in command for command in offline)


@pytest.mark.probe("hostile")
def test_an_installation_that_fetches_nothing_has_no_network() -> None:
    interfaces: list[str] = []

    def install(guest: Guest) -> None:
        interfaces.extend(guest.run("ls /sys/class/net").stdout.split())

    installation = Installation("netless", f"{os.getpid()}", install, from_overlay=True)
    layer = installation_layer(SYSTEMS["debian"], installation)
    remove_tree(layer)
    Path(f"{layer}.lock").unlink()
    assert interfaces == ["lo"]
