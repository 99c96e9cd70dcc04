"""Each usage example works in a real guest exactly as it is shown."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import pytest

from bench.engine.guests import measurement
from bench.model.run_file import Action, Example
from bench.recording.usage_examples import usage_examples
from provision.guests.files import File
from provision.guests.guest import Guest
from provision.lxc.provider import Lxc
from provision.sources.host_fetched import HostFetched
from provision.sources.packages import PackageSource
from provision.systems import SYSTEMS, System
from supervisors import supervisors
from supervisors.base import Supervisor
from tests.support.selected import selected_names
from tests.support.wait import eventually

# All examples run before the first test ends: a quarter of an hour on two busy processors.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(2400)]

DEBIAN = SYSTEMS["debian"]
# A later release, for the supervisors that DEBIAN does not package.
LATER = SYSTEMS["trixie"]
MAX_GUESTS = 4
DEADLINE = 300.0


@dataclass(frozen=True)
class Case:
    """An example, and the whole example that it starts from. A whole one starts from itself."""

    supervisor: Supervisor
    system: System
    base: Example
    example: Example

    @property
    def name(self) -> str:
        return f"{self.supervisor.name}: {self.example['title'][:40]}"

    @property
    def source(self) -> PackageSource | None:
        return self.supervisor.source(self.system)

    @property
    def slowest(self) -> float:
        return max(contender.period or 0.0 for contender in self.supervisor.contenders)


def _cases() -> Iterator[Case]:
    for supervisor in supervisors().values():
        # Without a Debian package, the example begins with the reader's own build.
        systems = [system for system in (DEBIAN, LATER) if not supervisor.why_unavailable(system)]
        if not systems:
            continue
        examples = usage_examples(supervisor, systems[0])
        whole = [ex for ex in examples if ex["steps"][0]["title"] == "Install"]
        # Of what the suite brings itself, there is nothing to install, nor to repeat.
        for example in examples if whole else ():
            base = example if example in whole else whole[0]
            yield Case(supervisor, systems[0], base, example)


CASES = {case.name: case for case in _cases()}


@pytest.fixture(scope="module")
def attempts(request: pytest.FixtureRequest) -> Iterator[dict[str, Future[None]]]:
    """Follow each example that pytest selected in a guest of its own, a few at the same time."""
    names = selected_names(request, test_example)
    for system in sorted({CASES[name].system.name for name in names}):
        Lxc().prepare(SYSTEMS[system])
    with ThreadPoolExecutor(MAX_GUESTS) as pool:
        futures = {name: pool.submit(_follow, CASES[name]) for name in names}
    # All have ended here: Python 3.11 cannot format a failure while another thread compiles.
    yield futures


def _parameter(name: str) -> object:
    return pytest.param(name, marks=[pytest.mark.slow] if CASES[name].slowest > 10 else [])


@pytest.mark.parametrize("name", [_parameter(name) for name in CASES])
def test_example(attempts: dict[str, Future[None]], name: str) -> None:
    attempts[name].result()


def _follow(case: Case) -> None:
    # The example itself installs everything it needs.
    guest = Lxc().up(f"usage-{abs(hash(case.name)) % 10**8}-{os.getpid()}", case.system)
    try:
        guest.write(measurement.payload_files(platform.machine()))
        if case.example is case.base:
            _follow_whole(guest, case)
        else:
            _follow_difference(guest, case)
    finally:
        guest.destroy()


def _follow_whole(guest: Guest, case: Case) -> None:
    expected = {
        "Add a service, and reload": {"s1", "s2"},
        "Stop a service": {"s2"},
        "Start it again": {"s1", "s2"},
        "Take a service out, and reload": {"s1"},
        "Stop": set[str](),
    }
    for step in case.example["steps"]:
        _run_actions(guest, step["title"], step["actions"], case.source)
        if step["title"].startswith("Start") and step["title"] != "Start it again":
            _expect_daemons(guest, {"s1"})
        elif step["title"] in expected:
            _expect_daemons(guest, expected[step["title"]])


def _follow_difference(guest: Guest, case: Case) -> None:
    """Install and configure as the base does, then apply the difference, then start."""
    base = {step["title"].split(",")[0]: step["actions"] for step in case.base["steps"]}
    own = {step["title"].split(",")[0]: step["actions"] for step in case.example["steps"]}
    _run_actions(guest, "Install", base["Install"], case.source)
    _run_actions(guest, "Configure", base["Configure"])
    expected = {"s1"}
    if "Install daemonize" in own:
        start = base["Start"]
        _run_actions(guest, "Start", start)
        _expect_daemons(guest, expected)
        expected = {"s1", "s3"}
    for title, actions in own.items():
        _run_actions(guest, title, actions)
    if "Start as PID 1" not in own and "Install daemonize" not in own:
        _run_actions(guest, "Start", base.get("Start") or base["Start as PID 1"])
    _expect_daemons(guest, expected)


def _run_actions(
    guest: Guest, title: str, actions: list[Action], source: PackageSource | None = None
) -> None:
    for action in actions:
        if "file" in action:
            guest.write([File(action["file"], action["content"], action["mode"])])
        elif "boot" in action:
            guest.reboot(action["boot"])
        elif isinstance(source, HostFetched) and action["command"] == source.by_hand:
            # A guest does not reach the registry: its host does, as in a run.
            source.install_fetched(guest)
        elif title.startswith("Install"):
            with guest.network():
                guest.run(action["command"], timeout=DEADLINE)
        else:
            guest.run(action["command"], timeout=DEADLINE)


def _expect_daemons(guest: Guest, names: set[str]) -> None:
    """Check that the daemons of exactly those services run, and still do so 1.5 s later."""
    eventually(lambda: _running(guest) == names, f"just {names} run", DEADLINE, 0.2)
    time.sleep(1.5)
    assert _running(guest) == names


def _running(guest: Guest) -> set[str]:
    lines = guest.run("ps -C testd -o args=", check=False).stdout.splitlines()
    return {line.split()[-1] for line in lines}
