"""The main job on guests of other systems, built and filled by those systems' own tools."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.integration.systems.conftest import DAY
from tests.support import standins
from tests.support.suite import Done, Suite

pytestmark = pytest.mark.timeout(900)
PATIENCE = 600.0  # s: an image is built first


def bench(suite: Suite, only: str, options: dict[str, str]) -> Done:
    words = [f"--{name}={value}" for name, value in options.items()]
    return suite.start("bench", "--quick", f"--only={only}", *words).end(PATIENCE)


def by_name(record: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {each["name"]: each for each in record["contenders"]}


def restarts(contender: dict[str, Any]) -> float:
    metrics = contender["scenarios"]["restart"]["metrics"]
    (long,) = (each for each in metrics if each["metric"] == "restart_long")
    assert long["n"] > 0
    assert long["censored"] == 0
    return float(long["median"])


def test_arch(suite: Suite, arch: dict[str, str]) -> None:
    """pacstrap makes it, pacman and makepkg fill it, systemd hosts in it."""
    done = bench(suite, "runit,monit/monitor/tuned", arch)
    assert done.code == 0, done.output
    record = suite.record()
    assert record["system"]["title"] == standins.ARCH_TITLE
    assert record["system"]["mirror"]["snapshot"] == DAY
    assert standins.ARCH_TITLE in done.output
    found = by_name(record)
    hosted = found["runit/runner/default/hosted"]
    assert hosted["source"] == {"kind": "aur", "text": "aur: runit"}
    assert hosted["version"] == standins.RUNIT
    assert hosted["verified"]["hosted_by"] == "systemd"
    assert found["monit/monitor/tuned/hosted"]["source"]["kind"] == "pacman"
    for contender in found.values():
        assert contender["status"] == "measured", contender["reason"]
        assert restarts(contender) > 0


def test_an_aur_that_cannot_be_reached(suite: Suite, arch: dict[str, str]) -> None:
    nowhere = {**arch, "aur": f"{arch['mirror']}/nowhere"}
    done = bench(suite, "runit/runner/default/hosted", nowhere)
    assert done.code == 1
    assert "The Arch User Repository cannot be reached for runit." in done.output


def test_precise(suite: Suite, precise: dict[str, str]) -> None:
    """debootstrap makes it, apt fills it, and Python 2.7 measures in it."""
    done = bench(suite, "runit", precise)
    assert done.code == 0, done.output
    record = suite.record()
    assert record["system"]["title"] == standins.PRECISE_TITLE
    found = by_name(record)
    hosted = found["runit/runner/default/hosted"]
    assert hosted["source"]["kind"] == "apt"
    assert hosted["guests"][0]["measurer"]["python"].startswith("2.7.")
    assert found["runit/runner/default/pid1"]["verified"]["hosted_by"] is None
    for contender in found.values():
        assert contender["status"] == "measured", contender["reason"]
        assert restarts(contender) > 0


@pytest.mark.parametrize("system", ["arch", "precise"])
def test_an_archive_signed_by_somebody_else(
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
