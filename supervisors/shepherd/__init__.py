"""GNU Shepherd: services as Scheme objects, kept by one Guile process."""

from __future__ import annotations

from collections.abc import Iterable

from provision.sources.packages import Apt
from supervisors.base import Supervisor
from supervisors.contender import Contender, Profile, StartLimit
from supervisors.service import Service
from supervisors.versions import Finding


def _contender(profile: Profile, *, pid1: bool) -> Contender:
    fast = profile == "fast"
    return Contender(
        "shepherd",
        "runner",
        profile,
        pid1=pid1,
        setting=(
            "#:respawn-delay 0, and a #:respawn-limit beyond reach: it restarts at once"
            if fast
            else "#:respawn? #t: 0.1 s before each restart; by its manual at most five in 7 s"
        ),
        # The first start and six restarts: its default #:respawn-limit is 5 in 7 s.
        start_limit=None if fast else StartLimit(8, 7.0),
        spaces_starts=not fast,
        log_process="shepherd",
    )


class Shepherd(Supervisor):
    """https://www.gnu.org/software/shepherd/manual/html_node/Defining-Services.html"""

    name = "shepherd"
    title = "GNU Shepherd"
    home_page = "https://www.gnu.org/software/shepherd/"
    sources = {"debian": Apt(("shepherd",), since="trixie")}
    program_path = "/usr/bin/shepherd"
    version_command = "shepherd --version"
    needs_pid1 = False
    init_command = "/usr/bin/shepherd -c /etc/shepherd.scm"
    hosted_command = "/usr/bin/shepherd -c /etc/shepherd.scm"
    process_names = frozenset({"shepherd"})
    service_parent = "shepherd"
    power_off_command = "herd power-off root"
    output_files = "/var/log/SERVICE.log"
    unsupported = {
        "readiness": "A service in the foreground counts as running once it has been forked.",
        "watchdog": "shepherd waits for a service to end, and checks nothing else.",
    }
    findings = (
        Finding(
            "Its manual says that with #:respawn-limit '(5 . 7) a service is respawned at most"
            " five times in 7 s, and disabled when it ends once more. Version 1.0.3 respawned it"
            " six times: respawn-limit-hit? in service.scm counts on to the end of a list of five."
            " 1.0.9 has the same code."
        ),
        Finding(
            "#:respawn-limit #f is accepted, but then a service that ends is never started again,"
            " and no message says why; a limit that cannot be reached, such as '(1000000 . 1),"
            " does what was meant (1.0.3)."
        ),
        Finding(
            "As PID 1 it keeps descriptors of what it has restarted: 18 open files after 6 restarts"
            " of a program that ends at once, 31 after 26. Below another PID 1 it keeps its 15"
            " (1.0.3)."
        ),
    )
    contenders = (
        _contender("default", pid1=False),
        _contender("fast", pid1=False),
        _contender("default", pid1=True),
        _contender("fast", pid1=True),
    )

    def disable_command(self, contender: Contender, service: Service) -> str:
        return (
            f"herd stop {service.name}; herd unload root {service.name};"
            f" rm /etc/shepherd/{service.name}.scm"
        )

    def reload_command(self, contender: Contender, services: Iterable[Service]) -> str:
        return (
            "for file in /etc/shepherd/*.scm; do name=$(basename $file .scm);"
            " herd status $name >/dev/null 2>&1 || herd load root $file; done"
        )

    def stop_command(self, contender: Contender, service: Service) -> str:
        return f"herd stop {service.name}"

    def start_command(self, contender: Contender, service: Service) -> str:
        # It disables a service that it has given up.
        return f"herd enable {service.name}; herd start {service.name}"


SUPERVISOR = Shepherd()
