"""The owner's end of a machine's keeper: start it, ask it, end it."""

from __future__ import annotations

import contextlib
import fcntl
import subprocess
import sys
import time
from pathlib import Path

import psutil
import vagrant

from provision.errors import Problem
from provision.vagrant import vm_keeper
from provision.vagrant.client import INSTALL_VAGRANT, read_log
from provision.vagrant.environment import command_prefix, machine_home, vm_folder


class KeeperProcess:
    """The process that destroys a machine as soon as its owner is gone."""

    def __init__(self, home: Path, environment: dict[str, str]) -> None:
        """Start the keeper of the machine in that folder. Raises Problem."""
        program: str | None = vagrant.get_vagrant_executable()  # type: ignore[no-untyped-call]
        if program is None:
            raise Problem("Vagrant is not installed.", advice=INSTALL_VAGRANT)
        system = (home / "system").read_text()
        destroy = [*command_prefix(environment), program, "destroy", "-f", system]
        keeper = [sys.executable, "-I", "-S", vm_keeper.__file__, str(vm_folder()), home.name]
        with (home / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [*keeper, *destroy],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                start_new_session=True,
                cwd=home,
                env=environment,
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


def has_keeper(name: str) -> bool:
    """Tell whether the machine's keeper is alive: it holds a lock on a file of the machine."""
    try:
        with (machine_home(name) / "lock").open() as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except FileNotFoundError:
        return False
    return False


def end_keeper(name: str) -> None:
    """Have the machine's keeper destroy it, and wait until it has.

    Raises PermissionError and psutil.AccessDenied where the keeper belongs to another user.
    """
    terminated = False
    deadline = time.monotonic() + vm_keeper.PATIENCE
    while has_keeper(name) and time.monotonic() < deadline:
        terminated = terminated or _terminate_keeper(name)
        time.sleep(0.1)


def _terminate_keeper(name: str) -> bool:
    """Send SIGTERM to that machine's keeper and to no other process; tell whether it was sent.

    The keeper writes its pid right after it has locked the file, so the pid may not be there yet.
    """
    home = machine_home(name)
    with contextlib.suppress(OSError, ValueError, psutil.NoSuchProcess):
        process = psutil.Process(int((home / "lock").read_text()))
        if _is_keeper_of(home, process.cmdline()):
            process.terminate()
            return True
    return False


def _is_keeper_of(home: Path, command: list[str]) -> bool:
    """Tell whether that command line is the one of the machine's keeper, from any checkout."""
    program = Path(vm_keeper.__file__).name
    return any(
        Path(word).name == program and command[place + 1 :][:2] == [str(vm_folder()), home.name]
        for place, word in enumerate(command)
    )
