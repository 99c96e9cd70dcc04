"""When a program of a person's own is ready: it takes a connection, or has written a text.

testd executes such a program in its own place, so that its pid and its stamps are the program's.
"""

from __future__ import absolute_import, division, print_function

import os
import socket

from ..clock import SECOND, now, to_ns
from ..proc import CHUNK, read_bytes, read_stat
from .listeners import find_holders, find_port_inodes, find_socket_inodes, is_held_below

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable

    from ..checks import ReadinessPlan
    from ..proc import Stat
    from ..service import Instance
    from ..watcher import Observation, ServiceWatcher

LOOK_NS = 1000000  # between two looks
CONNECT_SECONDS = 0.1  # a listener whose queue is full does not answer
TICKS = os.sysconf("SC_CLK_TCK")
# Of a program's start by its stat, against a stamp: both /proc/uptime and stat cut to 10 ms.
START_TOLERANCE_NS = SECOND // 20
LOOKS_FOR_BOOT = 5


def look_for_boot():
    # type: () -> int
    """Return the stamp at which the system began, or an earlier one where this look was held up."""
    seen_ns = now()  # before the uptime: a later stamp would make each program start after its own
    return seen_ns - to_ns(float(read_bytes("/proc/uptime", 64).split()[0]))


class Readiness(object):
    """Looks whether the program is ready."""

    def __init__(self, deadline):
        # type: (float) -> None
        """Take the seconds after a start by which the program has to be ready."""
        self.deadline = deadline
        # When the kernel's clock of starts was zero. No look is late by more than the 10 ms that
        # the uptime is cut to, and a held up one is early.
        self._boot_ns = max(look_for_boot() for _ in range(LOOKS_FOR_BOOT))

    def is_program(self, pid, up_ns):
        # type: (int, int) -> bool
        """Tell whether a process is the one that took that stamp itself, and no zombie.

        Its name is the program's, which nobody knows: a later process of its pid has started later.
        main()'s stamp would not do: where testd detaches itself, its first process takes it, and a
        busy host may start the one that stays much later.
        """
        stat = read_stat(pid)
        if not stat or stat.state in "ZX":
            return False
        start_ns = self._boot_ns + stat.starttime * SECOND // TICKS
        return start_ns <= up_ns + START_TOLERANCE_NS

    def look(self, instance):
        # type: (Instance) -> int | None
        """Return the stamp of the look that found it ready; None where it is not ready yet."""
        raise NotImplementedError

    def holders(self):
        # type: () -> list[Stat]
        """Return the processes that hold the port or the socket of the program."""
        return []

    def await_ready(self, watcher, instance, until, handle):
        # type: (ServiceWatcher, Instance, int, Callable[[Observation], Any]) -> None
        """Look until the instance is ready, has ended, or that instant (ns) is there.

        handle: called with what is observed meanwhile.
        """
        while instance.end_ns is None:
            instance.ready_ns = self.look(instance)
            if instance.ready_ns is not None or now() >= until:
                return
            for observation in watcher.observe(min(until, now() + LOOK_NS)):
                handle(observation)


class TextWritten(Readiness):
    """The program has written a text to its standard output or standard error."""

    def __init__(self, text, deadline):
        # type: (str, float) -> None
        super(TextWritten, self).__init__(deadline)
        self.text = text.encode("utf-8")
        self._instance = None  # type: Instance | None
        self._fd = -1
        self._tail = b""

    def look(self, instance):
        # type: (Instance) -> int | None
        if instance is not self._instance and not self._open(instance):
            return None
        data = os.read(self._fd, CHUNK)
        seen_ns = now()
        self._tail += data
        if self.text in self._tail:
            return seen_ns
        self._tail = self._tail[-len(self.text) :]
        return None

    def _open(self, instance):
        # type: (Instance) -> bool
        """Open the output of that start, which has a file of its own."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
        try:
            self._fd = os.open(instance.service.path + ".output", os.O_RDONLY)
        except OSError:
            return False
        self._instance, self._tail = instance, b""
        return True


class Listening(Readiness):
    """The program takes connections."""

    def look(self, instance):
        # type: (Instance) -> int | None
        if not self.connects():
            return None
        stamp = now()
        # What an earlier start left behind may still listen.
        return stamp if is_held_below(instance.pid, self.find_inodes()) else None

    def holders(self):
        # type: () -> list[Stat]
        return find_holders(self.find_inodes())

    def connects(self):
        # type: () -> bool
        """Tell whether a connection is taken now."""
        raise NotImplementedError

    def find_inodes(self):
        # type: () -> set[str]
        """Return the inodes of the sockets that take the connections."""
        raise NotImplementedError


class PortOpen(Listening):
    """The program takes connections at a TCP port of the guest's own address."""

    def __init__(self, port, deadline):
        # type: (int, float) -> None
        super(PortOpen, self).__init__(deadline)
        self.port = port

    def connects(self):
        # type: () -> bool
        if connects(socket.AF_INET, ("127.0.0.1", self.port)):
            return True
        return connects(socket.AF_INET6, ("::1", self.port))

    def find_inodes(self):
        # type: () -> set[str]
        return find_port_inodes(self.port)


class SocketOpen(Listening):
    """The program takes connections at a Unix socket."""

    def __init__(self, path, deadline):
        # type: (str, float) -> None
        super(SocketOpen, self).__init__(deadline)
        self.path = path

    def connects(self):
        # type: () -> bool
        return connects(socket.AF_UNIX, self.path.encode("utf-8"))

    def find_inodes(self):
        # type: () -> set[str]
        return find_socket_inodes(self.path)


KINDS = {"line": TextWritten, "port": PortOpen, "socket": SocketOpen}


def make_readiness(given):
    # type: (ReadinessPlan) -> Readiness
    """Return what looks for the readiness that a plan names."""
    kind = KINDS[given["kind"]]  # type: Any
    return kind(given["value"], given["deadline"])  # type: ignore[no-any-return]


def connects(family, address):
    # type: (int, Any) -> bool
    """Tell whether a stream socket can connect; it closes at once."""
    try:
        client = socket.socket(family, socket.SOCK_STREAM)
    except (OSError, socket.error):  # a kernel without that family
        return False
    try:
        client.settimeout(CONNECT_SECONDS)
        client.connect(address)
        return True
    except (OSError, socket.error):
        return False
    finally:
        client.close()
