"""systemd: one unit for each service, started by PID 1 itself."""

from __future__ import annotations

from collections.abc import Iterable

from provision.guests.disabled_services import AWAIT_SYSTEMD, DISABLE_SERVICES
from provision.guests.guest import Guest
from provision.sources.packages import Apt, Present
from supervisors.base import ArticleRow, Supervisor
from supervisors.contender import Contender, Profile, Role, StartLimit
from supervisors.service import Service
from supervisors.versions import Change, Finding


def _contender(role: Role, profile: Profile) -> Contender:
    fast = profile == "fast"
    limits = "RestartSec is 100 ms, 5 starts in 10 s are allowed"
    kept = "Restart=always" if role == "runner" else "Type=forking, PIDFile=, Restart=always"
    return Contender(
        "systemd",
        role,
        profile,
        pid1=True,
        setting=(
            f"{kept}, RestartSec=0 and StartLimitIntervalSec=0"
            if fast
            else f"{kept}, KillMode=control-group and TimeoutStopSec=5; {limits}"
            if profile == "strict"
            else f"{kept} and nothing else: {limits}"
        ),
        # sd_event_add_time(3): a timer may fire up to 250 ms late, and all timers of PID 1 fire on
        # one grid of 250 ms. A restart comes 100 to 350 ms after the end, depending on the phase.
        period=None if fast else 0.25,
        # The sixth start within 10 s is refused, and the unit stays failed.
        start_limit=None if fast else StartLimit(6, 10.0),
        spaces_starts=not fast,
        log_process="systemd-journald",
    )


class Systemd(Supervisor):
    """https://manpages.debian.org/bookworm/systemd/systemd.service.5.en.html"""

    name = "systemd"
    title = "systemd"
    home_page = "https://systemd.io/"
    article_order = 3
    article = ArticleRow("43", needs_pid1=True, runner=True, monitor=True, loc=87419)
    sources = {"debian": Apt(("systemd",)), "arch": Present()}
    unavailable_on = {
        "precise": "Ubuntu 12.04 does not package it",
    }
    program_path = "/lib/systemd/systemd"
    needs_pid1 = True
    init_command = "/lib/systemd/systemd"
    process_names = frozenset({"systemd", "systemd-journal"})
    service_parent = "systemd"
    power_off_command = "systemctl poweroff"
    version_command = "/lib/systemd/systemd --version"
    # In brackets stands the package's version: the number before it lacks the point release.
    version_pattern = r"\((\d[\w.]*)"
    readiness_protocol = "notify"
    watchdog = "notify"
    findings = (
        Finding(
            "RestartSec=100ms, the default, takes 100 to 350 ms: a timer of systemd's may fire up"
            " to 250 ms late (sd_event_add_time(3)), and all timers of PID 1 fire on one grid of"
            " 250 ms, so that the end's phase on that grid decides. RestartSec=0 uses no timer."
        ),
        Finding(
            "Since 255 (pull request 27890) PID 1 starts a service by a program of its own,"
            " systemd-executor, which then becomes the service: each restart executes one program"
            " more than before.",
            since=Change("255", "trixie"),
        ),
        Finding(
            "Almost all of a restart without delay lies between fork() and main(): by the kernel's"
            " trace on a busy host, 11 ms in 247, 14 in 252, 18 in 257 and in 262. Most of it is"
            " the kernel's: systemd moves the new process into its control group, and such a move"
            " waits for a grace period of RCU unless another one, by whomever, came just before."
            " After such a move, or with cgroup v2's mount option favordynmods, 252 restarted a"
            " service in 4 ms in place of 16 (Linux 6.18)."
        ),
        Finding(
            "In a container of a hybrid host, 247 mounts cgroup v2, 252 and 257 mount v1 with v2"
            " beside it, and 262 mounts v2: 252 looks whether the host uses a controller in v1"
            " (commit 22eeada), and since 258 (NEWS) systemd knows cgroup v2 only."
        ),
        Finding(
            "systemd.service(5) says that PIDFile= is read after start-up. It is read again when"
            " the main process dies: systemd takes the process that a file of root's then names"
            " for the service, does not restart the service, and kills that process when the"
            " service is stopped."
        ),
    )
    contenders = (
        _contender("runner", "default"),
        _contender("runner", "fast"),
        _contender("runner", "strict"),
        _contender("monitor", "default"),
        _contender("monitor", "fast"),
        _contender("monitor", "strict"),
    )

    def after_install(self, guest: Guest) -> None:
        guest.run(DISABLE_SERVICES["systemd"])

    def start(self, guest: Guest, contender: Contender) -> None:
        super().start(guest, contender)
        # It fails if any unit failed: a degraded system is not measured.
        guest.run(
            f"{AWAIT_SYSTEMD} ||"
            " { systemctl --failed --no-legend; journalctl -b -p warning | tail -n 5; exit 1; }"
        )

    def enable_command(self, contender: Contender, service: Service) -> str:
        return f"systemctl --no-reload enable {service.name}.service"

    def enable_all_command(self, contender: Contender, services: Iterable[Service]) -> str:
        units = " ".join(f"{service.name}.service" for service in services)
        return f"systemctl --no-reload --quiet enable {units}"

    def disable_command(self, contender: Contender, service: Service) -> str:
        unit = f"{service.name}.service"
        return (
            f"systemctl disable --now {unit}; rm /etc/systemd/system/{unit};"
            " systemctl daemon-reload"
        )

    def reload_command(self, contender: Contender, services: Iterable[Service]) -> str:
        units = " ".join(f"{service.name}.service" for service in services)
        return f"systemctl daemon-reload && systemctl start {units}"

    def stop_command(self, contender: Contender, service: Service) -> str:
        return f"systemctl stop {service.name}.service"

    def start_command(self, contender: Contender, service: Service) -> str:
        return f"systemctl start {service.name}.service"

    def wait_ready_command(self, contender: Contender, service: Service) -> str:
        # A second start waits for the job of the first.
        return self.start_command(contender, service)

    def output_command(self, contender: Contender, service: Service) -> str:
        return f"journalctl --sync; journalctl -q -o cat -u {service.name}.service"


SUPERVISOR = Systemd()
