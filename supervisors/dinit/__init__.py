"""dinit: one process, PID 1 or not, that starts services by their dependencies."""

from __future__ import annotations

from collections.abc import Iterable

from supervisors.base import Supervisor
from supervisors.contender import Contender, Profile, StartLimit
from supervisors.service import Service


def _contender(profile: Profile, *, pid1: bool) -> Contender:
    fast = profile == "fast"
    return Contender(
        "dinit",
        "runner",
        profile,
        pid1=pid1,
        setting=(
            "restart-delay = 0 and restart-limit-count = 0: it restarts at once, without a limit"
            if fast
            else "restart = true alone: 0.2 s from restart to restart, and three restarts in 10 s"
        ),
        # Three restarts in 10 s; the 10 s begin with a restart that came later than that.
        start_limit=None if fast else StartLimit(4, 10.0),
        spaces_starts=not fast,
    )


class Dinit(Supervisor):
    """https://davmac.org/projects/dinit/man-pages-html/dinit-service.5.html"""

    name = "dinit"
    title = "dinit"
    home_page = "https://davmac.org/projects/dinit/"
    sources = {}
    unavailable_on = {
        "debian": "Debian does not package it",
        "precise": "Ubuntu 12.04 is older than dinit",
        "arch": "Arch's own repositories do not have it",
    }
    program_path = "/usr/sbin/dinit"
    version_command = "/usr/sbin/dinit --version"
    needs_pid1 = False
    init_command = "/usr/sbin/dinit"
    hosted_command = "/usr/sbin/dinit"
    process_names = frozenset({"dinit"})
    service_parent = "dinit"
    power_off_command = "dinitctl shutdown"
    readiness_protocol = "fd:3"
    output_files = "/var/log/SERVICE.log"
    unsupported = {"watchdog": "dinit waits for a process to end, and checks nothing else."}
    contenders = (
        _contender("default", pid1=False),
        _contender("fast", pid1=False),
        _contender("default", pid1=True),
        _contender("fast", pid1=True),
    )

    def enable_command(self, contender: Contender, service: Service) -> str:
        # As `dinitctl --offline enable` does.
        link = f"/etc/dinit.d/boot.d/{service.name}"
        return f"mkdir -p /etc/dinit.d/boot.d && ln -sfn ../{service.name} {link}"

    def disable_command(self, contender: Contender, service: Service) -> str:
        return (
            f"dinitctl stop {service.name}; dinitctl rm-dep waits-for boot {service.name};"
            f" dinitctl unload {service.name};"
            f" rm /etc/dinit.d/{service.name} /etc/dinit.d/boot.d/{service.name}"
        )

    def reload_command(self, contender: Contender, services: Iterable[Service]) -> str:
        return "for link in /etc/dinit.d/boot.d/*; do dinitctl start ${link##*/}; done"

    def stop_command(self, contender: Contender, service: Service) -> str:
        return f"dinitctl stop {service.name}"

    def start_command(self, contender: Contender, service: Service) -> str:
        return f"dinitctl start {service.name}"

    def wait_ready_command(self, contender: Contender, service: Service) -> str:
        # It returns once the service has started, whoever asked for that.
        return f"dinitctl start {service.name}"


SUPERVISOR = Dinit()
