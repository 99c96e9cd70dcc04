"""Upstart: a job file for each service, which PID 1 reads as soon as it is written."""

from __future__ import annotations

from collections.abc import Iterable

from provision.guests.guest import Guest
from provision.sources.packages import Present
from supervisors.base import ArticleRow, Supervisor
from supervisors.contender import Contender, Profile, Role, StartLimit
from supervisors.service import Service
from supervisors.versions import Finding


def _contender(role: Role, profile: Profile) -> Contender:
    patient = profile == "patient"
    # The test daemon forks twice: `expect daemon`, which counts forks by ptrace. In the scenario
    # `tracking` it forks once: `expect fork`.
    kept = "respawn" if role == "runner" else "expect daemon, respawn"
    return Contender(
        "upstart",
        role,
        profile,
        pid1=True,
        setting=(
            f"{kept}, respawn limit unlimited"
            if patient
            else f"{kept} and nothing else: the limit is 10 respawns in 5 s"
        ),
        # The eleventh death within 5 s of the first stops the job for good.
        start_limit=None if patient else StartLimit(11, 5.0),
        spaces_starts=not patient,
    )


class Upstart(Supervisor):
    """http://upstart.ubuntu.com/cookbook/#respawn"""

    name = "upstart"
    title = "Upstart"
    home_page = "http://upstart.ubuntu.com/"
    article_order = 2
    article = ArticleRow("1.4", needs_pid1=True, runner=True, monitor=True, loc=11054)
    sources = {"precise": Present()}
    unavailable_on = {
        "debian": "Debian dropped it after its release 8",
        "arch": "neither Arch nor the Arch User Repository is known to package it",
    }
    # Ubuntu calls it /sbin/init. This name does not collide with another init's.
    program_path = "/sbin/upstart"
    needs_pid1 = True
    init_command = "/sbin/upstart"
    process_names = frozenset({"upstart"})
    service_parent = "upstart"
    version_command = "/sbin/upstart --version"
    readiness_protocol = "stop"
    output_files = "/var/log/upstart/SERVICE.log"
    unsupported = {
        "watchdog": "init(5) waits for a job's process to end, and checks nothing else.",
        "shutdown": "init(8) emits an event on which jobs stop; a job of the distribution then"
        " switches the machine off.",
    }
    findings = (
        Finding(
            "A main process that dies before its job is up (`expect stop`, and not stopped yet)"
            " is not started again: `initctl status` says start/running, without a process."
            " init(5) does not mention that exception to respawn."
        ),
        Finding(
            "With `console log` (the default), init keeps a terminal open for every job's output."
            " Given 2000 such jobs after 990, it died, and the machine with it; it keeps 2000"
            " daemons that detach themselves and close theirs. init(5) does not mention the limit."
        ),
        Finding(
            "Where the folder /var/log/upstart is missing, it keeps no output and says nothing"
            " (1.13.2). init(5) only says that output goes to a file there."
        ),
        Finding(
            "It keeps some 160 bytes of memory for each restart of a daemon whose forks it follows"
            " (`expect daemon`): 2.3 MB over 14,700 (1.13.2). Of a job in the foreground it keeps"
            " nothing."
        ),
    )
    contenders = (
        _contender("runner", "default"),
        _contender("runner", "patient"),
        _contender("monitor", "default"),
        _contender("monitor", "patient"),
    )

    def after_install(self, guest: Guest) -> None:
        guest.run("[ -e /sbin/upstart ] || ln -s init /sbin/upstart")
        # Ubuntu's package brings the folder; without it no output is kept, and nothing says so.
        guest.run("mkdir -p /var/log/upstart")

    def disable_command(self, contender: Contender, service: Service) -> str:
        return f"initctl stop {service.name}; rm /etc/init/{service.name}.conf"

    def reload_command(self, contender: Contender, services: Iterable[Service]) -> str:
        # `start` fails for a job that runs already.
        names = " ".join(service.name for service in services)
        return (
            "initctl reload-configuration;"
            " for job in $(initctl list | sed -n '/start.running/!s/ .*//p'); do"
            f" case ' {names} ' in *\" $job \"*) initctl start $job;; esac; done"
        )

    def stop_command(self, contender: Contender, service: Service) -> str:
        return f"initctl stop {service.name}"

    def start_command(self, contender: Contender, service: Service) -> str:
        return f"initctl start {service.name}"

    def wait_ready_command(self, contender: Contender, service: Service) -> str:
        # No command of initctl waits for a start that another command began.
        return f"until initctl status {service.name} | grep -q start/running; do sleep 0.01; done"


SUPERVISOR = Upstart()
