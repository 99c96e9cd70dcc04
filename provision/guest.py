"""One disposable machine with its own PID 1, reached by Fabric as root."""

from __future__ import annotations

import io
import shlex
import tarfile
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import IO, Any

from fabric import Config, Connection
from fabric.runners import Remote
from invoke import Result
from invoke.exceptions import CommandTimedOut, UnexpectedExit

from provision.counters.memory import MemoryGroup
from provision.counters.syscalls import SyscallCount
from provision.errors import Problem
from provision.guest_name import check_guest_name
from provision.systems import System


@dataclass(frozen=True)
class File:
    """A file as it shall look in the guest; content is text or bytes, path absolute."""

    path: str
    content: str | bytes
    mode: int = 0o644

    @property
    def data(self) -> bytes:
        """The content as it is written."""
        return self.content.encode() if isinstance(self.content, str) else self.content


@dataclass(frozen=True)
class Output:
    """What a command in the guest printed, and its exit code."""

    stdout: str
    stderr: str
    code: int


class _Patient(Remote):  # type: ignore[misc]
    """Runs a command for minutes without waking up a hundred times a second to look at it."""

    input_sleep = 0.2


class Guest(ABC):
    """A running guest. Nothing above it knows which provider made it."""

    def __init__(self, name: str, system: System) -> None:
        self.name = check_guest_name(name)
        self.system = system
        self._connection: Connection | None = None

    @abstractmethod
    def connect(self) -> Connection:
        """A new Fabric connection as root."""

    @abstractmethod
    def reboot(self, init: str | None = None) -> None:
        """Start the guest anew with that command line as PID 1; None: the system's own init.

        Raises Problem where the new PID 1 does not come up.
        """

    @abstractmethod
    def network(self) -> AbstractContextManager[None]:
        """A network for the time of the block, and none after it."""

    @abstractmethod
    def facts(self) -> dict[str, Any]:
        """What a run records of the machine: provider, kernel, acceleration, cgroup version."""

    @abstractmethod
    def keep(self) -> str:
        """Let the guest outlive this process; the command that enters it."""

    @abstractmethod
    def shell(self) -> int:
        """An interactive shell as root, on this terminal; its exit code."""

    @abstractmethod
    def destroy(self) -> None:
        """Remove the guest and everything that belongs to it."""

    def memory_group(self, pid: int) -> MemoryGroup | None:
        """The group whose memory limit binds that process of the guest; None: out of reach."""
        return None

    @contextmanager
    def count_syscalls(self, pids: Iterable[int]) -> Iterator[SyscallCount]:
        """Count the system calls of those processes of the guest for the time of the block."""
        yield SyscallCount(
            why="the guest has a kernel of its own, in which the host does not count"
        )

    @property
    def connection(self) -> Connection:
        """The one connection kept open, made at first use."""
        if self._connection is None:
            self._connection = self.connect()
        return self._connection

    def disconnect(self) -> None:
        """Close the connection; the next command makes a new one."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def run(self, command: str, *, check: bool = True, timeout: float = 120) -> Output:
        """Run a shell command as root. Raises Problem where it fails and check is set."""
        try:
            result = self.connection.run(
                command, hide=True, warn=not check, in_stream=False, timeout=timeout
            )
        except UnexpectedExit as failure:
            raise self._failed(command, failure.result) from failure
        except CommandTimedOut as failure:
            raise Problem(
                f"On guest {self.name}, this did not end within {timeout:g} s: {command}",
                known=failure.result.stdout[-2000:] + failure.result.stderr[-2000:],
            ) from failure
        return Output(result.stdout, result.stderr, result.exited)

    def stream(self, command: str, on_line: Callable[[str], None], timeout: float) -> Output:
        """Run a command and hand on each line of its output as it comes."""
        runner = _Patient(context=self.connection)
        try:
            result = runner.run(
                command,
                hide=True,
                warn=True,
                in_stream=False,
                out_stream=_Lines(on_line),
                timeout=timeout,
            )
        except CommandTimedOut as failure:
            raise Problem(
                f"On guest {self.name}, this did not end within {timeout:g} s: {command}",
                known=failure.result.stderr[-2000:],
            ) from failure
        return Output(result.stdout, result.stderr, result.exited)

    def power_off(self, command: str, patience: float) -> float | None:
        """Ask for the guest's end by that command inside it; returns the seconds until it was gone.

        None: it still ran after so many seconds. Its files stay; `reboot` starts it again.
        """
        begin = time.monotonic()
        # An end that comes at once takes the answer with it.
        asking = f"setsid -f sh -c {shlex.quote(command)} < /dev/null > /dev/null 2>&1"
        self.run(asking, check=False)
        self.disconnect()
        gone = self.wait_for_end(begin + patience)
        return time.monotonic() - begin if gone else None

    def wait_for_end(self, until: float) -> bool:
        """Wait for the end of its PID 1, until that instant of time.monotonic(); whether it came.

        Raises Problem where the provider cannot tell.
        """
        while time.monotonic() < until:
            if self.has_ended():
                return True
            time.sleep(0.02)
        return False

    def has_ended(self) -> bool:
        """Whether its PID 1 has ended. Raises Problem where the provider cannot tell."""
        raise Problem(f"It cannot be told whether guest {self.name} has switched itself off.")

    def write(self, files: Iterable[File]) -> None:
        """Put files at their places in one go."""
        archive = io.BytesIO()
        with tarfile.open(fileobj=archive, mode="w") as tar:
            for file in files:
                entry = tarfile.TarInfo(file.path.lstrip("/"))
                entry.size, entry.mode, entry.mtime = len(file.data), file.mode, int(time.time())
                tar.addfile(entry, io.BytesIO(file.data))
        archive.seek(0)
        self.unpack(archive, "files.tar")

    def unpack(self, archive: IO[bytes], name: str, into: str = "/", strip: int = 0) -> None:
        """Unpack a tar archive below a folder, all of it root's, its first folders stripped."""
        # Not in /tmp, where a PID 1 that has just started may mount another.
        path = f"/root/{name}"
        try:
            self.connection.put(archive, path)
        except OSError as failure:
            raise Problem(
                f"On guest {self.name}, {path} cannot be written: {failure}.",
                known=self.describe_free_space(),
            ) from failure
        unpacked = self.run(
            f"mkdir -p {into}; tar -xpf {path} -C {into} --strip-components={strip}"
            f" --no-same-owner --no-overwrite-dir; code=$?; rm {path}; exit $code",
            check=False,
        )
        if unpacked.code:
            raise Problem(
                f"On guest {self.name}, {name} cannot be unpacked below {into}.",
                known=f"{unpacked.stderr[-2000:]}\n{self.describe_free_space()}",
            )

    def describe_free_space(self) -> str:
        """A sentence that says how much more the guest can write."""
        free = self.run("df -Pm / | awk 'NR == 2 {print $4}'", check=False).stdout.strip()
        return f"{free} MiB are free where it writes."

    def read(self, path: str) -> bytes:
        """A file's content."""
        content = io.BytesIO()
        self.connection.get(path, content)
        return content.getvalue()

    def _failed(self, command: str, result: Result) -> Problem:
        streams = (result.stdout[-2000:].strip(), result.stderr[-2000:].strip())
        return Problem(
            f"On guest {self.name}, exit code {result.exited}: {command}",
            known="\n".join(stream for stream in streams if stream),
        )


class _Lines(io.TextIOBase):
    """Cuts what is written to it into lines."""

    def __init__(self, on_line: Callable[[str], None]) -> None:
        self._on_line = on_line
        self._rest = ""

    def write(self, text: str) -> int:
        *lines, self._rest = (self._rest + text).split("\n")
        for line in lines:
            self._on_line(line)
        return len(text)


def fabric_config() -> Config:
    """Fabric's settings, without the user's own files: a run must not depend on them."""
    return Config(lazy=True, overrides={"run": {"in_stream": False}, "load_ssh_configs": False})


def quoted(*words: str) -> str:
    """Words as one shell command."""
    return shlex.join(words)
