"""s6: an s6-supervise for each service directory, started by s6-svscan."""

from __future__ import annotations

from collections.abc import Iterable

from provision.sources.packages import Apt, Aur
from supervisors.base import ArticleRow, Supervisor
from supervisors.contender import Contender, Profile
from supervisors.log_folder import print_log_folder
from supervisors.service import Service
from supervisors.versions import Change, Finding

_SCAN = "/etc/s6/service"


_SETTINGS: dict[Profile, str] = {
    "default": "a run script a service, and nothing else",
    "fast": "notification-fd: the service announces that it is ready; up to 4000 services",
    "strict": "timeout-kill: SIGKILL after 5 s; finish ends what is left of the process group",
}


def _contender(profile: Profile, *, pid1: bool) -> Contender:
    return Contender(
        "s6",
        "runner",
        profile,
        pid1=pid1,
        setting=_SETTINGS[profile],
        short_name="ready" if profile == "fast" else "",
        # s6-supervise(1): it delays a service that was not ready by a second, at any uptime.
        settled_uptime=1.25,
        restart_delay=0.0 if profile == "fast" else 1.0,
        readiness="fd:3" if profile == "fast" else None,
    )


class S6(Supervisor):
    """https://skarnet.org/software/s6/s6-supervise.html and s6-svscan-1.html"""

    name = "s6"
    title = "s6"
    home_page = "https://skarnet.org/software/s6/"
    article_order = 6
    article = ArticleRow("0.14", needs_pid1=False, runner=True, monitor=False, loc=3851)
    sources = {"debian": Apt(("s6",)), "arch": Aur(("skalibs", "execline", "s6"))}
    unavailable_on = {
        "precise": "Ubuntu 12.04 does not package it",
    }
    program_path = "/usr/bin/s6-svscan"
    needs_pid1 = False
    # A script, because the number of services is an option and differs between the profiles.
    init_command = "/etc/s6/scan"
    hosted_command = "/etc/s6/scan"
    process_names = frozenset({"s6-svscan", "s6-supervise"})
    service_parent = "s6-supervise"
    power_off_command = f"s6-svscanctl -t {_SCAN}"
    # None of its programs prints its version, but the name of their library holds it.
    version_command = "readlink -f $(ldd /usr/bin/s6-svc | grep -o '/[^ ]*libs6[.]so[^ ]*')"
    version_pattern = r"libs6\.so\.([\d.]+)"
    readiness_protocol = "fd:3"
    unsupported = {"watchdog": "s6-supervise waits for ./run to end, and checks nothing else."}
    findings = (
        Finding(
            "Since 2.11.2.0 (NEWS; commit 04876fb of s6-supervise) only a service that was ready"
            " skips the delay of one second before its restart, so that one without notification-fd"
            " always waits. In 2.10 any service that had run for a second was restarted at once.",
            since=Change("2.11.2", "bookworm"),
        ),
        Finding(
            "Since 2.12.0.0, a rewrite of s6-svscan (NEWS), it takes 330 kB more of private memory"
            " with one service: 576 kB, 244 kB before. Its arrays are made for every service that"
            " it may ever have, a name of 251 characters for each.",
            since=Change("2.12", "trixie"),
        ),
        Finding(
            "Since 2.15.0.0 (NEWS) s6-svscan has no option -c any more, and refuses to start with"
            " it; -C says the same.",
            since=Change("2.15", "forky"),
        ),
        Finding(
            "Without lock-fd, which is optional, a killed s6-supervise leaves its service"
            " running, and the next s6-supervise starts it a second time. With lock-fd, 2.11.3.2"
            " starts nothing: `unable to open supervise/service-lock for writing (waiting 60"
            " seconds): No such file or directory`; it starts once that file exists, which"
            " servicedir.html does not mention."
        ),
        Finding(
            "s6-svscanctl -t waits for ever for a service that ignores SIGTERM; timeout-kill in"
            " servicedir.html prevents that, but is not set by default."
        ),
    )
    contenders = (
        _contender("default", pid1=False),
        _contender("fast", pid1=False),
        _contender("strict", pid1=False),
        _contender("default", pid1=True),
        _contender("fast", pid1=True),
        _contender("strict", pid1=True),
    )

    def supervising_processes(self, contender: Contender) -> tuple[str, ...]:
        return ("s6-supervise",) if contender.pid1 else ("s6-svscan", "s6-supervise")

    def enable_command(self, contender: Contender, service: Service) -> str:
        return f"mkdir -p {_SCAN} && ln -sfn /etc/s6/sv/{service.name} {_SCAN}/{service.name}"

    def disable_command(self, contender: Contender, service: Service) -> str:
        return f"s6-svunlink {_SCAN} {service.name}; rm -r /etc/s6/sv/{service.name}"

    def reload_command(self, contender: Contender, services: Iterable[Service]) -> str:
        return f"s6-svscanctl -a {_SCAN}"

    def stop_command(self, contender: Contender, service: Service) -> str:
        return f"s6-svc -d {_SCAN}/{service.name}"

    def start_command(self, contender: Contender, service: Service) -> str:
        return f"s6-svc -u {_SCAN}/{service.name}"

    def wait_ready_command(self, contender: Contender, service: Service) -> str:
        return f"s6-svwait -U {_SCAN}/{service.name}"

    def output_command(self, contender: Contender, service: Service) -> str:
        return print_log_folder(service)


SUPERVISOR = S6()
