"""bash as PID 1: a script that runs a program, and a command that becomes the program."""

from __future__ import annotations

from inits.shell import Shell, shell_contenders
from provision.sources.packages import Apt


class Bash(Shell):
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
    shell = ("/bin/bash",)
    contenders = shell_contenders("bash", "bash", becomes_program=True)


SUPERVISOR = Bash()
