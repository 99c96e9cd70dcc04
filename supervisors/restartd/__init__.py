"""restartd: reads /proc every few seconds and runs a command for each name that is missing."""

from __future__ import annotations

from collections.abc import Iterable

from provision.guest import Guest
from provision.sources.packages import Apt
from supervisors.base import ArticleRow, Supervisor
from supervisors.contender import Contender, Profile
from supervisors.service import Service


def _contender(profile: Profile, period: float, setting: str) -> Contender:
    return Contender("restartd", "monitor", profile, pid1=False, setting=setting, period=period)


class Restartd(Supervisor):
    """https://manpages.debian.org/bookworm/restartd/restartd.8.en.html"""

    name = "restartd"
    title = "restartd"
    home_page = "https://packages.debian.org/bookworm/restartd"
    article_order = 9
    article = ArticleRow("0.2.2", needs_pid1=False, runner=False, monitor=True, loc=373)
    sources = {"debian": Apt(("restartd",)), "precise": Apt(("restartd",))}
    unavailable_on = {
        "arch": "no package of it is known, in the Arch User Repository neither",
    }
    program_path = "/usr/sbin/restartd"
    needs_pid1 = False
    # A script, since its interval is an option only, and differs between the profiles.
    hosted_command = "/usr/local/sbin/restartd-foreground"
    process_names = frozenset({"restartd"})
    tracks_service_by = "command line"
    version_command = "restartd --version"
    unsupported = {"watchdog": "It looks for a command line in /proc, and asks nothing."}
    findings = (
        "Its table has room for 128 services and is not guarded (restartd.c): asked to keep 200,"
        " it read its configuration and died, which its manual does not mention.",
        "What a dead daemon leaves behind under the daemon's own command line is taken for the"
        " daemon: as long as one such child lives, nothing is started.",
    )
    contenders = (
        _contender("default", 20.0, "one line a service; it looks every 20 s"),
        _contender("tuned", 1.0, "--interval 1: it looks every second, the shortest it knows"),
    )

    def disable_command(self, contender: Contender, service: Service) -> str:
        # What comes back to life before the reload would have no one to end it.
        return (
            f"sed -i '/^#*{service.name} /d' /etc/restartd.conf\n"
            f"{_RELOAD}\n{_end(service)}\nrm -f {service.pidfile}"
        )

    def reload_command(self, contender: Contender, services: Iterable[Service]) -> str:
        return _RELOAD

    def stop_command(self, contender: Contender, service: Service) -> str:
        # It has no notion of a service that is down: its line has to go.
        return f"sed -i 's/^{service.name} /#&/' /etc/restartd.conf; {_RELOAD}; {_end(service)}"

    def start_command(self, contender: Contender, service: Service) -> str:
        return f"sed -i 's/^#{service.name} /{service.name} /' /etc/restartd.conf; {_RELOAD}"

    def stop(self, guest: Guest, contender: Contender) -> None:
        super().stop(guest, contender)
        # It never ends what it started.
        guest.run("pkill -x -P 1 testd; while pgrep -x testd > /dev/null; do sleep 0.05; done")


# As its init script has it: it reads its configuration again, and looks at once.
_RELOAD = "kill -HUP $(cat /run/restartd.pid)"


def _end(service: Service) -> str:
    return f"start-stop-daemon --stop --quiet --oknodo --retry 5 --pidfile {service.pidfile}"


SUPERVISOR = Restartd()
