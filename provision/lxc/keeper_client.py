"""The suite's end of one guest's keeper: starts it, sends it commands, waits for its end."""

from __future__ import annotations

import contextlib
import errno
import os
import select
import subprocess
import threading
from pathlib import Path

from provision.errors import Problem
from provision.host.keepers import start_keeper
from provision.lxc.logs import quote_logs
from provision.lxc.programs import keeper

# Seconds that a keeper may take for an answer or its end: a loaded host makes it slow.
_PATIENCE = 120


class KeeperClient:
    """The keeper of the guest in a folder that the keeper makes.

    Every method but `has_ended` raises Problem where the keeper has ended or does not answer.
    """

    def __init__(self, home: Path) -> None:
        """Start the keeper and have it claim the guest. Raises Problem, OSError."""
        self._home = home
        self._one_command = threading.Lock()
        # Nothing of the caller's environment gets near a guest, not even to the hooks of LXC.
        environment = {"PATH": os.environ.get("PATH", os.defpath)}
        self._process = start_keeper(keeper.__file__, home, cwd=Path("/"), environment=environment)
        try:
            self._await_claim()
        except BaseException:
            self.release()
            raise

    @property
    def pid(self) -> int:
        """The keeper's process, in whose mount namespace LXC finds the guest."""
        return self._process.pid

    def has_ended(self) -> bool:
        """Tell whether the keeper has ended, and the guest with it."""
        return self._process.poll() is not None

    def command(self, command: str) -> str:
        """Send a command of `keeper.py`; returns the answer."""
        assert self._process.stdin is not None
        try:
            with self._one_command:
                self._process.stdin.write(command + "\n")
                self._process.stdin.flush()
                return self._read_answer(command)
        except BrokenPipeError as failure:
            raise self.ended_error() from failure

    def release(self) -> None:
        """Have the keeper remove what it has made, unless it keeps it; wait until it has."""
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):
            self._process.stdin.close()
        try:
            self._process.wait(_PATIENCE)
        except subprocess.TimeoutExpired as failure:
            raise self._hangs_error("end") from failure

    def _await_claim(self) -> None:
        answer = self._read_answer("begin")
        if answer == "ready":
            return
        if int(answer) == errno.EEXIST:
            raise Problem(
                f"A guest named {self._home.name} is running.",
                advice="Run ./inv destroy to remove it.",
            )
        raise OSError(int(answer), os.strerror(int(answer)), str(self._home))

    def _read_answer(self, command: str) -> str:
        assert self._process.stdout is not None
        if not select.select([self._process.stdout], [], [], _PATIENCE)[0]:
            raise self._hangs_error(command)
        answer = self._process.stdout.readline()
        if not answer:
            raise self.ended_error()
        return answer.strip()

    def ended_error(self) -> Problem:
        """The error for a keeper that has ended before it was released."""
        return Problem(
            f"The keeper of guest {self._home.name} has ended, and the guest with it.",
            known=quote_logs(self._home),
            advice="Run ./inv destroy to remove what is left.",
        )

    def _hangs_error(self, command: str) -> Problem:
        return Problem(
            f"The keeper of guest {self._home.name} has not done {command!r} in {_PATIENCE} s.",
            known=quote_logs(self._home),
            advice=f"kill -KILL {self._process.pid} ends it and the guest, "
            "then ./inv destroy removes what is left.",
        )
