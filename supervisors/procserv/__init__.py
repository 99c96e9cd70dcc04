"""procServ: one process for each service, which holds its console and starts it again."""

from __future__ import annotations

from collections.abc import Iterable

from provision.sources.packages import Apt
from supervisors.base import Supervisor
from supervisors.contender import Contender
from supervisors.service import Service
from supervisors.versions import Finding


def _stop(service: str) -> str:
    """End a procServ by SIGTERM: it kills its child, and removes its pid file at the end."""
    pidfile = f"/run/procserv-{service}.pid"
    return (
        f"! [ -e {pidfile} ] || {{ kill $(cat {pidfile});"
        f" while [ -e {pidfile} ]; do sleep 0.1; done; }}"
    )


class Procserv(Supervisor):
    """https://manpages.debian.org/bookworm/procserv/procServ.1.en.html"""

    name = "procserv"
    title = "procServ"
    home_page = "https://github.com/ralphlange/procServ"
    sources = {"debian": Apt(("procserv",))}
    program_path = "/usr/bin/procServ"
    version_command = "procServ --version"
    needs_pid1 = False
    # procServ returns once it has forked, so a script starts all and stays.
    hosted_command = "/usr/local/sbin/procservers"
    process_names = frozenset({"procServ", "sleep"})
    service_parent = "procServ"
    forked_by_client = True
    # No process is above those of the services, so that each is stopped by itself.
    stop_all_command = f"for start in /etc/procserv/*; do {_stop('${start##*/}')}; done"
    output_files = "/var/log/SERVICE.log"
    unsupported = {
        "readiness": "procServ tells running from not running; a program cannot announce more.",
        "watchdog": "procServ waits for its child to end, and checks nothing else.",
    }
    findings = (
        Finding(
            "Its manual does not say that its programs start with SIGTERM and SIGHUP blocked: one"
            " that does not unblock them is ended by SIGKILL only."
        ),
        Finding(
            "Without a hold-off (--holdoff=0), a restart takes half a second all the same: a turn"
            " of its loop waits for that long."
        ),
    )
    contenders = (
        Contender(
            "procserv",
            "runner",
            "default",
            pid1=False,
            setting="15 s must pass from start to start, as --holdoff has it by default",
            settled_uptime=16.0,
            log_process="procServ",
        ),
        Contender(
            "procserv",
            "runner",
            "fast",
            pid1=False,
            setting="--holdoff=0: no time must pass from start to start",
            log_process="procServ",
        ),
    )

    def disable_command(self, contender: Contender, service: Service) -> str:
        return f"{_stop(service.name)}; rm /etc/procserv/{service.name}"

    def reload_command(self, contender: Contender, services: Iterable[Service]) -> str:
        return (
            "for start in /etc/procserv/*; do [ -e /run/procserv-${start##*/}.pid ] || $start; done"
        )

    def stop_command(self, contender: Contender, service: Service) -> str:
        return _stop(service.name)

    def start_command(self, contender: Contender, service: Service) -> str:
        return f"/etc/procserv/{service.name}"


SUPERVISOR = Procserv()
