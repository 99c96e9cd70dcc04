"""The classic init: one respawn line in /etc/inittab for each service."""

from __future__ import annotations

from collections.abc import Iterable

from provision.sources.packages import Apt
from supervisors.base import ArticleRow, Supervisor
from supervisors.contender import Contender, StartLimit
from supervisors.service import Service


class Sysvinit(Supervisor):
    """https://manpages.debian.org/bookworm/sysvinit-core/inittab.5.en.html"""

    name = "sysvinit"
    title = "sysvinit inittab"
    home_page = "https://savannah.nongnu.org/projects/sysvinit"
    article_order = 1
    article = ArticleRow("2.88", needs_pid1=True, runner=True, monitor=False, loc=6562)
    sources = {"debian": Apt(("sysvinit-core",))}
    unavailable_on = {
        "arch": "Arch has systemd in its place, and every package of sysvinit conflicts with it",
        "precise": "Ubuntu 12.04 has Upstart in its place",
    }
    program_path = "/sbin/init"
    needs_pid1 = True
    init_command = "/sbin/init"
    process_names = frozenset({"init"})
    service_parent = "init"
    power_off_command = "shutdown -h -P now"
    version_command = "/sbin/init --version"
    unsupported = {
        "readiness": "inittab(5) tells running from not running; a service cannot announce more.",
        "keeping output": "A service inherits init's standard output.",
        "watchdog": "init waits for a process to end, and checks nothing else.",
    }
    contenders = (
        Contender(
            "sysvinit",
            "runner",
            "default",
            pid1=True,
            setting="one respawn line a service; the limit is compiled in",
            # init.h: MAXSPAWN 10 within TESTTIME 120 s disables the line for SLEEPTIME 300 s.
            start_limit=StartLimit(10, 120.0),
            limit_pause=300.0,
        ),
    )

    def disable_command(self, contender: Contender, service: Service) -> str:
        return f"sed -i '/{service.name}$/d' /etc/inittab"

    def reload_command(self, contender: Contender, services: Iterable[Service]) -> str:
        return "telinit q"

    def stop_command(self, contender: Contender, service: Service) -> str:
        return f"sed -i '/ {service.name}$/s/:respawn:/:off:/' /etc/inittab; telinit q"

    def start_command(self, contender: Contender, service: Service) -> str:
        return f"sed -i '/ {service.name}$/s/:off:/:respawn:/' /etc/inittab; telinit q"


SUPERVISOR = Sysvinit()
