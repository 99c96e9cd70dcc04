"""What an init is to the suite: a supervisor of one program that it never starts again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar

from provision.guests.files import File
from supervisors.base import Supervisor
from supervisors.contender import Contender, Profile
from supervisors.service import ENTRY, Service

# The container's command line, a word a line: what ENTRYPOINT and CMD are to Docker.
COMMAND_FILE = "/etc/container"


class Init(Supervisor):
    """A container's PID 1: it starts one program, and the container ends when the program ends.

    A subclass lives in a folder of its own below inits/, as `SUPERVISOR`, with idea.md and, where a
    script belongs to it, files/. It is installed, verified and recorded as a supervisor is.
    `command_line` is the only command that it has to write.
    """

    keeps_services = False
    needs_pid1 = True
    # The suite's own program executes the command line, in the place of the container engine.
    init_command = f"{ENTRY} {COMMAND_FILE}"
    unsupported: ClassVar[dict[str, str]] = {"watchdog": "It waits for its program to end."}

    def command_line(self, contender: Contender, service: Service) -> Sequence[str]:
        """Return the words that start `service.argv` as the container's program."""
        raise NotImplementedError

    def files(self, contender: Contender, services: Iterable[Service]) -> list[File]:
        """Return the scripts of the folder, and the container's command line."""
        services = tuple(services)
        words = self.command_line(contender, services[0])
        command = File(COMMAND_FILE, "".join(f"{word}\n" for word in words))
        return [*super().files(contender, services), command]

    def reload_command(self, contender: Contender, services: Iterable[Service]) -> None:
        """Return None: another program needs another start."""
        return


def init_contender(
    name: str, setting: str, profile: Profile = "default", *, becomes_program: bool = False
) -> Contender:
    """Return a contender of that init; setting: its command line in words."""
    return Contender(
        name,
        "init",
        profile,
        pid1=True,
        setting=setting,
        becomes_program=becomes_program,
    )
