"""Upstart: a job file for each service, which PID 1 takes up as soon as it is written."""

from __future__ import annotations

from collections.abc import Iterable

from provision.guest import Guest
from provision.packages import Present
from supervisors.contract import Article, Contender, Profile, Role, Service, Supervisor


def _contender(role: Role, profile: Profile) -> Contender:
    tuned = profile == "tuned"
    # The test daemon forks twice, which `expect daemon` counts by ptrace; one that forks once, as
    # the scenario `tracking` has, is `expect fork`.
    kept = "respawn" if role == "runner" else "expect daemon, respawn"
    return Contender(
        "upstart",
        role,
        profile,
        pid1=True,
        setting=(
            f"{kept}, respawn limit unlimited"
            if tuned
            else f"{kept} and nothing else: the limit is 10 respawns in 5 s"
        ),
        # The eleventh death within 5 s of the first ends the job for good.
        limit=None if tuned else (11, 5.0),
        spaced=not tuned,
    )


class Upstart(Supervisor):
    """http://upstart.ubuntu.com/cookbook/#respawn"""

    name = "upstart"
    title = "Upstart"
    home = "http://upstart.ubuntu.com/"
    rank = 2
    article = Article("1.4", needs_pid1=True, runner=True, monitor=True, loc=11054)
    sources = {"precise": Present()}
    missing = {
        "debian": "Debian dropped it after its release 8",
        "arch": "no package of it is known, in the Arch User Repository neither",
    }
    # Ubuntu calls it /sbin/init; this name is free where another init has that one.
    program = "/sbin/upstart"
    init = "/sbin/upstart"
    processes = frozenset({"upstart"})
    parent = "upstart"
    version_command = "/sbin/upstart --version"
    lacks = {"watchdog": "init(8) follows a job's process to its end, and asks it nothing."}
    contenders = (
        _contender("runner", "default"),
        _contender("runner", "tuned"),
        _contender("monitor", "default"),
        _contender("monitor", "tuned"),
    )

    def after_install(self, guest: Guest) -> None:
        guest.run("[ -e /sbin/upstart ] || ln -s init /sbin/upstart")

    def disable(self, contender: Contender, service: Service) -> str:
        return f"initctl stop {service.name}; rm /etc/init/{service.name}.conf"

    def reload(self, contender: Contender, services: Iterable[Service]) -> str:
        # `start` fails for a job that runs already.
        names = " ".join(service.name for service in services)
        return (
            f"initctl reload-configuration; for job in {names}; do"
            " initctl status $job | grep -q start/running || initctl start $job; done"
        )

    def stop_service(self, contender: Contender, service: Service) -> str:
        return f"initctl stop {service.name}"

    def start_service(self, contender: Contender, service: Service) -> str:
        return f"initctl start {service.name}"


SUPERVISOR = Upstart()
