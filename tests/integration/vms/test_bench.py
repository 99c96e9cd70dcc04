"""The suite as a user runs it, in real machines, and the host before and after."""

from __future__ import annotations

import contextlib
import re
from pathlib import Path

import psutil
import pytest

from tests.support.host import HostState
from tests.support.suite import Suite
from tests.support.wait import eventually

pytestmark = pytest.mark.timeout(2400)


def with_libvirt(*words: str, box: Path) -> list[str]:
    return [*words, "--provider=libvirt", f"--box={box}"]


@pytest.fixture(scope="module")
def untouched(suite: Suite) -> HostState:
    return HostState.take(suite)


def test_sysvinit_and_god_are_measured_in_a_machine(
    suite: Suite, box: Path, untouched: HostState
) -> None:
    words = ("--only=sysvinit,god", "--scenario=restart", "--trials=2", "--quick", "--force")
    command = suite.start("bench", *with_libvirt(*words, box=box)).end(2000)
    assert command.code == 0, command.output
    run = suite.record()
    assert run["provider"]["name"] == "libvirt"
    results = {result["name"]: result for result in run["contenders"]}
    assert {name.split("/")[0] for name in results} == {"god", "sysvinit", "floor"}
    assert {result["status"] for result in results.values()} == {"measured"}
    # These two run as PID 1, which takes a reboot. God runs under a PID 1 that was rebooted before.
    assert {name for name in results if name.endswith("/pid1")} >= {
        "sysvinit/runner/default/pid1",
        "floor/runner/default/pid1",
    }
    # Only a kernel of its own gives god its event mode; a god that polls goes to the state 'up'.
    assert "process events" in results["god/monitor/default/hosted"]["verified"]["mode"]
    assert "to 'init'" in results["god/monitor/default/hosted"]["verified"]["mode_shown_by"]
    consoles = sorted((suite.results / "latest" / "logs").glob("sysvinit*pid1*-console.log"))
    assert consoles
    assert re.search("===== PID 1: .*/sbin/init", consoles[0].read_text())
    report = suite.run("report")
    assert report.code == 0
    # The report warns the reader of figures from an emulated machine.
    machines = {result["guests"][0]["acceleration"] for result in results.values()}
    assert machines == {"hardware"} or "emulated" in report.output


def test_the_host_stays_as_it_was(suite: Suite, untouched: HostState) -> None:
    # The last keeper ends the libvirt daemons that the machines have started.
    eventually(lambda: not untouched.new_processes(), "no process is left", seconds=240)
    assert untouched.differences(HostState.take(suite)) == {}


def test_a_users_machine_stays_until_it_is_destroyed(suite: Suite, box: Path) -> None:
    before = HostState.take(suite)
    command = suite.start("up", *with_libvirt(box=box)).end(600)
    assert command.code == 0, command.output
    assert "kept for you" in suite.run("status").output
    assert "removed debian-" in suite.run("destroy").output
    assert "There is no machine." in suite.run("status").output
    eventually(lambda: not before.new_processes(), "no process is left", seconds=240)
    assert before.differences(HostState.take(suite)) == {}


def qemu_runs(before: HostState) -> bool:
    """Whether a process of QEMU runs that did not run before."""
    for process in before.new_processes():
        with contextlib.suppress(psutil.NoSuchProcess):
            if "qemu" in process.name():
                return True
    return False


def test_a_suite_killed_while_its_machine_boots_leaves_nothing(suite: Suite, box: Path) -> None:
    before = HostState.take(suite)
    running = suite.start("up", *with_libvirt(box=box))
    running.wait_for("Booting")
    eventually(lambda: qemu_runs(before), "QEMU runs", seconds=300)
    running.kill()
    running.end()
    eventually(lambda: not before.new_processes(), "no process is left", seconds=300)
    assert before.differences(HostState.take(suite)) == {}
