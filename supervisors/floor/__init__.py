"""The floor: the smallest possible supervisor, ours, the limit each figure is compared to."""

from __future__ import annotations

from collections.abc import Iterable

from provision.sources.packages import Present
from supervisors.base import Contender, Service, Supervisor


def _contender(*, pid1: bool) -> Contender:
    return Contender(
        "floor",
        "runner",
        "default",
        pid1=pid1,
        setting="vfork, exec and waitpid, nothing else",
        spaced=False,
    )


class Floor(Supervisor):
    """daemon/c/floor.c"""

    name = "floor"
    title = "floor"
    home = "daemon/c/floor.c"
    rank = 100
    sources = {"debian": Present(), "arch": Present(), "precise": Present()}
    program = None
    init = "/etc/floor"
    hosted = "/etc/floor"
    processes = frozenset({"floor"})
    parent = "floor"
    power_off = "kill -TERM 1"
    version_command = "sha256sum /srv/testd/floor | cut -c 1-12"
    version_pattern = r"(\w+)"
    lacks = {
        "stop": "Nothing can be asked of it: its services stand on its command line.",
        "reload": "Its services stand on its command line, and nothing makes it read another.",
        "readiness": "It starts, waits and starts again; a service tells it nothing.",
        "keeping output": "A service's output is its own.",
        "watchdog": "It waits for a service's end, and knows nothing else of it.",
    }
    contenders = (_contender(pid1=False), _contender(pid1=True))

    def disable(self, contender: Contender, service: Service) -> str:
        return f"sed -i 's| -- [^ ]* {service.name}$||' /etc/floor"

    def reload(self, contender: Contender, services: Iterable[Service]) -> None:
        return None

    def stop_service(self, contender: Contender, service: Service) -> str:
        return "false"

    def start_service(self, contender: Contender, service: Service) -> str:
        return "false"


SUPERVISOR = Floor()
