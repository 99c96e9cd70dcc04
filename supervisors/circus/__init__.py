"""Circus: a Python daemon, the parent of its programs, that looks at them every few seconds."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from provision.sources.packages import Apt
from provision.sources.wheels import Wheels
from supervisors.base import Supervisor
from supervisors.contender import Contender, Profile
from supervisors.service import Service
from supervisors.versions import Finding

_WHEELS = Wheels(
    "circus",
    Path(__file__).with_name("requirements.lock"),
    needs=Apt(("python3-venv",)),
)
# By default it listens on the network, at 127.0.0.1.
_CTL = "/opt/circus/bin/circusctl --endpoint ipc:///run/circus.endpoint"


def _contender(profile: Profile, period: float, setting: str) -> Contender:
    return Contender(
        "circus",
        "runner",
        profile,
        pid1=False,
        setting=setting,
        period=period,
        # It reads the output itself where a stream is configured.
        log_process="circusd",
    )


class Circus(Supervisor):
    """https://circus.readthedocs.io/en/latest/for-ops/configuration/"""

    name = "circus"
    title = "Circus"
    home_page = "https://circus.readthedocs.io/"
    sources = {"debian": _WHEELS}
    version_sources = {"debian": _WHEELS}
    program_path = "/opt/circus/bin/circusd"
    version_command = "/opt/circus/bin/circusd --version"
    needs_pid1 = False
    hosted_command = "/opt/circus/bin/circusd /etc/circus.ini"
    process_names = frozenset({"circusd"})
    service_parent = "circusd"
    # The host may kill it earlier than it has ended its programs.
    stop_all_command = f"{_CTL} stop --waiting"
    output_files = "/var/log/SERVICE.log"
    unsupported = {
        "readiness": "A watcher is active once its process has been forked; a process cannot"
        " announce more.",
        "watchdog": "Its watchdog plugin takes heartbeats over UDP, which the test daemon does not"
        " send; circusd itself checks nothing but that a process exists.",
    }
    findings = (
        Finding(
            "By its manual, max_retry (5) is how often it tries to start a process before it stops"
            " the watcher. That holds for a program that cannot be executed; one that exits at once"
            " is started again for ever (0.19.0)."
        ),
    )
    contenders = (
        _contender("default", 5.0, "a watcher with its command alone; check_delay is 5 s"),
        _contender("fast", 0.1, "check_delay=0.1: it looks at its processes ten times a second"),
    )

    def disable_command(self, contender: Contender, service: Service) -> str:
        return f"rm /etc/circus.d/{service.name}.ini"

    def reload_command(self, contender: Contender, services: Iterable[Service]) -> str:
        # Its client waits for 5 s by default, and the start of 100 watchers takes longer.
        return f"{_CTL} --timeout 1200 reloadconfig --waiting"

    def stop_command(self, contender: Contender, service: Service) -> str:
        return f"{_CTL} stop --waiting {service.name}"

    def start_command(self, contender: Contender, service: Service) -> str:
        return f"{_CTL} start --waiting {service.name}"


SUPERVISOR = Circus()
