"""Every contender to be had on debian keeps a real daemon alive in a real guest.

The guests run side by side: pollers wait nearly all the time.
"""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from bench.engine import measurement
from bench.engine.verify import find_mode, verify
from bench.model.run_file import FLOOR
from bench.model.scenario import Event, Step
from bench.model.selection import SelectedContender, Selection, select_contenders
from provision.cache import cache_folder
from provision.guest import Guest
from provision.lxc import keeper
from provision.lxc.provider import Lxc
from provision.sources.packages import Apt
from provision.systems import SYSTEMS
from supervisors.service import Service, services_of

DEBIAN = SYSTEMS["debian"]
ENTRIES = {entry.name: entry for entry in select_contenders(DEBIAN, Selection()).contenders}
AT_ONCE = 6
# Beyond this period a story takes minutes.
SLOW = 10.0
PATIENCE = 30.0


def _parameter(name: str) -> object:
    slow = (ENTRIES[name].contender.period or 0.0) > SLOW
    return pytest.param(name, marks=[pytest.mark.slow] if slow else [])


@pytest.fixture(scope="module")
def stories(request: pytest.FixtureRequest) -> Iterator[dict[str, Future[None]]]:
    """One story for each contender that was selected, longest first, a few at once."""
    selected = [
        str(item.callspec.params["name"])
        for item in request.session.items
        if isinstance(item, pytest.Function) and item.function is test_contender
    ]
    Lxc().prepare(DEBIAN)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        yield {
            name: pool.submit(_Story(ENTRIES[name]).tell)
            for name in sorted(selected, key=lambda name: -(ENTRIES[name].contender.period or 0.0))
        }
        pool.shutdown(cancel_futures=True)


@pytest.mark.parametrize("name", [_parameter(name) for name in ENTRIES])
def test_contender(stories: dict[str, Future[None]], name: str) -> None:
    stories[name].result()


class _Story:
    """One contender's life in one guest; an assertion that fails says where it came to."""

    def __init__(self, entry: SelectedContender) -> None:
        self.supervisor = entry.supervisor
        self.contender = entry.contender
        self.source = entry.source
        self.period = entry.contender.period or 0.0
        self.patience = PATIENCE + 2 * self.period
        self.name = f"story-{entry.name.replace('/', '-')}-{os.getpid()}"

    def tell(self) -> None:
        recipe = self.supervisor.recipe(self.source)
        guest = Lxc().up(self.name, DEBIAN, recipe, measurement.payload_files(platform.machine()))
        try:
            self._tell(guest)
        finally:
            guest.destroy()
        assert not (cache_folder() / "guests" / self.name).exists()
        assert not keeper._cgroups(self.name)
        assert not list(keeper.LOCKS.rglob(f".{self.name}"))

    def _tell(self, guest: Guest) -> None:
        one, two = services_of(self.contender, 1), services_of(self.contender, 2)
        self.supervisor.configure(guest, self.contender, one)
        self._as_written(guest, one)
        self._version(guest)
        self.supervisor.start(guest, self.contender)
        self._verified(guest, one)
        self._restarts(guest, one)
        if self.supervisor.name != FLOOR:  # which knows no way to stop one
            self._stops_and_starts(guest, one[0])
        self.supervisor.update_services(guest, self.contender, two)
        self._as_written(guest, two)
        self._verified(guest, two)
        self._ends(guest)

    def _measure(
        self, guest: Guest, wanted: Sequence[Service], *steps: Step, seconds: float = 0.0
    ) -> list[Event]:
        return measurement.run_measurement(
            guest, wanted, steps, seed=1, timeout=seconds + 30, on_event=lambda _: None
        )

    def _as_written(self, guest: Guest, wanted: Sequence[Service]) -> None:
        for file in self.supervisor.files(self.contender, wanted):
            assert guest.read(file.path).decode() == file.content, file.path
            mode = guest.run(f"stat -Lc %a {file.path}").stdout.strip()
            assert int(mode, 8) == file.mode, file.path

    def _version(self, guest: Guest) -> None:
        told = self.supervisor.version(guest, self.source)
        if isinstance(self.source, Apt):
            package = self.source.packages[0]
            known = guest.run(
                f"dpkg-query -W -f '${{source:Upstream-Version}}' {package}"
            ).stdout.strip()
            assert told.startswith(known) or known.startswith(told)

    def _verified(self, guest: Guest, wanted: Sequence[Service]) -> None:
        names = [service.name for service in wanted]
        events = self._measure(
            guest,
            wanted,
            {"do": "await", "services": names, "deadline": self.patience},
            # What a daemon leaves behind while it detaches itself goes away.
            {"do": "watch", "seconds": 0.3},
            {"do": "snapshot"},
            seconds=self.patience,
        )
        evidence = verify(DEBIAN, self.supervisor, self.contender, wanted, events)
        assert (evidence["hosted_by"] is None) == self.contender.pid1
        if self.supervisor.mode_command:
            told = guest.run(self.supervisor.mode_command, check=False).stdout
            # The kernel has no process events for a user namespace other than its first.
            assert "it polls" in find_mode(self.supervisor, told)["mode"]

    def _restarts(self, guest: Guest, wanted: Sequence[Service]) -> None:
        settled = self.contender.settled_uptime
        group = {"name": "long", "trials": 1, "uptime": [settled, settled]}
        events = self._measure(
            guest,
            wanted,
            {"do": "trials", "service": "s1", "groups": [group], "deadline": self.patience},
            seconds=self.patience + settled,
        )
        (sample,) = [event for event in events if event["event"] == "sample"]
        assert not sample["censored"]
        assert sample["signal"] == 9
        assert sample["new_pid"] != sample["old_pid"]
        assert sample["kill_ns"] < sample["main_ns"]
        self._verified(guest, wanted)

    def _stops_and_starts(self, guest: Guest, service: Service) -> None:
        guest.run(self.supervisor.stop_command(self.contender, service))
        assert _eventually(lambda: _daemons(guest) == 0, self.patience)
        # Beyond its period and every hold-off: it is down, not merely between two lives.
        time.sleep(self.period + 2)
        assert _daemons(guest) == 0
        guest.run(self.supervisor.start_command(self.contender, service))
        self._verified(guest, [service])

    def _ends(self, guest: Guest) -> None:
        self.supervisor.stop(guest, self.contender)
        if self.contender.pid1:
            return
        left = set(guest.run("ps -e -o comm=").stdout.split())
        assert not left & (self.supervisor.process_names | {"testd"})


def _daemons(guest: Guest) -> int:
    return len(guest.run("pgrep -x testd", check=False).stdout.split())


def _eventually(ask: Callable[[], bool], seconds: float) -> bool:
    until = time.monotonic() + seconds
    while not ask():
        if time.monotonic() > until:
            return False
        time.sleep(0.1)
    return True
