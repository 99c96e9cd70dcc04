"""daemontools: a supervise for each service directory, started by svscan."""

from __future__ import annotations

from collections.abc import Iterable

from provision.guests.guest import Guest
from provision.sources.packages import Apt, Aur
from supervisors.base import ArticleRow, Supervisor
from supervisors.contender import Contender
from supervisors.log_folder import print_log_folder
from supervisors.service import Service
from supervisors.versions import Finding


def _contender(*, pid1: bool) -> Contender:
    return Contender(
        "daemontools",
        "runner",
        "default",
        pid1=pid1,
        setting="a run script a service; no setting changes how it restarts",
        # supervise.c sleeps for a second after each start, even if the service ends meanwhile.
        settled_uptime=1.25,
        # svscanboot starts it: it shows in the process list what the services write.
        log_process=None if pid1 else "readproctitle",
    )


class Daemontools(Supervisor):
    """https://cr.yp.to/daemontools/supervise.html"""

    name = "daemontools"
    title = "daemontools"
    home_page = "https://cr.yp.to/daemontools.html"
    article_order = 4
    article = ArticleRow("0.76", needs_pid1=False, runner=True, monitor=False, loc=3750)
    sources = {
        "debian": Apt(("daemontools", "daemontools-run")),
        "arch": Aur(("daemontools",)),
        "precise": Apt(("daemontools", "daemontools-run")),
    }
    program_path = "/usr/bin/svscan"
    needs_pid1 = False
    init_command = "/etc/daemontools/init"
    # The command of the respawn line that Debian's daemontools-run puts into /etc/inittab.
    hosted_command = "/usr/bin/svscanboot"
    process_names = frozenset({"svscanboot", "svscan", "supervise", "readproctitle"})
    service_parent = "supervise"
    # None of its programs prints its version.
    version_command = None
    unsupported = {
        "readiness": "supervise(8) tells running from not running; a service cannot announce more.",
        "watchdog": "supervise(8) waits for ./run to end, and checks nothing else.",
    }
    findings = (
        Finding(
            "supervise(8) does not say what happens to a service whose supervise is killed: it"
            " runs on as an orphan, and the next supervise starts it a second time."
        ),
        Finding("As PID 1, svscan reaps orphans only every 5 s: up to 3000 zombies were waiting."),
    )
    contenders = (_contender(pid1=False), _contender(pid1=True))

    def after_install(self, guest: Guest) -> None:
        # The package adds its own respawn line; here the suite decides when to start it.
        guest.run("sed -i '/daemontools-run begin/,/daemontools-run end/d' /etc/inittab")

    def supervising_processes(self, contender: Contender) -> tuple[str, ...]:
        return ("supervise",) if contender.pid1 else ("svscanboot", "svscan", "supervise")

    def enable_command(self, contender: Contender, service: Service) -> str:
        return f"ln -sfn /etc/sv/{service.name} /etc/service/{service.name}"

    def disable_command(self, contender: Contender, service: Service) -> str:
        folder = f"/etc/sv/{service.name}"
        return (
            f"rm /etc/service/{service.name}; svc -dx {folder};"
            f" while svok {folder}; do sleep 0.1; done; rm -r {folder}"
        )

    def reload_command(self, contender: Contender, services: Iterable[Service]) -> str:
        # svscan finds new directories by itself, every 5 s.
        return "true"

    def stop_command(self, contender: Contender, service: Service) -> str:
        return f"svc -d /etc/service/{service.name}"

    def start_command(self, contender: Contender, service: Service) -> str:
        return f"svc -u /etc/service/{service.name}"

    def output_command(self, contender: Contender, service: Service) -> str:
        return print_log_folder(service)


SUPERVISOR = Daemontools()
