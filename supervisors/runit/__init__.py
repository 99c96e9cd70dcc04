"""runit: a runsv for each service directory, started by runsvdir."""

from __future__ import annotations

from collections.abc import Iterable

from provision.guests.guest import Guest
from provision.sources.packages import Apt, Aur
from supervisors.base import ArticleRow, Supervisor
from supervisors.contender import Contender, Profile
from supervisors.log_folder import print_log_folder
from supervisors.service import Service
from supervisors.versions import Change, Finding


def _contender(profile: Profile, *, pid1: bool) -> Contender:
    return Contender(
        "runit",
        "runner",
        profile,
        pid1=pid1,
        setting=(
            "chpst -P, control/t, control/k and finish: the process group ends with the service;"
            " sv force-stop: SIGKILL after 7 s"
            if profile == "strict"
            else "a run script a service; no setting changes how it restarts"
        ),
        # runsv.c: it delays a service that ran for less than a second by one second.
        settled_uptime=1.25,
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
    # None of its programs prints its version.
    version_command = None
    unsupported = {
        "readiness": "A service cannot announce anything; `sv start` runs ./check if there is one.",
        "watchdog": "runsv(8) waits for ./run to end, and checks nothing else.",
    }
    findings = (
        Finding(
            "runit(8) says that stage 2 is restarted if it crashes. As PID 1, runit switched the"
            " machine off instead when a signal killed runsvdir: runit.c looked at the exit code"
            " first, which is 0 after a signal. Since 2.3.0 (CHANGES; commit e85388b) it does what"
            " the manual says.",
            until=Change("2.3.0", "forky"),
        ),
        Finding(
            "runsv(8) does not say what happens to a service whose runsv is killed: it runs on as"
            " an orphan, and the next runsv starts it a second time."
        ),
        Finding(
            "sv(8) does not say that `up` sends nothing where the status file has the service"
            " wanted up. Asked to stop and to start within the second for which runsv waits after"
            " a short life, a service stays down for good, and both commands report success."
        ),
    )
    contenders = (
        _contender("default", pid1=False),
        _contender("strict", pid1=False),
        _contender("default", pid1=True),
    )

    def after_install(self, guest: Guest) -> None:
        # The package enables services of its own; here only the test daemon may run.
        guest.run("mkdir -p /etc/service; rm -f /etc/service/*")
        # Some packagers install it elsewhere.
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
        # runsvdir finds new directories by itself, within 5 s.
        return "true"

    def stop_command(self, contender: Contender, service: Service) -> str:
        how = "force-stop" if contender.profile == "strict" else "down"
        return f"sv {how} {service.name}"

    def start_command(self, contender: Contender, service: Service) -> str:
        return f"sv up {service.name}"

    def stop(self, guest: Guest, contender: Contender) -> None:
        super().stop(guest, contender)
        if not contender.pid1:
            # SIGTERM ends runsvdir, but leaves each runsv alive.
            guest.run("sv force-shutdown /etc/service/*")

    def output_command(self, contender: Contender, service: Service) -> str:
        return print_log_folder(service)


SUPERVISOR = Runit()
