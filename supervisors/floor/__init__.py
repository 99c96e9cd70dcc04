"""The floor: the suite's own minimal supervisor, to which every figure is compared."""

from __future__ import annotations

from collections.abc import Iterable

from provision.sources.packages import Present
from supervisors.base import Supervisor
from supervisors.contender import Contender
from supervisors.service import Service


def _contender(*, pid1: bool) -> Contender:
    return Contender(
        "floor",
        "runner",
        "default",
        pid1=pid1,
        setting="vfork, exec and waitpid, nothing else",
        spaces_starts=False,
    )


class Floor(Supervisor):
    """daemon/c/floor.c"""

    name = "floor"
    title = "floor"
    home_page = "daemon/c/floor.c"
    article_order = 100
    sources = {"debian": Present(), "arch": Present(), "precise": Present()}
    program_path = None
    needs_pid1 = False
    init_command = "/etc/floor"
    hosted_command = "/etc/floor"
    process_names = frozenset({"floor"})
    service_parent = "floor"
    power_off_command = "kill -TERM 1"
    version_command = "sha256sum /srv/testd/floor | cut -c 1-12"
    version_pattern = r"(\w+)"
    unsupported = {
        "stop": "It takes no requests: its command line names its services.",
        "holdoff": "It takes no requests, and waits for nothing before a restart.",
        "missing": "It ends if its program cannot be executed; its host then starts it again.",
        "reload": "Its command line names its services, and it never reads another.",
        "readiness": "It starts, waits and starts again; it takes no messages from a service.",
        "keeping output": "A service inherits its standard output.",
        "watchdog": "It waits for a service to end, and checks nothing else.",
    }
    contenders = (_contender(pid1=False), _contender(pid1=True))

    def disable_command(self, contender: Contender, service: Service) -> str:
        return f"sed -i 's| -- [^ ]* {service.name}$||' /etc/floor"

    def reload_command(self, contender: Contender, services: Iterable[Service]) -> None:
        return None

    def stop_command(self, contender: Contender, service: Service) -> str:
        return "false"

    def start_command(self, contender: Contender, service: Service) -> str:
        return "false"


SUPERVISOR = Floor()
