"""Which commands of an installation ran while their guest had a network."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from provision.guests.commands import Output
from provision.guests.guest import Guest


def record_network(guest: Guest, commands: list[tuple[str, bool]]) -> None:
    """Note each command that runs in the guest from now on, and whether it has a network."""
    run = guest.run

    def run_and_note(command: str, *, check: bool = True, timeout: float = 120) -> Output:
        interfaces = run("ls /sys/class/net").stdout.split()
        commands.append((command, interfaces != ["lo"]))
        return run(command, check=check, timeout=timeout)

    pytest.MonkeyPatch().setattr(guest, "run", run_and_note)


def online_commands(commands: Sequence[tuple[str, bool]]) -> list[str]:
    """Return the commands that had a network."""
    return [command for command, online in commands if online]
