"""dumb-init: passes signals on to a session of its own, job control included."""

from __future__ import annotations

from inits.base import Init, init_contender
from provision.sources.packages import Apt
from supervisors.contender import Contender
from supervisors.service import Service
from supervisors.versions import Finding


class DumbInit(Init):
    """https://github.com/Yelp/dumb-init/blob/master/README.md"""

    name = "dumb-init"
    title = "dumb-init"
    home_page = "https://github.com/Yelp/dumb-init"
    article_order = 102
    sources = {"debian": Apt(("dumb-init",))}
    program_path = "/usr/bin/dumb-init"
    version_command = "dumb-init -V 2>&1"
    process_names = frozenset({"dumb-init"})
    service_parent = "dumb-init"
    findings = (
        Finding(
            "When its program ends, it sends SIGTERM to the rest of the program's group and ends at"
            " once. The end of PID 1 makes the kernel kill them before they can act on it."
        ),
    )
    contenders = (
        init_contender("dumb-init", "dumb-init PROGRAM: signals go to the program's group"),
        init_contender("dumb-init", "dumb-init --single-child PROGRAM", "child"),
    )

    def command_line(self, contender: Contender, service: Service) -> tuple[str, ...]:
        child = ("--single-child",) if contender.profile == "child" else ()
        return ("/usr/bin/dumb-init", *child, *service.argv)


SUPERVISOR = DumbInit()
