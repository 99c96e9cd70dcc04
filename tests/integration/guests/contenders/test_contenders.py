"""Every contender available on debian or a later release keeps a real daemon alive in a guest.

The guests run side by side, because pollers wait nearly all the time.
"""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from bench.engine.guests import measurement
from bench.engine.guests.session import CLIENT_ENDS
from bench.engine.guests.verify import find_mode, retried, verify
from bench.model.events import RESTART, Event, events_of_kind
from bench.model.run_file import FLOOR, Verification
from bench.model.selection.contenders import SelectedContender, Selection, select_contenders
from bench.model.steps import Step, TrialGroup
from provision.cache import cache_folder
from provision.guests.guest import Guest
from provision.lxc.programs import traces
from provision.lxc.provider import Lxc
from provision.sources.host_fetched import HostFetched
from provision.sources.packages import Apt
from provision.systems import SYSTEMS, System
from supervisors.service import Service, services_of
from tests.support.host import lxc_locks
from tests.support.selected import selected_names
from tests.support.wait import eventually

DEBIAN = SYSTEMS["debian"]
# A later release, for the supervisors that DEBIAN does not package.
LATER = SYSTEMS["trixie"]


def _select(system: System) -> dict[str, SelectedContender]:
    chosen = select_contenders((system,), Selection()).contenders
    return {selected.contender.name: selected for selected in chosen}


SELECTED = _select(LATER) | _select(DEBIAN)
ON_DEBIAN = frozenset(_select(DEBIAN))
MAX_GUESTS = 6
# Seconds. Beyond this period a check takes minutes.
SLOW_PERIOD = 10.0
DEADLINE = 30.0


def _period(name: str) -> float:
    return SELECTED[name].contender.period or 0.0


def _system(name: str) -> System:
    return DEBIAN if name in ON_DEBIAN else LATER


def _parameter(name: str) -> object:
    settled = SELECTED[name].contender.settled_uptime
    slow = name not in ON_DEBIAN or max(_period(name), settled) > SLOW_PERIOD
    return pytest.param(name, marks=[pytest.mark.slow] if slow else [])


@pytest.fixture(scope="module")
def checks(request: pytest.FixtureRequest) -> Iterator[dict[str, Future[None]]]:
    """Check each contender that pytest selected, the slowest first, a few at the same time."""
    names = selected_names(request, test_contender)
    for system in sorted({_system(name).name for name in names}):
        Lxc().prepare(SYSTEMS[system])
    with ThreadPoolExecutor(MAX_GUESTS) as pool:
        yield {
            name: pool.submit(_ContenderCheck(SELECTED[name], _system(name)).run)
            for name in sorted(names, key=_period, reverse=True)
        }
        pool.shutdown(cancel_futures=True)


@pytest.mark.parametrize("name", [_parameter(name) for name in SELECTED])
def test_contender(checks: dict[str, Future[None]], name: str) -> None:
    checks[name].result()


