"""uWSGI: an Emperor, and under it a master for each service, which attaches a daemon."""

from __future__ import annotations

from collections.abc import Iterable

from provision.guests.guest import Guest
from provision.sources.packages import Apt
from supervisors.base import Supervisor
from supervisors.contender import Contender, Profile, StartLimit
from supervisors.service import Service
from supervisors.versions import Change, Finding

# A copy of each file is a vassal. The Emperor reloads a vassal whose file has a new time, and
# configure() writes all files anew: only changed ones are copied.
_FILES, _VASSALS = "/etc/uwsgi/apps-available", "/etc/uwsgi-emperor/vassals"
_COPY_CHANGED = (
    f"cd {_FILES}; for ini in *.ini; do cmp -s $ini {_VASSALS}/$ini || cp $ini {_VASSALS}; done"
)


def _contender(profile: Profile, setting: str) -> Contender:
    return Contender(
        "uwsgi",
        "runner",
        profile,
        pid1=False,
        setting=setting,
        # check-interval: the master looks at its processes once a second.
        period=1.0,
        # By core/daemons.c, a start less than 4 s after the one before is delayed by the number of
        # starts in seconds, and the master's clock may be a second late.
        settled_uptime=5.0,
        # At the twelfth start the delay is near the time that trials wait for. The number of starts
        # is never taken back.
        start_limit=StartLimit(12, None),
        # The delay that a minute of crashing leads to; the longest is 300 s.
        limit_pause=20.0,
    )


def _stop(service: str) -> str:
    """Take a vassal away, or all, and wait until its master has ended."""
    vassal = "" if service == "*" else f"{service}.ini"
    return (
        f"rm -f {_VASSALS}/{service}.ini;"
        f" while pgrep -f '[-]-ini {vassal}' > /dev/null; do sleep 0.1; done"
    )


class Uwsgi(Supervisor):
    """https://uwsgi-docs.readthedocs.io/en/latest/AttachingDaemons.html"""

    name = "uwsgi"
    title = "uWSGI"
    home_page = "https://uwsgi-docs.readthedocs.io/"
    sources = {"debian": Apt(("uwsgi-core",))}
    program_path = "/usr/bin/uwsgi-core"
    version_command = "uwsgi-core --version"
    needs_pid1 = False
    hosted_command = f"/usr/bin/uwsgi-core --emperor {_VASSALS}"
    # The master runs a service by /bin/sh, which stays as its parent where it is dash.
    process_names = frozenset({"uwsgi-core", "sh"})
    stop_all_command = _stop("*")
    output_files = "/var/log/SERVICE.log"
    service_parent = "sh"
    service_parent_aliases = frozenset({"uwsgi-core"})
    unsupported = {
        "readiness": "A daemon is attached once it has been forked; it cannot announce more.",
        "watchdog": "The master asks once a second whether an attached daemon has ended; heartbeats"
        " are for its own workers.",
    }
    findings = (
        Finding(
            "Its manual says that attached daemons are destroyed when their master dies. The signal"
            " for that goes to the shell in between: where /bin/sh is dash, a daemon whose master"
            " is killed lives on, and the next master starts it a second time (2.0.21)."
        ),
        Finding(
            "A stop takes the end of the shell in between for the end of the daemon: one that"
            " ignores SIGTERM is left running. With binsh=/bin/bash, which becomes the daemon, it"
            " is killed after 3 s, as core/daemons.c means it to be (2.0.21)."
        ),
        Finding(
            "Its manual names no delay. By core/daemons.c (2.0.17.1 to 2.0.30), a daemon that ends"
            " within 3 s of its start waits for as many seconds as it was started in its life, less"
            " those since then, at most 300. Nothing takes that number back. The wait counts as"
            " life, so that after a wait of 4 s and more the next restart has no delay. The key"
            " max_throttle of attach-daemon2 bounds it; the manual does not list it."
        ),
        Finding(
            "Debian 13's libxml2, which uWSGI links, does without ICU, whose data take 31 MB:"
            " VmPeak of one process fell from 46.5 to 15.7 MiB.",
            since=Change("2.0.28", "trixie"),
        ),
    )
    contenders = (
        _contender(
            "default",
            "a vassal of an Emperor with master and attach-daemon alone: it looks once a second,"
            " and delays a quick end by a second more each time",
        ),
        _contender(
            "strict",
            "binsh=/bin/bash: a shell that becomes the daemon, so that its end is the daemon's",
        ),
    )

    def after_install(self, guest: Guest) -> None:
        guest.run(f"mkdir -p {_VASSALS}")

    def supervising_processes(self, contender: Contender) -> tuple[str, ...]:
        return ("uwsgi-core",)

    def enable_all_command(self, contender: Contender, services: Iterable[Service]) -> str:
        return _COPY_CHANGED

    def disable_command(self, contender: Contender, service: Service) -> str:
        return f"{_stop(service.name)}; rm {_FILES}/{service.name}.ini"

    def reload_command(self, contender: Contender, services: Iterable[Service]) -> str:
        # The Emperor looks every 3 s.
        return _COPY_CHANGED

    def stop_command(self, contender: Contender, service: Service) -> str:
        return _stop(service.name)

    def start_command(self, contender: Contender, service: Service) -> str:
        return f"cp {_FILES}/{service.name}.ini {_VASSALS}"


SUPERVISOR = Uwsgi()
