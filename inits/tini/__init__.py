"""tini: the init that Docker runs for `docker run --init`, as docker-init."""

from __future__ import annotations

from inits.base import Init, init_contender
from provision.sources.packages import Apt
from supervisors.contender import Contender
from supervisors.service import Service
from supervisors.versions import Finding


class Tini(Init):
    """https://github.com/krallin/tini/blob/master/README.md"""

    name = "tini"
    title = "tini"
    home_page = "https://github.com/krallin/tini"
    article_order = 101
    sources = {"debian": Apt(("tini",))}
    program_path = "/usr/bin/tini"
    version_command = "tini --version"
    process_names = frozenset({"tini"})
    service_parent = "tini"
    findings = (
        Finding(
            "Its manual says that it passes signals on. It keeps nine to itself: SIGILL, SIGTRAP,"
            " SIGABRT, SIGBUS, SIGFPE, SIGSEGV, SIGTTIN, SIGTTOU and SIGSYS."
        ),
    )
    contenders = (
        init_contender("tini", "tini -- PROGRAM, as docker run --init has it"),
        init_contender("tini", "tini -g -- PROGRAM", "group"),
    )

    def command_line(self, contender: Contender, service: Service) -> tuple[str, ...]:
        group = ("-g",) if contender.profile == "group" else ()
        return ("/usr/bin/tini", *group, "--", *service.argv)


SUPERVISOR = Tini()
