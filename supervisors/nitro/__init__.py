"""nitro: one small process, PID 1 or not, on a directory of service directories."""

from __future__ import annotations

from collections.abc import Iterable

from supervisors.base import Supervisor
from supervisors.contender import Contender
from supervisors.service import Service
from supervisors.versions import Finding


def _contender(*, pid1: bool) -> Contender:
    return Contender(
        "nitro",
        "runner",
        "default",
        pid1=pid1,
        setting="a run script a service; it waits before the restart of what ended soon after its"
        " start, which no setting changes",
        # Its README takes what ended within two seconds for too quick.
        settled_uptime=2.0,
    )


class Nitro(Supervisor):
    """https://github.com/leahneukirchen/nitro#readme"""

    name = "nitro"
    title = "nitro"
    home_page = "https://git.vuxu.org/nitro/about/"
    sources = {}
    unavailable_on = {
        "debian": "Debian does not package it",
        "precise": "Ubuntu 12.04 is older than nitro",
        "arch": "Arch's own repositories do not have it",
    }
    program_path = "/usr/sbin/nitro"
    # No program of it prints a version.
    version_command = None
    needs_pid1 = False
    init_command = "/usr/sbin/nitro"
    hosted_command = "/usr/sbin/nitro"
    process_names = frozenset({"nitro"})
    service_parent = "nitro"
    power_off_command = "nitroctl Shutdown"
    readiness_protocol = "fd:3"
    output_files = "/var/log/SERVICE.log"
    unsupported = {"watchdog": "nitro waits for ./run to end, and checks nothing else."}
    findings = (
        Finding(
            "By its README it waits for two seconds before it starts again what ended too quickly:"
            " it waits for one (DELAY_RESPAWN in its source, 0.8)."
        ),
    )
    contenders = (_contender(pid1=False), _contender(pid1=True))

    def enable_command(self, contender: Contender, service: Service) -> str:
        # A service of that name takes the output, where there is one.
        log = f"/etc/nitro/{service.name}-log"
        return f"[ ! -e {log} ] || ln -sfn ../{service.name}-log /etc/nitro/{service.name}/log"

    def disable_command(self, contender: Contender, service: Service) -> str:
        return f"nitroctl stop {service.name}; rm -r /etc/nitro/{service.name}"

    def reload_command(self, contender: Contender, services: Iterable[Service]) -> str:
        return "nitroctl rescan"

    def stop_command(self, contender: Contender, service: Service) -> str:
        return f"nitroctl stop {service.name}"

    def start_command(self, contender: Contender, service: Service) -> str:
        return f"nitroctl start {service.name}"

    def wait_ready_command(self, contender: Contender, service: Service) -> str:
        return f"nitroctl wait-up {service.name}"


SUPERVISOR = Nitro()
