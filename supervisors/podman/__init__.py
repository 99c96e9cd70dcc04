"""podman: a conmon for each container, which has podman start the container again."""

from __future__ import annotations

from collections.abc import Iterable

from provision.sources.packages import Apt
from supervisors.base import Supervisor
from supervisors.contender import Contender, OlderVersion, Profile
from supervisors.service import Service
from supervisors.versions import Change, Finding

# podman-apply keeps a copy of each service's file, and runs a service anew if its file differs.
_FILES, _COPIES = "/etc/podman.d", "/run/containers/podman.d"
# What starts a container must run below PID 1: from elsewhere crun may move no process into the
# control group that it makes. A stop moves nothing.
_BY_INIT = "/usr/local/sbin/by-init"
# The first version that was seen to differ from 4.3.1, and the release that has it.
_FIRST_OTHER = Change("5.4.2", "trixie")


def _contender(profile: Profile, setting: str, older: tuple[OlderVersion, ...] = ()) -> Contender:
    return Contender(
        "podman",
        "runner",
        profile,
        pid1=False,
        setting=setting,
        # A crash loop is a chain of podmans, each of which works for a tenth of a second.
        spaces_starts=False,
        # podman, conmon and crun work for 0.1 s, in several threads, and longer on a busy host.
        busy_seconds=0.2,
        log_process="conmon",
        older=older,
    )


class Podman(Supervisor):
    """https://manpages.debian.org/trixie/podman/podman-run.1.en.html"""

    name = "podman"
    title = "Podman"
    home_page = "https://podman.io/"
    sources = {"debian": Apt(("podman", "conmon", "crun"))}
    unavailable_on = {
        "bullseye": "its crun ends where the kernel refuses key rings, as it does in guests",
    }
    program_path = "/usr/bin/podman"
    version_command = "podman --version"
    needs_pid1 = False
    # podman returns once conmon has forked, so a script starts all and stays.
    hosted_command = "/usr/local/sbin/podman-boot"
    process_names = frozenset({"podman-boot", "podman", "conmon", "crun"})
    service_parent = "conmon"
    forked_by_client = True
    # No process is above those of the services.
    stop_all_command = "podman stop --all"
    unsupported = {
        "readiness": "--sdnotify hands a container's message on to the NOTIFY_SOCKET that podman"
        " was given by systemd; podman itself keeps nothing of it.",
        "watchdog": "Its health checks are run by timers of systemd, which is not the init of these"
        " guests; conmon waits for an end, and checks nothing else.",
    }
    findings = (
        Finding(
            "By its manual, always means to retry indefinitely. That holds for a program that ends."
            " One that cannot be executed, if only for a moment, is never tried again: podman"
            " cleans up after a start that failed, and no conmon is left to call it (5.4.2;"
            " handleRestartPolicy in libpod/container_internal.go).",
            since=_FIRST_OTHER,
        ),
        Finding(
            "While a program cannot be executed, it is tried without a pause: 140 and more"
            " processes a second (4.3.1).",
            until=_FIRST_OTHER,
        ),
        Finding(
            "A stop that comes while a container is between two lives may be lost: it runs again"
            " (4.3.1; pull requests 17077 and 18267 of podman are the cure).",
            until=_FIRST_OTHER,
        ),
        Finding(
            "Its manual names no delay, and there is none, nor a limit: a program that ends at once"
            " is started for ever, as fast as one podman after the other can do it: every 85 ms on"
            " two processors (5.4.2)."
        ),
        Finding(
            "--restart is worth no more than conmon: where that is killed, the daemon runs on, and"
            " nothing starts it again once it ends (5.4.2; issue 14937 of podman says the same"
            " of 4.0.2)."
        ),
    )
    contenders = (
        _contender(
            "default",
            "--restart=always with the network and the processes of the guest: at each end conmon"
            " runs podman, which starts the container anew under another conmon",
        ),
        _contender(
            "fast",
            "transient_store: what podman knows of a container is in memory, not on a disk",
            older=(
                OlderVersion(
                    Change("4.4", "trixie"),
                    _contender("fast", "as default: it does not know transient_store"),
                ),
            ),
        ),
    )

    def disable_command(self, contender: Contender, service: Service) -> str:
        name = service.name
        return f"podman rm --force {name}; rm {_FILES}/{name} {_COPIES}/{name}"

    def reload_command(self, contender: Contender, services: Iterable[Service]) -> str:
        return f"{_BY_INIT} /usr/local/sbin/podman-apply"

    def stop_command(self, contender: Contender, service: Service) -> str:
        return f"podman stop {service.name}"

    def start_command(self, contender: Contender, service: Service) -> str:
        return f"{_BY_INIT} podman start {service.name}"

    def output_command(self, contender: Contender, service: Service) -> str:
        return f"podman logs {service.name} 2>&1"


SUPERVISOR = Podman()
