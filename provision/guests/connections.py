"""What guests use of Fabric, which takes as long to import as all the rest of the suite."""

from __future__ import annotations

import errno
import logging
from typing import IO

from fabric import Config, Connection
from fabric.runners import Remote
from paramiko import SSHException

KEPT_STDERR = 1 << 16  # characters
# A failed connection is raised as an error; paramiko would print it as well.
logging.getLogger("paramiko").addHandler(logging.NullHandler())


class QuickRunner(Remote):  # type: ignore[misc]
    """Runs a command, and sees its end at once: not at the next of 100 looks a second."""

    input_sleep = 0.1  # s between two looks after its threads

    def wait(self) -> None:
        while not (self.process_is_finished or self.has_dead_threads):
            self.channel.status_event.wait(self.input_sleep)


class LongRunner(QuickRunner):
    """Runs a command of minutes, of which hundreds may run at once.

    Keeps no standard output, which goes to the stream, and only the end of the standard error.
    given: the command's standard input, which ends after it.
    """

    input_sleep = 1.0

    def __init__(self, connection: Connection, given: bytes) -> None:
        super().__init__(context=connection)
        self._given = given

    def send_start_message(self, command: str) -> None:
        super().send_start_message(command)
        # At once: invoke would pass a stream on character by character.
        self._write_proc_stdin(self._given)
        self.close_proc_stdin()

    def handle_stdout(self, buffer_: list[str], hide: bool, output: IO[str]) -> None:
        for text in self.read_proc_output(self.read_proc_stdout):
            output.write(text)

    def handle_stderr(self, buffer_: list[str], hide: bool, output: IO[str]) -> None:
        kept = ""
        for text in self.read_proc_output(self.read_proc_stderr):
            kept = (kept + text)[-KEPT_STDERR:]
            buffer_[:] = [kept]


def fabric_config() -> Config:
    """Fabric's settings without the user's own files, on which a run must not depend."""
    overrides = {
        "run": {"in_stream": False},
        "runners": {"remote": QuickRunner},
        "load_ssh_configs": False,
    }
    return Config(lazy=True, overrides=overrides)


def is_loss(failure: Exception) -> bool:
    """Tell whether an error of the connection means that there is none any more."""
    if isinstance(failure, (EOFError, SSHException, ConnectionError)):
        return True
    return isinstance(failure, OSError) and (
        failure.errno == errno.EBADF or str(failure) == "Socket is closed"
    )
