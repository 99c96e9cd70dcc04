"""The classic init: one respawn line in /etc/inittab for each service."""

from __future__ import annotations

from collections.abc import Iterable

from provision.sources.packages import Apt
from supervisors.base import ArticleRow, Contender, Service, Supervisor


class Sysvinit(Supervisor):
    """https://manpages.debian.org/bookworm/sysvinit-core/inittab.5.en.html"""

    name = "sysvinit"
    title = "sysvinit inittab"
    home = "https://savannah.nongnu.org/projects/sysvinit"
    rank = 1
    article = ArticleRow("2.88", needs_pid1=True, runner=True, monitor=False, loc=6562)
    sources = {"debian": Apt(("sysvinit-core",))}
    missing = {
        "arch": "Arch has systemd in its place, with which any package of it conflicts",
        "precise": "Ubuntu 12.04 has Upstart in its place",
    }
    program = "/sbin/init"
    init = "/sbin/init"
    processes = frozenset({"init"})
    parent = "init"
    power_off = "shutdown -h -P now"
    version_command = "/sbin/init --version"
    lacks = {
        "readiness": "inittab(5) knows a process that runs and one that does not.",
        "keeping output": "A service's output is init's own.",
        "watchdog": "init waits for a process's end, and knows nothing else of it.",
    }
    contenders = (
        Contender(
            "sysvinit",
            "runner",
            "default",
            pid1=True,
            setting="one respawn line a service; the limit is compiled in",
            # init.h: MAXSPAWN 10 within TESTTIME 120 s puts the line to sleep for SLEEPTIME 300 s.
            limit=(10, 120.0),
            penalty=300.0,
        ),
    )

    def disable(self, contender: Contender, service: Service) -> str:
        return f"sed -i '/{service.name}$/d' /etc/inittab"

    def reload(self, contender: Contender, services: Iterable[Service]) -> str:
        return "telinit q"

    def stop_service(self, contender: Contender, service: Service) -> str:
        return f"sed -i '/ {service.name}$/s/:respawn:/:off:/' /etc/inittab; telinit q"

    def start_service(self, contender: Contender, service: Service) -> str:
        return f"sed -i '/ {service.name}$/s/:off:/:respawn:/' /etc/inittab; telinit q"


SUPERVISOR = Sysvinit()
