"""dash as PID 1: it runs a program by a script, or as its only command."""

from __future__ import annotations

from inits.base import Init, init_contender
from provision.sources.packages import Apt
from supervisors.contender import Contender
from supervisors.service import Service
from supervisors.versions import Finding


class Dash(Init):
    """https://manpages.debian.org/bookworm/dash/dash.1.en.html"""

    name = "dash"
    title = "dash"
    home_page = "http://gondor.apana.org.au/~herbert/dash/"
    article_order = 105
    sources = {"debian": Apt(("dash",))}
    program_path = "/bin/dash"
    version_command = None
    process_names = frozenset({"dash"})
    service_parent = "dash"
    findings = (
        Finding(
            "bash and BusyBox sh execute the only command of -c in their own place; dash stays. So"
            " `CMD program` makes another PID 1 on Debian than on Alpine."
        ),
    )
    contenders = (
        init_contender("dash", "dash SCRIPT: the script runs the program and waits"),
        init_contender("dash", "dash -c 'PROGRAM': one command only", "command"),
    )

    def command_line(self, contender: Contender, service: Service) -> tuple[str, ...]:
        if contender.profile == "command":
            return ("/bin/dash", "-c", service.command)
        return ("/bin/dash", "/etc/entrypoint.sh")


SUPERVISOR = Dash()
