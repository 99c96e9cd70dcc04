"""BusyBox sh as PID 1: a script that runs a program, and a command that becomes the program."""

from __future__ import annotations

from inits.base import Init, init_contender
from provision.sources.packages import Apt
from supervisors.contender import Contender
from supervisors.service import Service


class BusyboxSh(Init):
    """https://manpages.debian.org/bookworm/busybox/busybox.1.en.html"""

    name = "busybox-sh"
    title = "BusyBox sh"
    home_page = "https://busybox.net/"
    article_order = 106
    sources = {"debian": Apt(("busybox",))}
    program_path = "/bin/busybox"
    version_command = "busybox | head -n 1"
    process_names = frozenset({"busybox"})
    service_parent = "busybox"
    contenders = (
        init_contender("busybox-sh", "busybox sh SCRIPT: the script runs the program and waits"),
        init_contender(
            "busybox-sh",
            "busybox sh -c 'PROGRAM': one command only",
            "command",
            becomes_program=True,
        ),
    )

    def command_line(self, contender: Contender, service: Service) -> tuple[str, ...]:
        if contender.profile == "command":
            return ("/bin/busybox", "sh", "-c", service.command)
        return ("/bin/busybox", "sh", "/etc/entrypoint.sh")


SUPERVISOR = BusyboxSh()
