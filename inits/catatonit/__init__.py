"""catatonit: the init that Podman runs for `podman run --init`."""

from __future__ import annotations

from inits.base import Init, init_contender
from provision.sources.packages import Apt
from supervisors.contender import Contender
from supervisors.service import Service
from supervisors.versions import Finding


class Catatonit(Init):
    """https://github.com/openSUSE/catatonit/blob/main/README.md"""

    name = "catatonit"
    title = "catatonit"
    home_page = "https://github.com/openSUSE/catatonit"
    article_order = 103
    sources = {"debian": Apt(("catatonit",))}
    program_path = "/usr/bin/catatonit"
    version_command = "catatonit --version"
    version_pattern = r"(\d+(?:\.\d+)+)"
    process_names = frozenset({"catatonit"})
    service_parent = "catatonit"
    findings = (
        Finding(
            "Its manual says that it passes signals on. It keeps ten to itself: SIGILL, SIGTRAP,"
            " SIGABRT, SIGBUS, SIGFPE, SIGSEGV, SIGTSTP, SIGTTIN, SIGTTOU and SIGSYS."
        ),
    )
    contenders = (init_contender("catatonit", "catatonit -- PROGRAM, as podman run --init has it"),)

    def command_line(self, contender: Contender, service: Service) -> tuple[str, ...]:
        return ("/usr/bin/catatonit", "--", *service.argv)


SUPERVISOR = Catatonit()
