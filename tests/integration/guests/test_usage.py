"""Each usage example, done in a real guest just as it is shown."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import pytest

from bench.engine import measurement
from bench.model.run_file import FLOOR, Action, Example
from bench.model.usage_examples import usage_examples
from provision.guest import File, Guest
from provision.lxc.provider import Lxc
from provision.systems import SYSTEMS
from supervisors import supervisors
from supervisors.base import Supervisor

pytestmark = pytest.mark.slow

DEBIAN = SYSTEMS["debian"]
AT_ONCE = 4
DEADLINE = 300.0


@dataclass(frozen=True)
class Case:
    """An example, and the one that it says the difference from, where it is none in itself."""

    supervisor: Supervisor
    base: Example
    example: Example

    @property
    def name(self) -> str:
        return f"{self.supervisor.name}: {self.example['title'][:40]}"

    @property
    def slowest(self) -> float:
        return max(each.period or 0.0 for each in self.supervisor.contenders)


def _cases() -> Iterator[Case]:
    for supervisor in supervisors().values():
        # What Debian does not bring has an example that begins with a build of one's own.
        if supervisor.name == FLOOR or supervisor.source(DEBIAN) is None:
            continue
        examples = usage_examples(supervisor, DEBIAN)
        whole = [each for each in examples if each["steps"][0]["title"] == "Install"]
        for example in examples:
            yield Case(supervisor, example if example in whole else whole[0], example)


CASES = {case.name: case for case in _cases()}


@pytest.fixture(scope="module")
def played(request: pytest.FixtureRequest) -> Iterator[dict[str, Future[None]]]:
    """A guest for each example that was selected, a few at once."""
    selected = [
        str(item.callspec.params["name"])
        for item in request.session.items
        if isinstance(item, pytest.Function) and item.function is test_example
    ]
    Lxc().prepare(DEBIAN)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        futures = {name: pool.submit(_play, CASES[name]) for name in selected}
    # Python 3.11 cannot format a failure while another thread compiles, so all are done by now.
    yield futures


def _parameter(name: str) -> object:
    return pytest.param(name, marks=[pytest.mark.slow] if CASES[name].slowest > 10 else [])


@pytest.mark.parametrize("name", [_parameter(name) for name in CASES])
def test_example(played: dict[str, Future[None]], name: str) -> None:
    played[name].result()


def _play(case: Case) -> None:
    # Nothing is installed beforehand but what the example itself installs.
    guest = Lxc().up(f"usage-{abs(hash(case.name)) % 10**8}-{os.getpid()}", DEBIAN)
    try:
        guest.write(measurement.payload_files(platform.machine()))
        if case.example is case.base:
            _whole(guest, case)
        else:
            _difference(guest, case)
    finally:
        guest.destroy()


def _whole(guest: Guest, case: Case) -> None:
    expected = {
        "Add a service, and reload": {"s1", "s2"},
        "Stop a service": {"s2"},
        "Start it again": {"s1", "s2"},
        "Take a service out, and reload": {"s1"},
        "Stop": set[str](),
    }
    for step in case.example["steps"]:
        _do(guest, step["title"], step["actions"])
        if step["title"].startswith("Start") and step["title"] != "Start it again":
            _until(guest, {"s1"})
        elif step["title"] in expected:
            _until(guest, expected[step["title"]])


def _difference(guest: Guest, case: Case) -> None:
    """The base's installation and configuration, then what is different, then a start."""
    base = {step["title"].split(",")[0]: step["actions"] for step in case.base["steps"]}
    own = {step["title"].split(",")[0]: step["actions"] for step in case.example["steps"]}
    _do(guest, "Install", base["Install"])
    _do(guest, "Configure", base["Configure"])
    wanted = {"s1"}
    if "Install daemonize" in own:
        start = base["Start"]
        _do(guest, "Start", start)
        _until(guest, wanted)
        wanted = {"s1", "s3"}
    for title, actions in own.items():
        _do(guest, title, actions)
    if "Start as PID 1" not in own and "Install daemonize" not in own:
        _do(guest, "Start", base.get("Start") or base["Start as PID 1"])
    _until(guest, wanted)


def _do(guest: Guest, title: str, actions: list[Action]) -> None:
    for action in actions:
        if "file" in action:
            guest.write([File(action["file"], action["content"], action["mode"])])
        elif "boot" in action:
            guest.reboot(action["boot"])
        elif title.startswith("Install"):
            with guest.network():
                guest.run(action["command"], timeout=DEADLINE)
        else:
            guest.run(action["command"], timeout=DEADLINE)


def _until(guest: Guest, names: set[str]) -> None:
    """The daemons of exactly those services run, and still do a little later."""
    assert _eventually(lambda: _running(guest) == names), (names, _running(guest))
    time.sleep(1.5)
    assert _running(guest) == names


def _running(guest: Guest) -> set[str]:
    told = guest.run("ps -C testd -o args=", check=False).stdout
    return {line.split()[-1] for line in told.splitlines()}


def _eventually(ask: Callable[[], bool]) -> bool:
    until = time.monotonic() + DEADLINE
    while not ask():
        if time.monotonic() > until:
            return False
        time.sleep(0.2)
    return True
