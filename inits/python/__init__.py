"""Python as PID 1, with no init at all: a program that starts another one."""

from __future__ import annotations

from inits.base import Init, init_contender
from provision.sources.packages import Apt
from supervisors.contender import Contender
from supervisors.service import Service
from supervisors.versions import Finding


class Python(Init):
    """https://docs.python.org/3/library/subprocess.html"""

    name = "python"
    title = "Python"
    home_page = "https://www.python.org/"
    article_order = 107
    sources = {"debian": Apt(("python3",))}
    program_path = "/usr/bin/python3"
    version_command = "python3 --version"
    process_names = frozenset({"python3"})
    service_parent = "python3"
    findings = (
        Finding(
            "subprocess.call() returns a negative number for a program that a signal has killed;"
            " sys.exit() makes 241 of SIGTERM in place of the usual 143."
        ),
    )
    contenders = (init_contender("python", "python3 app: subprocess.call(PROGRAM)"),)

    def command_line(self, contender: Contender, service: Service) -> tuple[str, ...]:
        return ("/usr/bin/python3", "/etc/app")


SUPERVISOR = Python()
