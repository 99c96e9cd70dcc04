"""Vagrant's commands, and its error messages translated into Problems."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import vagrant

from provision.errors import Problem
from provision.vagrant.box.table import Box
from provision.vagrant.environment import ROOT, command_prefix, vagrant_environment, vm_folder

T = TypeVar("T")
INSTALL_VAGRANT = (
    "On Debian: apt-get install --no-install-recommends vagrant vagrant-libvirt libvirt-daemon"
    " qemu-system-x86 qemu-utils. On other systems, install Vagrant from its makers."
)
_DOCTOR = "./inv doctor --provider=libvirt, or --provider=virtualbox, shows what is missing."
_LONGEST_EXCERPT = 3000  # characters


class DiskFull(Problem):
    """No space is left on the disk: every further attempt fails, too."""


@dataclass(frozen=True)
class _KnownError:
    """A pattern in Vagrant's output, what it means, and the reader's next step."""

    pattern: str
    meaning: str
    advice: str
    kind: type[Problem] = Problem


# The first that matches counts.
_KNOWN_ERRORS = (
    _KnownError(
        "No space left on device|Failure writing output to destination",
        "the disk is full",
        "df -h shows where; free some space.",
        DiskFull,
    ),
    _KnownError(
        "is locked|already executing an action|lock is being held by another",
        "another Vagrant process holds the machine",
        "Wait for it to end, or type ./inv destroy.",
    ),
    _KnownError(
        "Timed out while waiting for the machine to boot",
        "the machine never answered",
        "Try again when the host is less busy, or with another --box.",
    ),
    _KnownError(
        "[Cc]ould(n't| not) resolve host|Failed to connect to|Network is unreachable",
        "no network reaches the box's server",
        "./inv box debian builds a box from packages; --box=FILE uses a file on this host.",
    ),
    _KnownError(
        "could not be found or|couldn't be found|could not be accessed|The requested URL returned",
        "there is no such box",
        "Name another with --box=NAME or --box=FILE; ./inv box debian builds one.",
    ),
    _KnownError(
        "failed to unpackage properly",
        "the file is not a box, or it is damaged",
        "Name another with --box=FILE; ./inv box debian builds one.",
    ),
    _KnownError(
        "doesn't match the provider you specified",
        "the box is made for another hypervisor",
        "./inv box debian builds one for each hypervisor and prints both paths.",
    ),
    _KnownError(
        "provider '.*' could not be found|provider '.*' that was requested",
        "Vagrant has no such provider here",
        _DOCTOR,
    ),
    _KnownError(
        "onnection to libvirt|virConnectOpen", "libvirt cannot be reached", INSTALL_VAGRANT
    ),
)


class Client(vagrant.Vagrant):
    """python-vagrant with readable errors, named snapshots and versioned boxes.

    Every method raises Problem with what Vagrant wrote to the log.
    """

    def __init__(self, root: Path, log: Path, environment: dict[str, str]) -> None:
        """Run commands on the Vagrantfile in root, and append their output to log."""
        output = vagrant.make_file_cm(str(log))  # type: ignore[no-untyped-call]
        super().__init__(  # type: ignore[no-untyped-call]
            root=str(root), env=environment, out_cm=output, err_cm=output
        )
        self._log = log

    def plugins(self) -> set[str]:
        """Return the names of Vagrant's plugins."""
        return {plugin.name for plugin in self._checked(self.plugin_list, "list its plugins")}

    def has_box(self, box: Box, hypervisor: str) -> bool:
        """Tell whether the box has been fetched for that hypervisor."""
        rows = self._checked(self.box_list, "list its boxes")
        return any((row.name, row.provider) == (box.name, hypervisor) for row in rows)

    def fetch(self, box: Box, hypervisor: str) -> None:
        """Fetch the box from its public server, or add it from its file."""
        source = [box.name, *(["--box-version", box.version] if box.version else [])]
        if box.file:
            source = ["--name", box.name, str(box.file)]
        self._run(["box", "add", "--provider", hypervisor, *source], f"fetch the box {box.name}")

    def boot(self, machine: str, hypervisor: str) -> None:
        """Create and boot the machine."""
        self._run(["up", machine, "--provider", hypervisor], f"boot {machine}")

    def login(self, machine: str) -> str:
        """Return how to log in as the box's own user, in the format of ssh_config(5)."""
        read_config: Callable[..., str] = self.ssh_config
        return self._checked(lambda: read_config(vm_name=machine), "say how to log in")

    def snapshot(self, verb: str, machine: str, name: str) -> None:
        """Save or restore a snapshot; python-vagrant's own methods accept no machine's name."""
        self._run(["snapshot", verb, machine, name], f"{verb} the snapshot {name}")

    def _make_vagrant_command(self, args: list[str | None]) -> list[str]:
        command: list[str] = super()._make_vagrant_command(args)  # type: ignore[no-untyped-call]
        return [*command_prefix(self.env), *command]

    def _run(self, arguments: list[str], what: str) -> None:
        self._checked(lambda: self._call_vagrant_command(arguments), what)  # type: ignore[no-untyped-call]

    def _checked(self, action: Callable[[], T], what: str) -> T:
        """Return the action's result. Raises Problem; what: completes "Vagrant could not"."""
        start = self._log.stat().st_size if self._log.exists() else 0
        try:
            return action()
        except subprocess.CalledProcessError as failure:
            output = (failure.output or b"").decode(errors="replace")
            raise vagrant_problem(what, read_log(self._log, start) + output) from failure
        except (RuntimeError, OSError) as failure:
            raise Problem(
                f"Vagrant could not {what}: {failure}", advice=INSTALL_VAGRANT
            ) from failure


def shared_client(hypervisor: str) -> Client:
    """Return a client for what concerns no machine in particular: plugins and boxes."""
    return Client(ROOT, vm_folder() / "log", vagrant_environment(hypervisor))


def vagrant_problem(what: str, output: str) -> Problem:
    """Return the Problem for a failed command: Vagrant's own words, and their meaning if known."""
    for error in _KNOWN_ERRORS:
        if re.search(error.pattern, output):
            return error.kind(
                f"Vagrant could not {what}: {error.meaning}.", known=output, advice=error.advice
            )
    return Problem(
        f"Vagrant could not {what}.",
        known=output,
        advice=_DOCTOR,
    )


def read_log(log: Path, start: int = 0) -> str:
    """Return the end of a log from byte `start` on, without progress bars and Ruby's stack."""
    if not log.exists():  # the machine may have been removed meanwhile
        return ""
    with log.open("rb") as stream:
        stream.seek(start)
        text = stream.read().decode(errors="replace")
    # An error follows the last step of a progress bar on the same line.
    lines = [
        line
        for line in re.split(r"(?:\r|\n|\x1b\[K)+", text)
        if not line.startswith(("Progress: ", "\tfrom "))
    ]
    return "\n".join(lines)[-_LONGEST_EXCERPT:]
