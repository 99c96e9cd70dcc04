"""daemon(1): one process for each service, which is its parent and starts it again."""

from __future__ import annotations

from collections.abc import Iterable

from provision.sources.packages import Apt
from supervisors.base import Supervisor
from supervisors.contender import Contender, StartLimit
from supervisors.service import Service


class Daemon(Supervisor):
    """https://manpages.debian.org/bookworm/daemon/daemon.1.en.html"""

    name = "daemon"
    title = "daemon"
    home_page = "http://libslack.org/daemon/"
    sources = {"debian": Apt(("daemon",))}
    program_path = "/usr/bin/daemon"
    version_command = "daemon --version"
    needs_pid1 = False
    # daemon(1) returns once it has forked, so a script starts all and stays.
    hosted_command = "/usr/local/sbin/daemons"
    process_names = frozenset({"daemon", "sleep"})
    service_parent = "daemon"
    forked_by_client = True
    # No process is above those of the services, so that each is stopped by itself.
    stop_all_command = "for start in /etc/daemon.d/*; do daemon --stop --name=${start##*/}; done"
    output_files = "/var/log/SERVICE.log"
    unsupported = {
        "readiness": "daemon(1) tells running from not running; a service cannot announce more.",
        "watchdog": "daemon(1) waits for its client to end, and checks nothing else.",
    }
    contenders = (
        Contender(
            "daemon",
            "runner",
            "default",
            pid1=False,
            setting="--respawn: after five ends within 300 s of a start it waits for 300 s",
            # A client that ran for less than --acceptable=300 s has failed; only one that ran for
            # longer takes the number of failures back.
            start_limit=StartLimit(6, None),
            limit_pause=300.0,
            log_process="daemon",
        ),
        Contender(
            "daemon",
            "runner",
            "fast",
            pid1=False,
            setting="--idiot --delay=0: it restarts at once, however often a service fails",
            spaces_starts=False,
            log_process="daemon",
        ),
    )

    def disable_command(self, contender: Contender, service: Service) -> str:
        return f"{_stop(service)}; rm /etc/daemon.d/{service.name}"

    def reload_command(self, contender: Contender, services: Iterable[Service]) -> str:
        return (
            "for start in /etc/daemon.d/*; do daemon --running --name=${start##*/} || $start; done"
        )

    def stop_command(self, contender: Contender, service: Service) -> str:
        return _stop(service)

    def start_command(self, contender: Contender, service: Service) -> str:
        return f"/etc/daemon.d/{service.name}"


def _stop(service: Service) -> str:
    """Stop a service, and wait until its daemon process has ended."""
    return (
        f"daemon --stop --name={service.name};"
        f" while daemon --running --name={service.name}; do sleep 0.1; done"
    )


SUPERVISOR = Daemon()
