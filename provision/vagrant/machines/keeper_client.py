"""The owner's end of a machine's keeper; provision/host/keepers.py has what all keepers share."""

from __future__ import annotations

import contextlib
from pathlib import Path

import vagrant

from provision.errors import Problem
from provision.host.keepers import start_keeper
from provision.vagrant.client import INSTALL_VAGRANT, read_log
from provision.vagrant.environment import command_prefix
from provision.vagrant.machines import vm_keeper


class KeeperClient:
    """The process that destroys a machine as soon as its owner is gone."""

    def __init__(self, home: Path, environment: dict[str, str]) -> None:
        """Start the keeper of the machine in that folder. Raises Problem."""
        program: str | None = vagrant.get_vagrant_executable()  # type: ignore[no-untyped-call]
        if program is None:
            raise Problem("Vagrant is not installed.", advice=INSTALL_VAGRANT)
        system = (home / "system").read_text()
        destroy = [*command_prefix(environment), program, "destroy", "-f", system]
        with (home / "log").open("ab") as log:
            self._process = start_keeper(
                vm_keeper.__file__, home, *destroy, stderr=log, cwd=home, environment=environment
            )
        assert self._process.stdout is not None
        if self._process.stdout.readline().strip() != "ready":
            raise Problem(
                f"The keeper of machine {home.name} did not start.",
                known=read_log(home / "log"),
                advice="Run the same command again.",
            )

    def keep(self) -> None:
        """Have it let the machine outlive its owner."""
        assert self._process.stdin is not None
        self._process.stdin.write("keep\n")
        self._process.stdin.flush()

    def release(self) -> None:
        """Have it destroy the machine, unless it keeps it; does not wait."""
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()

    def wait(self) -> None:
        """Wait until it has ended, as it does once the machine is destroyed."""
        self._process.wait()
