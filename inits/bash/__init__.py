"""bash as PID 1: a script that runs a program, and a command that becomes the program."""

from __future__ import annotations

from inits.base import Init, init_contender
from provision.sources.packages import Apt
from supervisors.contender import Contender
from supervisors.service import Service


class Bash(Init):
    """https://www.gnu.org/software/bash/manual/bash.html"""

    name = "bash"
    title = "bash"
    home_page = "https://www.gnu.org/software/bash/"
    article_order = 104
    sources = {"debian": Apt(("bash",))}
    program_path = "/bin/bash"
    version_command = "bash --version"
    process_names = frozenset({"bash"})
    service_parent = "bash"
    contenders = (
        init_contender("bash", "bash SCRIPT: the script runs the program and waits"),
        init_contender(
            "bash", "bash -c 'PROGRAM': one command only", "command", becomes_program=True
        ),
    )

    def command_line(self, contender: Contender, service: Service) -> tuple[str, ...]:
        if contender.profile == "command":
            return ("/bin/bash", "-c", service.command)
        return ("/bin/bash", "/etc/entrypoint.sh")


SUPERVISOR = Bash()
