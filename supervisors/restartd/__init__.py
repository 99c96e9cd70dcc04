"""restartd: polls /proc, and runs a command for each command line that it does not find."""

from __future__ import annotations

from collections.abc import Iterable

from provision.guests.guest import Guest
from provision.sources.packages import Apt
from supervisors.base import ArticleRow, Supervisor
from supervisors.contender import Contender, Profile
from supervisors.service import Service
from supervisors.versions import Finding


def _contender(profile: Profile, period: float, setting: str) -> Contender:
    return Contender("restartd", "monitor", profile, pid1=False, setting=setting, period=period)


class Restartd(Supervisor):
    """https://manpages.debian.org/bookworm/restartd/restartd.8.en.html"""

    name = "restartd"
    title = "restartd"
    home_page = "https://packages.debian.org/bookworm/restartd"
    article_order = 9
    article = ArticleRow("0.2.2", needs_pid1=False, runner=False, monitor=True, loc=373)
    sources = {"debian": Apt(("restartd",), until="bookworm"), "precise": Apt(("restartd",))}
    unavailable_on = {
        "arch": "neither Arch nor the Arch User Repository is known to package it",
    }
    program_path = "/usr/sbin/restartd"
    needs_pid1 = False
    # A script, because the interval is an option and differs between the profiles.
    hosted_command = "/usr/local/sbin/restartd-foreground"
    process_names = frozenset({"restartd"})
    tracks_service_by = "command line"
    version_command = "restartd --version"
    unsupported = {"watchdog": "It looks for a command line in /proc, and checks nothing else."}
    findings = (
        Finding(
            "Its table holds 128 services without a check (restartd.c): given 200, it read its"
            " configuration and died, which its manual does not mention."
        ),
        Finding(
            "It takes a dead daemon's child with the same command line for the daemon: while such"
            " a child lives, it starts nothing."
        ),
    )
    contenders = (
        _contender("default", 20.0, "one line a service; it polls every 20 s"),
        _contender(
            "fast", 1.0, "--interval 1: it polls every second, the shortest interval it takes"
        ),
    )

    def disable_command(self, contender: Contender, service: Service) -> str:
        # The reload comes first: restartd could still start the daemon before it.
        return (
            f"sed -i '/^#*{service.name} /d' /etc/restartd.conf\n"
            f"{_RELOAD}\n{_end(service)}\nrm -f {service.pidfile}"
        )

    def reload_command(self, contender: Contender, services: Iterable[Service]) -> str:
        return _RELOAD

    def stop_command(self, contender: Contender, service: Service) -> str:
        # It has no state for a stopped service, so its line becomes a comment.
        return f"sed -i 's/^{service.name} /#&/' /etc/restartd.conf; {_RELOAD}; {_end(service)}"

    def start_command(self, contender: Contender, service: Service) -> str:
        return f"sed -i 's/^#{service.name} /{service.name} /' /etc/restartd.conf; {_RELOAD}"

    def stop(self, guest: Guest, contender: Contender) -> None:
        super().stop(guest, contender)
        # restartd's own end leaves its daemons running.
        guest.run("pkill -x -P 1 testd; while pgrep -x testd > /dev/null; do sleep 0.05; done")


# As in its init script: restartd reads its configuration again, and polls at once.
_RELOAD = "kill -HUP $(cat /run/restartd.pid)"


def _end(service: Service) -> str:
    return f"start-stop-daemon --stop --quiet --oknodo --retry 5 --pidfile {service.pidfile}"


SUPERVISOR = Restartd()
