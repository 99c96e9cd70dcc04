"""What shells as PID 1 have in common: an entrypoint that is a script, or one command only."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from inits.base import Init, init_contender
from supervisors.contender import Contender
from supervisors.service import Service


class Shell(Init):
    """A shell that runs the program by the script in shell_files/, or as the command of -c."""

    # The words that start it, the program by its full path.
    shell: ClassVar[Sequence[str]]

    @property
    def templates(self) -> Path:
        """The folder of the script, which is the same for every shell."""
        return Path(__file__).parent / "shell_files"

    def command_line(self, contender: Contender, service: Service) -> tuple[str, ...]:
        if contender.profile == "command":
            return (*self.shell, "-c", service.command)
        return (*self.shell, "/etc/entrypoint.sh")


def shell_contenders(
    name: str, words: str, *, becomes_program: bool
) -> tuple[Contender, Contender]:
    """Return a shell's contenders: with the script, and with one command.

    words: how it is called. becomes_program: it executes the one command in its own place.
    """
    return (
        init_contender(name, f"{words} SCRIPT: the script runs the program and waits"),
        init_contender(
            name,
            f"{words} -c 'PROGRAM': one command only",
            "command",
            becomes_program=becomes_program,
        ),
    )