class _ContenderCheck:
    """One contender's life in one guest, from its configuration to its stop."""

    def __init__(self, selected: SelectedContender, system: System) -> None:
        self.system = system
        self.supervisor = selected.supervisor
        self.contender = selected.contender
        self.source = selected.source
        self.period = selected.contender.period or 0.0
        self.deadline = DEADLINE + 2 * self.period
        self.name = f"contender-{selected.name.replace('/', '-')}-{os.getpid()}"

    def run(self) -> None:
        installation = self.supervisor.installation(self.source)
        guest = Lxc().up(
            self.name, self.system, installation, measurement.payload_files(platform.machine())
        )
        try:
            self._check(guest)
        finally:
            guest.destroy()
        assert not (cache_folder() / "guests" / self.name).exists()
        assert not traces._cgroups(self.name)
        assert f".{self.name}" not in {lock.name for lock in lxc_locks()}

    def _check(self, guest: Guest) -> None:
        one, two = services_of(self.contender, 1), services_of(self.contender, 2)
        self.supervisor.configure(guest, self.contender, one)
        self._check_files(guest, one)
        self._check_version(guest)
        self.supervisor.start(guest, self.contender)
        self._check_running(guest, one)
        self._check_restart(guest, one)
        if self.supervisor.name != FLOOR:  # which cannot stop a service
            self._check_stop_and_start(guest, one[0])
        self.supervisor.update_services(guest, self.contender, two)
        self._check_files(guest, two)
        self._check_running(guest, two)
        self._check_end(guest)

    def _measure(
        self, guest: Guest, services: Sequence[Service], *steps: Step, seconds: float = 0.0
    ) -> list[Event]:
        return measurement.run_measurement(
            guest, services, steps, seed=1, timeout=seconds + 30, on_event=lambda _: None
        )

    def _check_files(self, guest: Guest, services: Sequence[Service]) -> None:
        for file in self.supervisor.files(self.contender, services):
            assert guest.read(file.path).decode() == file.content, file.path
            mode = guest.run(f"stat -Lc %a {file.path}").stdout.strip()
            assert int(mode, 8) == file.mode, file.path

    def _check_version(self, guest: Guest) -> None:
        version = self.supervisor.version(guest, self.source)
        if isinstance(self.source, Apt):
            package = self.source.packages[0]
            query = f"dpkg-query -W -f '${{source:Upstream-Version}}' {package}"
            packaged = guest.run(query).stdout.strip()
            assert version.startswith(packaged) or packaged.startswith(version)
        if isinstance(self.source, HostFetched):
            assert version == self.source.locked_version

    def _check_running(self, guest: Guest, services: Sequence[Service]) -> None:
        names = [service.name for service in services]

        def look() -> Verification:
            events = self._measure(
                guest,
                services,
                {"do": "await", "services": names, "deadline": self.deadline},
                # Wait for the processes that a daemon leaves behind while it detaches itself.
                {"do": "watch", "seconds": 0.3},
                {"do": "snapshot"},
                seconds=self.deadline,
            )
            return verify(self.system, self.supervisor, self.contender, services, events)

        evidence = retried(look, CLIENT_ENDS if self.supervisor.forked_by_client else 0.0)
        assert (evidence["hosted_by"] is None) == self.contender.pid1
        if self.supervisor.mode_command:
            printed = guest.run(self.supervisor.mode_command, check=False).stdout
            # The kernel sends process events to its initial user namespace only.
            assert "it polls" in find_mode(self.supervisor, printed)["mode"]

    def _check_restart(self, guest: Guest, services: Sequence[Service]) -> None:
        settled = self.contender.settled_uptime
        group: TrialGroup = {"name": "long", "trials": 1, "uptime": [settled, settled]}
        events = self._measure(
            guest,
            services,
            {"do": "trials", "service": "s1", "groups": [group], "deadline": self.deadline},
            seconds=self.deadline + settled,
        )
        (sample,) = events_of_kind(events, RESTART)
        assert not sample["censored"]
        assert sample["signal"] == 9
        assert sample["new_pid"] != sample["old_pid"]
        assert sample["main_ns"] is not None and sample["kill_ns"] < sample["main_ns"]
        self._check_running(guest, services)

    def _check_stop_and_start(self, guest: Guest, service: Service) -> None:
        guest.run(self.supervisor.stop_command(self.contender, service))
        eventually(lambda: _daemon_count(guest) == 0, "the service is down", self.deadline, 0.1)
        # No restart comes within its period and every delay: the service stays down.
        time.sleep(self.period + 2)
        assert _daemon_count(guest) == 0
        guest.run(self.supervisor.start_command(self.contender, service))
        self._check_running(guest, [service])

    def _check_end(self, guest: Guest) -> None:
        self.supervisor.stop(guest, self.contender)
        if self.contender.pid1:
            return
        running = set(guest.run("ps -e -o comm=").stdout.split())
        assert not running & (self.supervisor.process_names | {"testd"})


def _daemon_count(guest: Guest) -> int:
    return len(guest.run("pgrep -x testd", check=False).stdout.split())
