"""perp: one perpd, the parent of every service, on a directory of service directories."""

from __future__ import annotations

from collections.abc import Iterable

from provision.sources.packages import Aur
from supervisors.base import ArticleRow, Supervisor
from supervisors.contender import Contender
from supervisors.log_folder import print_log_folder
from supervisors.service import Service
from supervisors.versions import Finding

# Always named: perpctl without -b works on the current directory.
_BASE = "/etc/perp"


class Perp(Supervisor):
    """http://b0llix.net/perp/site.cgi?page=perpd.8"""

    name = "perp"
    title = "perp"
    home_page = "http://b0llix.net/perp/"
    article_order = 7
    article = ArticleRow("2.05", needs_pid1=False, runner=True, monitor=False, loc=6823)
    sources = {"arch": Aur(("perp",))}
    unavailable_on = {
        "debian": "Debian does not package it",
        "precise": "Ubuntu 12.04 does not package it",
    }
    program_path = "/usr/sbin/perpd"
    needs_pid1 = False
    hosted_command = f"/usr/sbin/perpd {_BASE}"
    process_names = frozenset({"perpd"})
    service_parent = "perpd"
    version_command = "/usr/sbin/perpd -V"
    # 2.05 writes its name and its version in one word.
    version_pattern = r"perpd ?(\d+\.\d+)"
    unsupported = {
        "readiness": "perpd(8) tells running from not running; a service cannot announce more.",
        "watchdog": "perpd waits for rc.main to end, and checks nothing else.",
    }
    findings = (
        Finding(
            "It keeps at most 200 services (PERP_MAX in its source), which perpd(8) does not"
            " mention: given 990, it kept 200 and reported nothing about the others."
        ),
        Finding(
            "perpctl(8)'s `d` sends SIGTERM and nothing after it: a service that ignores SIGTERM"
            " still ran two minutes later."
        ),
    )
    contenders = (
        Contender(
            "perp",
            "runner",
            "default",
            pid1=False,
            setting="an rc.main a service, in a directory with the sticky bit; starts are at least"
            " 1 s apart, which no setting changes",
            settled_uptime=1.25,
        ),
    )

    def enable_command(self, contender: Contender, service: Service) -> str:
        return f"chmod 1755 {_BASE}/{service.name}"

    def disable_command(self, contender: Contender, service: Service) -> str:
        folder = f"{_BASE}/{service.name}"
        return (
            f"perpctl -b {_BASE} X {service.name};"
            f" while perpok -b {_BASE} {service.name}; do sleep 0.1; done; rm -r {folder}"
        )

    def reload_command(self, contender: Contender, services: Iterable[Service]) -> str:
        return f"perphup {_BASE}"

    def stop_command(self, contender: Contender, service: Service) -> str:
        return f"perpctl -b {_BASE} d {service.name}"

    def start_command(self, contender: Contender, service: Service) -> str:
        return f"perpctl -b {_BASE} u {service.name}"

    def output_command(self, contender: Contender, service: Service) -> str:
        return print_log_folder(service)


SUPERVISOR = Perp()
