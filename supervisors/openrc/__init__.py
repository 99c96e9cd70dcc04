"""OpenRC: a supervise-daemon for each service, under openrc-init as PID 1."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from provision.guests.guest import Guest
from provision.sources.packages import Apt
from supervisors.base import Supervisor
from supervisors.contender import Contender, OlderVersion, Profile, StartLimit
from supervisors.service import Service
from supervisors.versions import Change, Finding

_RUNLEVEL = "/etc/runlevels/default"
# supervise-daemon.c: respawn-delay-step, 128 ms, came with 0.62, and so did a respawn-period of
# 12 s where none is set; before, restarts were counted over the whole life of the service.
_BACK_OFF = Change("0.62", "forky")


def _contender(profile: Profile, setting: str, older_setting: str, *, gives_up: bool) -> Contender:
    def at(setting: str, seconds: float | None, uptime: float) -> Contender:
        return Contender(
            "openrc",
            "runner",
            profile,
            pid1=True,
            setting=setting,
            # It starts a service eleven times, and gives it up at the eleventh end.
            start_limit=StartLimit(12, seconds) if gives_up else None,
            settled_uptime=uptime,
            spaces_starts=False,
        )

    older = at(older_setting, None, 1.25)
    return replace(at(setting, 12.0, 13.0), older=(OlderVersion(until=_BACK_OFF, contender=older),))


class Openrc(Supervisor):
    """https://manpages.debian.org/bookworm/openrc/supervise-daemon.8.en.html"""

    name = "openrc"
    title = "OpenRC"
    home_page = "https://github.com/OpenRC/openrc"
    sources = {"debian": Apt(("openrc",))}
    program_path = "/sbin/supervise-daemon"
    version_command = "openrc --version"
    needs_pid1 = False
    init_command = "/sbin/openrc-init"
    process_names = frozenset({"openrc-init", "supervise-daemo"})
    service_parent = "supervise-daemo"
    forked_by_client = True
    power_off_command = "openrc-shutdown --poweroff now"
    watchdog = "file"
    output_files = "/var/log/SERVICE.log"
    unsupported = {
        "readiness": "supervise-daemon takes a service for started once it has forked it; from"
        " 0.60 on, it can wait for a message, which these guests do not use.",
    }
    findings = (
        Finding(
            "Since 0.62 (commits 8e3637e and b28c249 of supervise-daemon; NEWS.md does not mention"
            " them) each restart within 12 s waits 128 ms longer than the one before, and ten"
            " restarts use up respawn_max only within these 12 s. 0.45 and 0.56 restart at once,"
            " and count the restarts of a whole life.",
            since=_BACK_OFF,
        ),
        Finding(
            "supervise-daemon(8) says that the delay grows with every retry within"
            " respawn-period, 12 s. An end after that time is not the first of the next period: it"
            " is restarted at once, and the end after it waits 128 ms. A service that ends every"
            " 13 s or later is restarted by turns at once and after 128 ms.",
            since=_BACK_OFF,
        ),
        Finding(
            "With respawn_max=0, 0.45 and 0.56 stopped for good after 4,000 to 21,000 quick ends:"
            " the process stays a zombie, and the status is started. supervise-daemon.c looks"
            " for ended processes, then waits in an open() of its FIFO: a SIGCHLD between the two"
            " is lost. The code is still so in 0.63; the delays since 0.62 leave it few chances.",
            until=_BACK_OFF,
        ),
        Finding(
            "supervise-daemon(8) says that respawn_max=0 means no limit. While the program was"
            " missing, version 0.45 tried 4,799 times in 8 s; then the service was down, and"
            " `rc-service start` did not bring it back."
        ),
    )
    contenders = (
        _contender(
            "default",
            "an init script that names supervise-daemon; each restart within 12 s waits 128 ms"
            " longer, and more than ten of them give the service up",
            "an init script that names supervise-daemon; the eleventh end gives the service up",
            gives_up=True,
        ),
        _contender(
            "patient",
            "respawn_max=0: it never gives up; each restart within 12 s waits 128 ms longer",
            "respawn_max=0: it restarts at once and never gives up",
            gives_up=False,
        ),
    )

    def after_install(self, guest: Guest) -> None:
        # The scripts that Debian enables prepare a machine, not a guest; only services stay.
        guest.run("rm -f /etc/runlevels/*/*")

    def enable_command(self, contender: Contender, service: Service) -> str:
        return f"ln -sfn /etc/init.d/{service.name} {_RUNLEVEL}/{service.name}"

    def disable_command(self, contender: Contender, service: Service) -> str:
        return (
            f"rc-service {service.name} stop; rm {_RUNLEVEL}/{service.name}"
            f" /etc/init.d/{service.name}"
        )

    def reload_command(self, contender: Contender, services: Iterable[Service]) -> str:
        # Starts what the runlevel has and does not run, and stops what it no longer has.
        return "openrc default"

    def stop_command(self, contender: Contender, service: Service) -> str:
        return f"rc-service {service.name} stop"

    def start_command(self, contender: Contender, service: Service) -> str:
        return f"rc-service {service.name} start"


SUPERVISOR = Openrc()
