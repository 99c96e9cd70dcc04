"""BusyBox init: one respawn line in /etc/inittab for each service."""

from __future__ import annotations

from collections.abc import Iterable

from provision.sources.packages import Apt
from supervisors.base import Supervisor
from supervisors.contender import Contender, OlderVersion
from supervisors.service import Service
from supervisors.versions import Change, Finding

# Commit 356f23d of init.c.
_WAITS_EACH_TIME = Change("1.32.0", "bookworm")


def _contender(setting: str, older: tuple[OlderVersion, ...] = ()) -> Contender:
    return Contender(
        "busybox",
        "runner",  # the parent of daemons that stay in the foreground
        "default",  # as its package sets it up; there is no better setting to tune
        pid1=True,
        setting=setting,
        older=older,
    )


class Busybox(Supervisor):
    """https://manpages.debian.org/bookworm/busybox/busybox.1.en.html"""

    name = "busybox"  # the folder's name; --only takes it
    title = "BusyBox init"  # for readers, in tables and headings
    home_page = "https://busybox.net/"
    sources = {"debian": Apt(("busybox",))}  # by system: its packages
    program_path = "/bin/busybox"  # the file that proves the installation
    version_command = "busybox | head -n 1"  # the first number with a dot is the version
    needs_pid1 = True  # works as PID 1 only, so there is no hosted_command
    init_command = "/bin/busybox init"  # its command line as PID 1
    process_names = frozenset({"busybox"})  # as `ps -e -o comm=` prints them
    service_parent = "busybox"  # which of them is the parent of a service
    power_off_command = "busybox poweroff"  # makes it, as PID 1, switch the machine off
    unsupported = {  # why its design leaves out what others have; shown to readers
        "readiness": "It tells running from not running; a service cannot announce more.",
        "watchdog": "It waits for a process to end, and checks nothing else.",
        "keeping output": "A service inherits init's standard output.",
    }
    findings = (  # what measurements showed that no manual says
        Finding(
            "Since 1.32.0 (commit 356f23d of init.c) it sleeps for a second between the end of a"
            " process and its restart. Before, it slept after a start: what had run for a second"
            " was restarted at once.",
            since=_WAITS_EACH_TIME,
        ),
    )
    contenders = (  # the rows of results
        _contender(
            "one respawn line a service; it waits for a second before each restart",
            older=(
                OlderVersion(
                    _WAITS_EACH_TIME,
                    _contender("one respawn line a service; a second from one start to the next"),
                ),
            ),
        ),
    )

    def disable_command(self, contender: Contender, service: Service) -> str:
        # Takes a service out for good. init ends the process of a line that is gone.
        return f"sed -i '/ {service.name}$/d' /etc/inittab; kill -HUP 1"

    def reload_command(self, contender: Contender, services: Iterable[Service]) -> str:
        # Applies a changed inittab.
        return "kill -HUP 1"

    def stop_command(self, contender: Contender, service: Service) -> str:
        # The service stays down.
        return f"sed -i '/ {service.name}$/s/^/#/' /etc/inittab; kill -HUP 1"

    def start_command(self, contender: Contender, service: Service) -> str:
        return f"sed -i '/ {service.name}$/s/^#//' /etc/inittab; kill -HUP 1"


SUPERVISOR = Busybox()
