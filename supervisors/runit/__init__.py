"""runit: a runsv for each service directory, started by runsvdir."""

from __future__ import annotations

from collections.abc import Iterable

from provision.guest import Guest
from provision.sources.packages import Apt, Aur
from supervisors.base import ArticleRow, Supervisor
from supervisors.contender import Contender
from supervisors.service import Service


def _contender(*, pid1: bool) -> Contender:
    return Contender(
        "runit",
        "runner",
        "default",
        pid1=pid1,
        setting="a run script a service; no setting changes how it restarts",
        # runsv.c: a service that lived for less than a second is held back for one.
        settled_uptime=2.0,
    )


class Runit(Supervisor):
    """http://smarden.org/runit/runsv.8.html"""

    name = "runit"
    title = "runit"
    home_page = "http://smarden.org/runit/"
    article_order = 5
    article = ArticleRow("2.1.1", needs_pid1=False, runner=True, monitor=False, loc=5685)
    sources = {"debian": Apt(("runit",)), "arch": Aur(("runit",)), "precise": Apt(("runit",))}
    program_path = "/usr/bin/runsvdir"
    needs_pid1 = False
    init_command = "/lib/runit/runit-init"
    hosted_command = "/usr/bin/runsvdir -P /etc/service"
    process_names = frozenset({"runit", "runsvdir", "runsv"})
    service_parent = "runsv"
    power_off_command = "/lib/runit/runit-init 0"
    # None of its programs knows its own version.
    version_command = None
    unsupported = {
        "readiness": "A service announces nothing; `sv start` runs its ./check, where it has one.",
        "watchdog": "runsv(8) waits for the end of ./run, and knows nothing else of it.",
    }
    findings = (
        "runit(8) says of stage 2 that it is restarted if it crashes. As PID 1 of Debian 12"
        " (2.1.2), runit switched the machine off instead when runsvdir was killed by a signal:"
        " runit.c asks for an exit code first, and that is 0 after a signal.",
        "runsv(8) leaves out what becomes of a service whose runsv is killed: it lives on,"
        " nobody's child, and the next runsv starts it a second time.",
    )
    contenders = (_contender(pid1=False), _contender(pid1=True))

    def after_install(self, guest: Guest) -> None:
        # The package enables services of its own; only the test daemon is kept alive here.
        guest.run("mkdir -p /etc/service; rm -f /etc/service/*")
        # Where a packager has it in another place.
        guest.run(
            "mkdir -p /lib/runit; [ -e /lib/runit/runit-init ]"
            " || ln -s $(command -v runit-init) /lib/runit/runit-init"
        )

    def supervising_processes(self, contender: Contender) -> tuple[str, ...]:
        # As PID 1, runit itself only keeps runsvdir alive.
        return ("runsvdir", "runsv")

    def enable_command(self, contender: Contender, service: Service) -> str:
        return f"ln -sfn /etc/sv/{service.name} /etc/service/{service.name}"

    def disable_command(self, contender: Contender, service: Service) -> str:
        folder = f"/etc/sv/{service.name}"
        return f"rm /etc/service/{service.name}; sv force-shutdown {folder}; rm -r {folder}"

    def reload_command(self, contender: Contender, services: Iterable[Service]) -> str:
        # runsvdir looks for new directories by itself, every 5 s at the latest.
        return "true"

    def stop_command(self, contender: Contender, service: Service) -> str:
        return f"sv down {service.name}"

    def start_command(self, contender: Contender, service: Service) -> str:
        return f"sv up {service.name}"

    def stop(self, guest: Guest, contender: Contender) -> None:
        super().stop(guest, contender)
        if not contender.pid1:
            # runsvdir, ended by SIGTERM, leaves each runsv alive; nothing starts one anew now.
            guest.run("sv force-shutdown /etc/service/*")

    def output_command(self, contender: Contender, service: Service) -> str:
        return f"find /var/log/{service.name} -name current -o -name '@*' | xargs cat"


SUPERVISOR = Runit()
