"""One disposable machine with its own PID 1, reached by Fabric as root."""

from __future__ import annotations

import io
import platform
import shlex
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import IO, TYPE_CHECKING

from invoke.exceptions import CommandTimedOut, ThreadException, UnexpectedExit

from provision.counters.memory import MemoryGroup
from provision.counters.syscalls import SyscallCount
from provision.errors import Problem
from provision.guests.commands import LineSplitter, Output, first_problem
from provision.guests.facts import GuestFacts
from provision.guests.files import File, pack_files
from provision.guests.names import check_guest_name
from provision.systems import System

if TYPE_CHECKING:
    from fabric import Connection
    from invoke import Result


class Guest(ABC):
    """A running guest. Nothing above it knows which provider made it.

    A command that fails, or that is not done in time, raises Problem.
    """

    def __init__(self, name: str, system: System) -> None:
        self.name = check_guest_name(name)
        self.system = system
        # Whether programs that `launched` starts have the addresses of their memory not randomised.
        self.fixed_addresses = False
        self._connection: Connection | None = None

    def launched(self, command: str) -> str:
        """Return the command line that starts a program in the guest as the guest is to start it.

        It executes the program in its own place: pid, name and arguments are the program's.
        """
        if not self.fixed_addresses:
            return command
        # Before util-linux 2.33 it needs the name of the architecture.
        return f"/usr/bin/setarch {platform.machine()} -R {command}"

    @abstractmethod
    def connect(self) -> Connection:
        """A new Fabric connection as root. Raises Problem."""

    @abstractmethod
    def reboot(self, init: str | None = None) -> None:
        """Start the guest again with that command line as PID 1; None: the system's own init.

        Raises Problem where the new PID 1 does not start.
        """

    @abstractmethod
    def network(self) -> AbstractContextManager[None]:
        """Give the guest a network within the block. Raises Problem."""

    @abstractmethod
    def facts(self) -> GuestFacts:
        """What a run records of the machine."""

    @abstractmethod
    def keep(self) -> str:
        """Let the guest outlive this process; returns the command that enters it."""

    @abstractmethod
    def shell(self) -> int:
        """Run an interactive shell as root on this terminal; returns its exit code."""

    @abstractmethod
    def destroy(self) -> None:
        """Remove the guest and everything that belongs to it. Raises Problem."""

    def console(self) -> str:
        """What its PID 1 has printed and others on its console, safe to show; bounded in size."""
        return ""

    def quote_console(self) -> str:
        """Whether it has ended, and the last lines of its present PID 1; or nothing."""
        return ""

    @contextmanager
    def console_quoted(self) -> Iterator[None]:
        """Add those lines to a Problem that the block raises, unless it has them."""
        try:
            yield
        except Problem as problem:
            quoted = self.quote_console()
            if quoted and quoted not in problem.known:
                problem.known = f"{problem.known.rstrip()}\n{quoted}".lstrip("\n")
            raise

    def memory_group(self, pid: int) -> MemoryGroup | None:
        """The control group whose memory limit binds that process of the guest.

        None where this host cannot reach it.
        """
        return None

    @contextmanager
    def count_syscalls(self, pids: Iterable[int]) -> Iterator[SyscallCount]:
        """Count the system calls of those processes of the guest within the block."""
        yield SyscallCount(
            why_not="the guest has a kernel of its own, in which the host does not count"
        )

    @property
    def connection(self) -> Connection:
        """The guest's one open connection, made at first use."""
        if self._connection is None:
            self._connection = self.connect()
        return self._connection

    def disconnect(self) -> None:
        """Close the connection; the next command makes a new one."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def mounted_cgroups(self) -> str:
        """Which versions of control groups are mounted in it: v1, v2, v1 and v2, or none.

        On a host with both, systemd 247 and 262 mount v2, 252 and 257 take v1.
        """
        mounts = self.run("cat /proc/mounts").stdout.splitlines()
        types = {
            fields[2]
            for fields in map(str.split, mounts)
            if len(fields) > 2 and fields[1].startswith("/sys/fs/cgroup")
        }
        names = [name for kind, name in (("cgroup", "v1"), ("cgroup2", "v2")) if kind in types]
        return " and ".join(names) or "none"

    def run(self, command: str, *, check: bool = True, timeout: float = 120) -> Output:
        """Run a shell command as root.

        Raises Problem after so many seconds, and where it fails unless check is false.
        """
        try:
            with self._connected(command):
                result = self.connection.run(
                    command, hide=True, warn=not check, in_stream=False, timeout=timeout
                )
        except UnexpectedExit as failure:
            raise self._command_error(command, failure.result) from failure
        except CommandTimedOut as failure:
            raise self._timeout_error(
                command, timeout, failure.result.stdout[-2000:] + failure.result.stderr[-2000:]
            ) from failure
        return Output(result.stdout, result.stderr, result.exited)

    def fetch_ahead(self, command: str, timeout: float) -> None:
        """Run a command that only fetches what the next one needs; it needs the network.

        Raises Problem.
        """
        self.run(command, timeout=timeout)

    def install_fetched(self, by_host: Callable[[], None], by_hand: str) -> None:
        """Have the host install what the guest itself cannot fetch. Raises Problem.

        by_hand: the command that does so on a machine with a network.
        """
        by_host()

    def stream(
        self, command: str, on_line: Callable[[str], None], timeout: float, given: bytes = b""
    ) -> Output:
        """Run a shell command as root, and call on_line for each line of output as it comes.

        given: its standard input. Returns no standard output. Raises Problem after so many seconds,
        for a line longer than commands.MAX_LINE, for more than MAX_OUTPUT in all, and where on_line
        does.
        """
        from provision.guests.connections import LongRunner  # slow, and needs a guest

        try:
            with self._connected(command):
                result = LongRunner(self.connection, given).run(
                    command,
                    hide=True,
                    warn=True,
                    in_stream=False,
                    out_stream=LineSplitter(on_line, self.name),
                    timeout=timeout,
                )
        except CommandTimedOut as failure:
            raise self._timeout_error(command, timeout, failure.result.stderr[-2000:]) from failure
        except ThreadException as failure:
            raise first_problem(failure) from failure
        return Output("", result.stderr, result.exited)

    def power_off(self, command: str, patience: float) -> float | None:
        """Power the guest off by that command inside it; returns the seconds that it took.

        None where it still runs after `patience` seconds. Its files stay; `reboot` starts it again.
        """
        start = time.monotonic()
        # In the background: a guest that ends at once takes the answer with it.
        background = f"setsid -f sh -c {shlex.quote(command)} < /dev/null > /dev/null 2>&1"
        self.run(background, check=False)
        self.disconnect()
        ended = self.wait_for_end(start + patience)
        return time.monotonic() - start if ended else None

    def signal_pid1(self, number: int) -> None:
        """Send a signal to its PID 1 from outside, as a container engine does.

        Nothing is sent where it has ended. Raises Problem where the provider cannot do that.
        """
        raise Problem(
            f"Nothing outside guest {self.name} can send a signal to its PID 1.",
            known="It is a machine of its own, not a container.",
            advice="Containers are measured in embedded guests: --provider=lxc",
        )

    def pid1_is_gone(self) -> bool:
        """Tell whether the PID 1 that the last `reboot` has started is gone.

        Another one may have taken its place: LXC boots a guest again whose PID 1 asks for that.
        Raises Problem where the provider cannot tell.
        """
        return self.has_ended()

    def wait_for_pid1(self, seconds: float) -> bool:
        """Wait for so long at most until that PID 1 is gone; return whether it is."""
        deadline = time.monotonic() + seconds
        while not self.pid1_is_gone():
            if time.monotonic() > deadline:
                return False
            time.sleep(0.01)
        return True

    def pid1_status(self) -> int:
        """Return what its PID 1 has ended with: an exit status, or 128 and the signal's number.

        That is how container engines write it. Raises Problem where the provider cannot tell.
        """
        raise Problem(f"This provider cannot tell with what PID 1 of guest {self.name} has ended.")

    def wait_for_end(self, deadline: float) -> bool:
        """Wait until its PID 1 has ended, or that time.monotonic(); returns whether it has ended.

        Raises Problem where the provider cannot tell.
        """
        while time.monotonic() < deadline:
            if self.has_ended():
                return True
            time.sleep(0.02)
        return False

    def why_ended(self) -> str:
        """Say in a sentence why the suite has ended the guest; empty where it has not."""
        return ""

    @contextmanager
    def measured(self) -> Iterator[None]:
        """Lift what slows the guest down while nothing is measured in it, for the block."""
        yield

    def has_ended(self) -> bool:
        """Tell whether its PID 1 has ended. Raises Problem where the provider cannot tell."""
        raise Problem(f"This provider cannot tell whether guest {self.name} has powered off.")

    def ended_by_itself(self) -> bool:
        """Tell whether its PID 1 has ended, as far as the provider can tell."""
        try:
            return self.has_ended()
        except Problem:
            return False

    def write(self, files: Iterable[File]) -> None:
        """Write files in one transfer."""
        self.unpack(io.BytesIO(pack_files(files)), "files.tar")

    def unpack(self, archive: IO[bytes], name: str, into: str = "/", strip: int = 0) -> None:
        """Unpack a tar archive below a folder, everything owned by root.

        strip: how many leading folders are cut off each path.
        """
        # Not in /tmp: a PID 1 that has just started may mount another one there.
        path = f"/root/{name}"
        try:
            with self._connected(f"writing {path}"):
                self.connection.put(archive, path)
        except OSError as failure:
            raise Problem(
                f"On guest {self.name}, {path} cannot be written: {failure}.",
                known=self.describe_free_space(),
            ) from failure
        done = self.run(
            f"mkdir -p {into}; tar -xpf {path} -C {into} --strip-components={strip}"
            f" --no-same-owner --no-overwrite-dir; code=$?; rm {path}; exit $code",
            check=False,
        )
        if done.code:
            raise Problem(
                f"On guest {self.name}, {name} cannot be unpacked below {into}.",
                known=f"{done.stderr[-2000:]}\n{self.describe_free_space()}",
            )

    def describe_free_space(self) -> str:
        """A sentence on how much more the guest can write."""
        free = self.run("df -Pm / | awk 'NR == 2 {print $4}'", check=False).stdout.strip()
        return f"{free} MiB are free where it writes."

    def read(self, path: str) -> bytes:
        """The content of a file."""
        content = io.BytesIO()
        with self._connected(f"reading {path}"):
            self.connection.get(path, content)
        return content.getvalue()

    @contextmanager
    def _connected(self, activity: str) -> Iterator[None]:
        """Raise Problem where the connection is lost; the next command makes a new one."""
        try:
            yield
        except Exception as failure:
            from provision.guests.connections import is_loss  # slow, and needs a guest

            if not is_loss(failure):
                raise
            self.disconnect()
            raise Problem(
                f"The connection to guest {self.name} was lost: {activity}",
                known=str(failure) or type(failure).__name__,
            ) from failure

    def _timeout_error(self, command: str, seconds: float, output: str) -> Problem:
        return Problem(
            f"On guest {self.name}, this did not end within {seconds:g} s: {command}",
            known=output,
        )

    def _command_error(self, command: str, result: Result) -> Problem:
        streams = (result.stdout[-2000:].strip(), result.stderr[-2000:].strip())
        return Problem(
            f"On guest {self.name}, exit code {result.exited}: {command}",
            known="\n".join(stream for stream in streams if stream),
        )
