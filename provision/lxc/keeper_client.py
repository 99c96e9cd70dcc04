"""The suite's end of one guest's keeper: has it begin, sends it commands, waits for its end."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import threading
from pathlib import Path

from provision.errors import Problem
from provision.lxc.keeper_server_client import is_readable, keeper_servers
from provision.lxc.logs import quote_logs

# Seconds that a keeper may take for an answer or its end: a loaded host makes it slow.
_PATIENCE = 120


class KeeperClient:
    """The keeper of the guest in a folder that the keeper makes.

    pid: its process, in whose mount namespace LXC finds the guest.
    Every method but `has_ended` raises Problem where the keeper has ended or does not answer.
    """

    def __init__(self, home: Path) -> None:
        """Have the keeper begin and claim the guest. Raises Problem, OSError."""
        self._home = home
        self._one_command = threading.Lock()
        self._state_lock = threading.Lock()
        self._is_released = False
        try:
            self.pid, self._process, self._owner = keeper_servers.fork_keeper(home)
        except BrokenPipeError as failure:
            raise self.ended_error() from failure
        self._answers = self._owner.makefile("r")
        try:
            self._await_claim()
        except BaseException:
            self.release()
            raise

    def has_ended(self) -> bool:
        """Tell whether the keeper has ended, and the guest with it."""
        with self._state_lock:  # another thread may release it and close the descriptor
            return self._is_released or is_readable(self._process, 0)

    def command(self, command: str, stream: socket.socket | None = None) -> str:
        """Send a command of `keeper.py`, with that stream; returns the answer."""
        try:
            with self._one_command:
                descriptors = [stream.fileno()] if stream else []
                socket.send_fds(self._owner, [f"{command}\n".encode()], descriptors)
                return self._read_answer(command)
        except (BrokenPipeError, ConnectionResetError) as failure:
            raise self.ended_error() from failure

    def release(self) -> None:
        """Have the keeper remove what it has made, unless it keeps it; wait until it has."""
        with contextlib.suppress(OSError):
            self._owner.shutdown(socket.SHUT_WR)
        with self._state_lock:  # another thread may release it as well, and close the descriptor
            if self._is_released:
                return
            process = os.dup(self._process)
        if not _has_come(process, _PATIENCE):
            raise self._hangs_error("end")
        with self._state_lock:
            if self._is_released:
                return
            self._is_released = True
            os.close(self._process)
        self._answers.close()
        self._owner.close()

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
        if not is_readable(self._owner.fileno(), _PATIENCE):
            raise self._hangs_error(command)
        answer = self._answers.readline()
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
            advice=f"kill -KILL {self.pid} ends it and the guest, "
            "then ./inv destroy removes what is left.",
        )


def _has_come(process: int, seconds: float) -> bool:
    """Tell whether the end of a process came within those seconds; close its descriptor."""
    try:
        return is_readable(process, seconds)
    finally:
        os.close(process)
