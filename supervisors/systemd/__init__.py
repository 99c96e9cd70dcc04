"""systemd: one unit for each service, started by PID 1 itself."""

from __future__ import annotations

from collections.abc import Iterable

from provision.guest import Guest
from provision.hygiene import QUIET, SYSTEMD_UP
from provision.sources.packages import Apt, Present
from supervisors.base import ArticleRow, Contender, Profile, Role, Service, Supervisor


def _contender(role: Role, profile: Profile) -> Contender:
    tuned = profile == "tuned"
    kept = "Restart=always" if role == "runner" else "Type=forking, PIDFile=, Restart=always"
    return Contender(
        "systemd",
        role,
        profile,
        pid1=True,
        setting=(
            f"{kept}, RestartSec=0 and StartLimitIntervalSec=0"
            if tuned
            else f"{kept} and nothing else: RestartSec is 100 ms, 5 starts in 10 s are allowed"
        ),
        # sd_event_add_time(3): a timer may fire up to 250 ms late, and PID 1's all fire on one
        # grid of 250 ms, so a restart comes 100 to 350 ms after the end, as its phase has it.
        period=None if tuned else 0.25,
        # The sixth start within 10 s is refused, and the unit has failed for good.
        limit=None if tuned else (6, 10.0),
        spaced=not tuned,
        logger="systemd-journald",
    )


class Systemd(Supervisor):
    """https://manpages.debian.org/bookworm/systemd/systemd.service.5.en.html"""

    name = "systemd"
    title = "systemd"
    home = "https://systemd.io/"
    rank = 3
    article = ArticleRow("43", needs_pid1=True, runner=True, monitor=True, loc=87419)
    sources = {"debian": Apt(("systemd",)), "arch": Present()}
    missing = {
        "precise": "Ubuntu 12.04 does not package it",
    }
    program = "/lib/systemd/systemd"
    init = "/lib/systemd/systemd"
    processes = frozenset({"systemd", "systemd-journal"})
    parent = "systemd"
    power_off = "systemctl poweroff"
    version_command = "/lib/systemd/systemd --version"
    announces = "notify"
    watchdog = "notify"
    findings = (
        "systemd.service(5) has the PIDFile= read after start-up. It is read again when the"
        " main process dies: whatever process a file of root's then names is taken for the"
        " service, which is not restarted, and is killed in its stead when the service is"
        " stopped.",
    )
    contenders = (
        _contender("runner", "default"),
        _contender("runner", "tuned"),
        _contender("monitor", "default"),
        _contender("monitor", "tuned"),
    )

    def after_install(self, guest: Guest) -> None:
        guest.run(QUIET["systemd"])

    def start(self, guest: Guest, contender: Contender) -> None:
        super().start(guest, contender)
        # Fails where any unit failed: a degraded system is not what is to be measured.
        guest.run(
            f"{SYSTEMD_UP} ||"
            " { systemctl --failed --no-legend; journalctl -b -p warning | tail -n 5; exit 1; }"
        )

    def enable(self, contender: Contender, service: Service) -> str:
        return f"systemctl --no-reload enable {service.name}.service"

    def enable_all(self, contender: Contender, services: Iterable[Service]) -> str:
        units = " ".join(f"{service.name}.service" for service in services)
        return f"systemctl --no-reload --quiet enable {units}"

    def disable(self, contender: Contender, service: Service) -> str:
        unit = f"{service.name}.service"
        return (
            f"systemctl disable --now {unit}; rm /etc/systemd/system/{unit};"
            " systemctl daemon-reload"
        )

    def reload(self, contender: Contender, services: Iterable[Service]) -> str:
        units = " ".join(f"{service.name}.service" for service in services)
        return f"systemctl daemon-reload && systemctl start {units}"

    def stop_service(self, contender: Contender, service: Service) -> str:
        return f"systemctl stop {service.name}.service"

    def start_service(self, contender: Contender, service: Service) -> str:
        return f"systemctl start {service.name}.service"

    def wait_ready(self, contender: Contender, service: Service) -> str:
        # Starting what is starting waits for the job that is under way.
        return self.start_service(contender, service)

    def output(self, contender: Contender, service: Service) -> str:
        return f"journalctl --sync; journalctl -q -o cat -u {service.name}.service"


SUPERVISOR = Systemd()
