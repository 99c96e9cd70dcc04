"""Node.js as PID 1, with no init at all: a program that starts another one."""

from __future__ import annotations

from inits.base import Init, init_contender
from provision.sources.packages import Apt
from supervisors.contender import Contender
from supervisors.service import Service
from supervisors.versions import Finding


class Nodejs(Init):
    """https://nodejs.org/api/child_process.html"""

    name = "nodejs"
    title = "Node.js"
    home_page = "https://nodejs.org/"
    article_order = 108
    sources = {"debian": Apt(("nodejs",))}
    program_path = "/usr/bin/node"
    version_command = "node --version"
    # Newer versions of Node.js call their main thread, and so the process, MainThread.
    process_names = frozenset({"node", "MainThread"})
    service_parent = "node"
    service_parent_aliases = frozenset({"MainThread"})
    findings = (
        Finding(
            "Node's event `exit` has no exit code for a program that a signal has killed."
            " process.exit() without a code ends with status 0, and the engine reports success."
        ),
    )
    contenders = (init_contender("nodejs", "node app.js: spawn(PROGRAM)"),)

    def command_line(self, contender: Contender, service: Service) -> tuple[str, ...]:
        return ("/usr/bin/node", "/etc/app.js")


SUPERVISOR = Nodejs()
