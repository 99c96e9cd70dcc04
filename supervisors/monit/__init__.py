"""monit: checks each daemon's pid file once a cycle, and starts what is not running."""

from __future__ import annotations

from collections.abc import Iterable

from provision.sources.packages import Apt, Pacman
from supervisors.base import ArticleRow, Supervisor
from supervisors.contender import Contender, Profile
from supervisors.service import Service
from supervisors.versions import Change, Finding

# The first version that reads a pid file at each check.
_READS_AGAIN = Change("5.35", "forky")


def _contender(profile: Profile, period: float, setting: str) -> Contender:
    return Contender("monit", "monitor", profile, pid1=False, setting=setting, period=period)


class Monit(Supervisor):
    """https://mmonit.com/monit/documentation/monit.html"""

    name = "monit"
    title = "monit"
    home_page = "https://mmonit.com/monit/"
    article_order = 10
    article = ArticleRow("5.3.2", needs_pid1=False, runner=False, monitor=True, loc=33891)
    sources = {"debian": Apt(("monit",)), "arch": Pacman(("monit",)), "precise": Apt(("monit",))}
    program_path = "/usr/bin/monit"
    needs_pid1 = False
    hosted_command = "/usr/bin/monit -I -c /etc/monit/monitrc"
    process_names = frozenset({"monit"})
    version_command = "monit -V"
    daemonize_source = Apt(("daemonize",))
    watchdog = "file"
    # Services outlive monit, and `stop all` returns before they have ended.
    stop_all_command = "monit stop all; while pgrep -x -P 1 testd; do sleep 0.1; done"
    findings = (
        Finding(
            "Its manual says that monit checks a process by its pid file. In fact it keeps the"
            " pid that it read for as long as a process with that number lives, and does not"
            " notice that the file changed.",
            until=_READS_AGAIN,
        ),
        Finding(
            "Since 5.35.0 (CHANGES; commit 5a0debc of ProcessTree.c) it reads the pid file at each"
            " check, as its manual always said. Where the file is empty or names a dead process,"
            " it now starts a second daemon beside the living one; 5.34 noticed nothing.",
            since=_READS_AGAIN,
        ),
        Finding(
            "With one file in conf.d for each service, it keeps 990 services but not 2000:"
            " `include files limit reached`, which its manual does not mention. It starts services"
            " one after the other, in about 0.3 s each: 990 services took 5 minutes."
        ),
        Finding(
            "Its manual says that a stop also stops what depends on the service. A start does not"
            " undo that: the check of a heartbeat stays off, and the service unwatched, until the"
            " check itself is started."
        ),
        Finding(
            "A start that takes longer than its time limit, 30 s by default, is begun again beside"
            " the one that is still under way: a daemon that takes 40 s had been started three"
            " times, and ran twice, 104 s later."
        ),
    )
    contenders = (
        _contender(
            "default",
            120.0,
            "the package's own monitrc (set daemon 120), and its command socket in conf.d",
        ),
        _contender("fast", 1.0, "set daemon 1: the shortest cycle there is"),
    )

    def disable_command(self, contender: Contender, service: Service) -> str:
        # A reload discards requests that monit has not carried out yet.
        return (
            f"monit stop {service.name}\n"
            f"while kill -0 $(cat {service.pidfile}); do sleep 0.1; done 2>/dev/null\n"
            f"rm -f /etc/monit/conf.d/{service.name} {service.pidfile}"
        )

    def reload_command(self, contender: Contender, services: Iterable[Service]) -> str:
        return "monit reload"

    def stop_command(self, contender: Contender, service: Service) -> str:
        return f"monit stop {service.name}"

    def start_command(self, contender: Contender, service: Service) -> str:
        # Starting the check starts the service first; starting the service leaves the check off.
        return f"monit start {service.name}{'-heartbeat' if service.watchdog else ''}"


SUPERVISOR = Monit()
