"""dash as PID 1: it runs a program by a script, or as its only command."""

from __future__ import annotations

from inits.shell import Shell, shell_contenders
from provision.sources.packages import Apt
from supervisors.versions import Finding


class Dash(Shell):
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
    shell = ("/bin/dash",)
    contenders = shell_contenders("dash", "dash", becomes_program=False)


SUPERVISOR = Dash()
