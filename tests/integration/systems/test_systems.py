"""Restarts are measured on guests of other systems, built by those systems' own tools."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bench.engine.request.options import SystemOptions
from provision.guests.guest import Guest
from provision.lxc.trees.layers import installation_layer
from provision.provider import Installation
from provision.sources.packages import Aur, Pacman
from tests.integration.systems.conftest import DAY
from tests.support.online_commands import online_commands, record_network
from tests.support.stand_ins import standins
from tests.support.suite import Finished, Suite

pytestmark = pytest.mark.timeout(900)
PATIENCE = 600.0  # s: an image is built first


def bench(suite: Suite, only: str, options: dict[str, str]) -> Finished:
    words = [f"--{name}={value}" for name, value in options.items()]
    return suite.start("bench", "--quick", f"--only={only}", *words).end(PATIENCE)


def rows_by_name(record: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {row["name"]: row for row in record["contenders"]}


def median_restart(contender: dict[str, Any]) -> float:
    metrics = contender["scenarios"]["restart"]["metrics"]
    (long,) = (metric for metric in metrics if metric["metric"] == "restart_long")
    assert long["n"] > 0
    assert long["censored"] == 0
    return float(long["median"])


def test_arch_is_measured(suite: Suite, arch: dict[str, str]) -> None:
    """pacstrap builds it, pacman and makepkg install in it, systemd hosts in it."""
    done = bench(suite, "runit,monit/monitor/fast", arch)
    assert done.code == 0, done.output
    record = suite.record()
    assert record["system"]["title"] == standins.ARCH_TITLE
    assert record["system"]["mirror"]["snapshot"] == DAY
    assert standins.ARCH_TITLE in done.output
    rows = rows_by_name(record)
    hosted = rows["runit/runner/default/hosted"]
    assert hosted["source"] == {"kind": "aur", "text": "aur: runit"}
    assert hosted["version"] == standins.RUNIT
    assert hosted["verified"]["hosted_by"] == "systemd"
    assert rows["monit/monitor/fast/hosted"]["source"]["kind"] == "pacman"
    for contender in rows.values():
        assert contender["status"] == "measured", contender["reason"]
        assert median_restart(contender) > 0


def test_an_unreachable_aur_is_an_error(suite: Suite, arch: dict[str, str]) -> None:
    nowhere = {**arch, "aur": f"{arch['mirror']}/nowhere"}
    done = bench(suite, "runit/runner/default/hosted", nowhere)
    assert done.code == 1
    assert "The Arch User Repository cannot be reached for runit." in done.output


def test_precise_is_measured(suite: Suite, precise: dict[str, str]) -> None:
    """debootstrap builds it, apt installs in it, and Python 2.7 measures in it."""
    done = bench(suite, "runit", precise)
    assert done.code == 0, done.output
    record = suite.record()
    assert record["system"]["title"] == standins.PRECISE_TITLE
    rows = rows_by_name(record)
    hosted = rows["runit/runner/default/hosted"]
    assert hosted["source"]["kind"] == "apt"
    assert hosted["guests"][0]["measurer"]["python"].startswith("2.7.")
    assert rows["runit/runner/default/pid1"]["verified"]["hosted_by"] is None
    for contender in rows.values():
        assert contender["status"] == "measured", contender["reason"]
        assert median_restart(contender) > 0


@pytest.mark.parametrize("system", ["arch", "precise"])
def test_an_archive_with_a_foreign_signature_is_refused(
    suite: Suite, system: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    options: dict[str, str] = request.getfixturevalue(system)
    stranger = standins.Signer(tmp_path / "gnupg")
    stranger.close()
    done = bench(suite, "runit", {**options, "keyring": str(stranger.public)})
    assert done.code == 1
    tool = {"arch": "pacstrap", "precise": "debootstrap"}[system]
    assert f"{tool} failed with exit code 1." in done.output
    assert not list((suite.cache / "images").glob("build-*"))


def test_pacman_and_makepkg_build_and_install_without_a_network(
    suite: Suite, arch: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(suite.cache.parent))
    options = SystemOptions(
        os="arch", mirror=arch["mirror"], snapshot=DAY, aur=arch["aur"], keyring=arch["keyring"]
    )
    commands: list[tuple[str, bool]] = []

    def install(guest: Guest) -> None:
        record_network(guest, commands)
        Pacman(("monit",)).install(guest)
        Aur(("runit",)).install(guest)

    installation_layer(options.system(), Installation("netless", "", install))
    fetches = ("-Sy", "-Sw ", "-Suw", "git clone", "--verifysource")
    for command in online_commands(commands):
        assert any(words in command for words in fetches), command
    offline = [command for command, online in commands if not online]
    for words in ("-Su --needed monit", "makepkg --noconfirm", "pacman --noconfirm -U"):
        assert any(words in command for command in offline), words
