"""The main job in real machines, as a person types it, and the host before and after."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.host import Host
from tests.support.suite import Suite, eventually

pytestmark = pytest.mark.timeout(2400)


@pytest.fixture(scope="module")
def suite(base: Path) -> Iterator[Suite]:
    made = Suite.made(base / "s", seeded=False)
    yield made
    made.remove()


def libvirt(suite: Suite, *words: str, box: Path) -> list[str]:
    return [*words, "--provider=libvirt", f"--box={box}"]


@pytest.fixture(scope="module")
def untouched(suite: Suite) -> Host:
    return Host.seen(suite)


def test_sysvinit_and_god_are_measured_in_a_machine(
    suite: Suite, box: Path, untouched: Host
) -> None:
    words = libvirt(suite, "--only=sysvinit,god", "--quick", "--force", box=box)
    done = suite.start("bench", *words).end(2000)
    assert done.code == 0, done.output
    run = suite.record()
    assert run["provider"]["name"] == "libvirt"
    results = {each["name"]: each for each in run["contenders"]}
    assert {name.split("/")[0] for name in results} == {"god", "sysvinit", "floor"}
    assert {each["status"] for each in results.values()} == {"measured"}
    # As PID 1 after a reboot, and kept by a PID 1 that was rebooted before.
    assert {name for name in results if name.endswith("/pid1")} >= {
        "sysvinit/runner/default/pid1",
        "floor/runner/default/pid1",
    }
    # In its event mode, which the kernel refuses to embedded guests; a polling god goes to 'up'.
    assert "process events" in results["god/monitor/default/hosted"]["verified"]["mode"]
    assert "to 'init'" in results["god/monitor/default/hosted"]["verified"]["mode_shown_by"]
    report = suite.run("report")
    assert report.code == 0
    # A host without hardware acceleration says so before its figures are believed.
    machines = {each["guests"][0]["acceleration"] for each in results.values()}
    assert machines == {"hardware"} or "emulated" in report.output


def test_the_host_stays_as_it_was(suite: Suite, untouched: Host) -> None:
    # The last keeper ends libvirt's own daemons.
    eventually(lambda: not untouched.newcomers(), "no process is left")
    assert untouched.differences(Host.seen(suite)) == {}


def test_a_machine_of_ones_own_is_there_until_it_is_destroyed(suite: Suite, box: Path) -> None:
    before = Host.seen(suite)
    done = suite.start("up", *libvirt(suite, box=box)).end(600)
    assert done.code == 0, done.output
    assert "kept for you" in suite.run("status").output
    assert "removed debian-" in suite.run("destroy").output
    assert "There is no machine." in suite.run("status").output
    eventually(lambda: not before.newcomers(), "no process is left")
    assert before.differences(Host.seen(suite)) == {}


def test_a_suite_killed_while_its_machine_boots_leaves_nothing(suite: Suite, box: Path) -> None:
    before = Host.seen(suite)
    running = suite.start("up", *libvirt(suite, box=box))
    running.until("Booting")
    eventually(lambda: any("qemu" in each.name() for each in before.newcomers()), "it boots", 300)
    running.kill()
    running.end()
    eventually(lambda: not before.newcomers(), "no process is left", 300)
    assert before.differences(Host.seen(suite)) == {}
