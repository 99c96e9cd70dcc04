"""BusyBox sh as PID 1: a script that runs a program, and a command that becomes the program."""

from __future__ import annotations

from inits.shell import Shell, shell_contenders
from provision.sources.packages import Apt


class BusyboxSh(Shell):
    """https://manpages.debian.org/bookworm/busybox/busybox.1.en.html"""

    name = "busybox-sh"
    title = "BusyBox sh"
    home_page = "https://busybox.net/"
    article_order = 106
    sources = {"debian": Apt(("busybox",))}
    program_path = "/bin/busybox"
    version_command = "busybox | head -n 1"
    process_names = frozenset({"busybox"})
    service_parent = "busybox"
    shell = ("/bin/busybox", "sh")
    contenders = shell_contenders("busybox-sh", "busybox sh", becomes_program=True)


SUPERVISOR = BusyboxSh()
