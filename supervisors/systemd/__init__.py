"""systemd: one unit for each service, started by PID 1 itself."""

from __future__ import annotations

from collections.abc import Iterable

from provision.guest import Guest
from provision.packages import Apt
from supervisors.contract import Article, Contender, Profile, Role, Service, Supervisor

# What no preset reaches: units which other units of the package want for themselves.
_STATIC = (
    # No user logs in, so nobody needs seats, sessions and terminals.
    "systemd-logind.service",
    "getty.target",
    "console-getty.service",
    # It would wake up 15 minutes after boot, amid the trials.
    "systemd-tmpfiles-clean.timer",
    # Nobody may mount these in a user namespace, and a failed unit degrades the system.
    "sys-kernel-config.mount",
    "sys-kernel-debug.mount",
    "sys-kernel-tracing.mount",
)


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
        logger="systemd-journald",
    )


class Systemd(Supervisor):
    """https://manpages.debian.org/bookworm/systemd/systemd.service.5.en.html"""

    name = "systemd"
    title = "systemd"
    home = "https://systemd.io/"
    rank = 3
    article = Article("43", needs_pid1=True, runner=True, monitor=True, loc=87419)
    sources = {"debian": Apt(("systemd",))}
    init = "/lib/systemd/systemd"
    processes = frozenset({"systemd", "systemd-journal"})
    parent = "systemd"
    power_off = "systemctl poweroff"
    version_command = "/lib/systemd/systemd --version"
    contenders = (
        _contender("runner", "default"),
        _contender("runner", "tuned"),
        _contender("monitor", "default"),
        _contender("monitor", "tuned"),
    )

    def after_install(self, guest: Guest) -> None:
        # Debian's packages enable units whatever the image's preset says, which is "disable *".
        guest.run(
            "systemctl preset-all && systemctl set-default multi-user.target"
            f" && systemctl mask {' '.join(_STATIC)}"
        )

    def start(self, guest: Guest, contender: Contender) -> None:
        super().start(guest, contender)
        # Fails where any unit failed: a degraded system is not what is to be measured.
        guest.run(
            "until [ -S /run/systemd/private ]; do sleep 0.05; done;"
            " systemctl is-system-running --wait"
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


SUPERVISOR = Systemd()
