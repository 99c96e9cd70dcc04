"""No init: the container's program is PID 1 itself."""

from __future__ import annotations

from inits.base import Init, init_contender
from provision.sources.packages import Present
from supervisors.contender import Contender
from supervisors.service import Service


class NoInit(Init):
    """https://man7.org/linux/man-pages/man7/pid_namespaces.7.html"""

    name = "none"
    title = "no init"
    home_page = "https://man7.org/linux/man-pages/man7/pid_namespaces.7.html"
    article_order = 109
    sources = {"debian": Present(), "arch": Present(), "precise": Present()}
    program_path = None
    # Nothing but the kernel is there: its release stands for a version.
    version_command = "uname -r"
    process_names = frozenset({"entry"})
    contenders = (
        init_contender("none", "PROGRAM, in the form that needs no shell", becomes_program=True),
    )

    def command_line(self, contender: Contender, service: Service) -> tuple[str, ...]:
        return service.argv


SUPERVISOR = NoInit()
