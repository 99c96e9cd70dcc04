"""finit: one service line in /etc/finit.d for each service."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from provision.guests.guest import Guest
from provision.sources.packages import Apt
from supervisors.base import Supervisor
from supervisors.contender import Contender, OlderVersion, StartLimit
from supervisors.service import Service
from supervisors.versions import Change, Finding

# The first version that waits before it restarts a service which ended soon.
_DELAYS = Change("4.4", "trixie")
_DEFAULT = Contender(
    "finit",
    "runner",
    "default",
    pid1=True,
    setting="a service line; after ten restarts the service counts as crashed",
    # The first start and ten restarts; the eleventh end is the last.
    start_limit=StartLimit(12, None),
    settled_uptime=6.0,
)
_PATIENT = Contender(
    "finit",
    "runner",
    "patient",
    pid1=True,
    setting="a service line with respawn: no limit and no delay",
    spaces_starts=False,
)


class Finit(Supervisor):
    """https://manpages.debian.org/bookworm/finit/finit.conf.5.en.html"""

    name = "finit"
    title = "finit"
    home_page = "https://troglobit.com/projects/finit/"
    sources = {"debian": Apt(("finit",), since="bookworm")}
    program_path = "/sbin/finit"
    version_command = "finit -v"
    needs_pid1 = True
    init_command = "/sbin/finit"
    # From 4.13 on it calls itself init. keventd watches devices for it, in newer versions.
    process_names = frozenset({"finit", "init", "keventd"})
    service_parent = "finit"
    service_parent_aliases = frozenset({"init"})
    power_off_command = "PATH=/lib/finit:$PATH initctl poweroff"
    output_files = "/var/log/SERVICE.log*"
    unsupported = {
        "readiness": "finit can wait for a pid file, which a foreground daemon need not write.",
        "watchdog": "finit waits for a service to end; it feeds a watchdog device, and checks no"
        " service.",
    }
    findings = (
        Finding(
            "A second service line with the same program takes the place of the first, whatever"
            " name: says; only :ID after the runlevels tells two instances apart."
        ),
        Finding(
            "finit.conf(5) says that finit waits for 2 s before a restart, and for 5 s after the"
            " fifth. Version 4.2 restarts at once, ten times, and then marks the service as"
            " crashed.",
            until=_DELAYS,
        ),
        Finding(
            "finit.conf(5) says that finit waits for 2 s before a restart, and for 5 s after the"
            " fifth. Since 4.4 (issue 310; commit a61c2ce) it does so where a service ends again"
            " within that time; the first restart, and each one after a longer life, is at once.",
            since=_DELAYS,
        ),
        Finding(
            "With log:, what a service writes just before its end is lost and its last line torn:"
            " of 23,200 lines, 2,000 a second in six lives, 4,189 were missing in version 4.2."
        ),
        Finding(
            "finit.conf(5) says that respawn restarts a service for ever. While the program is"
            " missing, version 4.2 starts nothing, and it does not come back with the program"
            " until it is asked to."
        ),
    )
    contenders = (
        replace(
            _DEFAULT,
            older=(
                OlderVersion(
                    until=_DELAYS,
                    contender=replace(_DEFAULT, settled_uptime=1.25, spaces_starts=False),
                ),
            ),
        ),
        _PATIENT,
    )

    def after_install(self, guest: Guest) -> None:
        # Debian enables getty, udev and sshd; only the services stay. Of rc.local, which has
        # nothing to do, each of its versions forks a shell.
        guest.run("rm -f /etc/finit.d/*.conf /etc/rc.local")

    def disable_command(self, contender: Contender, service: Service) -> str:
        return f"rm /etc/finit.d/{service.name}.conf; {_initctl('reload')}"

    def reload_command(self, contender: Contender, services: Iterable[Service]) -> str:
        return _initctl("reload")

    def stop_command(self, contender: Contender, service: Service) -> str:
        return _initctl(f"stop testd:{service.name}")

    def start_command(self, contender: Contender, service: Service) -> str:
        return _initctl(f"start testd:{service.name}")


def _initctl(arguments: str) -> str:
    """Return a call of initctl, which some releases keep out of PATH."""
    return f"PATH=/lib/finit:$PATH initctl {arguments}"


SUPERVISOR = Finit()
