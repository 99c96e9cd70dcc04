"""The FIFO DIR/stamps, and the lines that testd writes into it."""

from __future__ import absolute_import, division, print_function

import errno
import fcntl
import json
import os
import re
import stat

from .proc import CHUNK

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TypedDict

    # LINE_KEYS says which keys a line of each event has.
    Line = TypedDict(
        "Line",
        {
            "event": str,
            "service": str,
            "pid": int,
            "seq": int,
            "ppid": int,
            "begun_ns": int,
            "main_ns": int,
            "up_ns": int,
            "ready_ns": int,
            "exit_ns": int,
            "left_ns": int,
            "chatted": int,
        },
        total=False,
    )

LONGEST_LINE = 4096  # bytes, PIPE_BUF: testd's lines are shorter
F_SETPIPE_SZ = 1031
PIPE_SIZE = 1 << 20  # bytes

TEXT = (str, type(b"".decode("ascii")))  # str and unicode in Python 2.7
INTEGER = (int, type(1 << 64))  # int and long in Python 2.7
BLANKS = " \t\n\r"  # what JSON allows around a value
# json.loads looks at its options at each call, and finds blanks by regular expressions.
decode = json.JSONDecoder().raw_decode
SERVICE_NAME = re.compile(r"^[A-Za-z0-9_@-][A-Za-z0-9._@-]{0,63}$")
# The keys of a line of each event, beside "event" and "service". Stamps, in the order of a start:
# begun_ns: the entry point of the program, before the C library; 0 where it takes no stamp.
# main_ns: the first act in main(); the end of a restart's latency.
# up_ns: just before the start line is written, by the daemon that stays.
# ready_ns: just before the daemon announces readiness.
LINE_KEYS = {
    "start": ("pid", "ppid", "seq", "begun_ns", "main_ns", "up_ns"),
    "ready": ("pid", "seq", "ready_ns"),
    "exit": ("pid", "seq", "exit_ns"),
    "left": ("pid", "seq", "left_ns"),
}
VALUE_LIMITS = {"pid": 1 << 31, "ppid": 1 << 31}  # of the other keys: 64 bits


class FifoError(Exception):
    """The FIFO of stamps is not usable: its path, and why."""


class StampFifo(object):
    """The reading end of DIR/stamps, cut into lines."""

    def __init__(self, directory):
        # type: (str) -> None
        self.fd = open_fifo(os.path.join(directory, "stamps"))
        self._incomplete = b""

    def read_lines(self):
        # type: () -> list[bytes]
        """Return the whole lines that have arrived; never waits."""
        while True:
            try:
                data = os.read(self.fd, CHUNK)
            except OSError as e:
                if e.errno == errno.EINTR:
                    continue
                if e.errno != errno.EAGAIN:
                    raise
                break
            self._incomplete += data
            if len(data) < CHUNK:
                break
        lines = self._incomplete.split(b"\n")
        self._incomplete = lines.pop()
        if len(self._incomplete) > LONGEST_LINE:
            lines.append(self._incomplete)
            self._incomplete = b""
        return lines


def open_fifo(path):
    # type: (str) -> int
    """Open the FIFO, and create it and its folder where they are missing.

    It is open for reading and writing, so it never reports end of file.
    Raises FifoError where that fails, or where another measuring program holds it.
    """
    try:
        create_fifo(path)
        fd = os.open(path, os.O_RDWR | os.O_NONBLOCK)
    except OSError as e:
        raise FifoError("%s: %s" % (path, e.strerror))
    if not stat.S_ISFIFO(os.fstat(fd).st_mode):
        raise FifoError("%s is no FIFO: remove it" % path)
    fcntl.fcntl(fd, fcntl.F_SETFD, fcntl.FD_CLOEXEC)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (IOError, OSError):
        raise FifoError("%s: another measuring program reads it" % path)
    try:
        fcntl.fcntl(fd, F_SETPIPE_SZ, PIPE_SIZE)
    except (IOError, OSError):
        pass  # older kernels and tighter limits: the usual 64 KiB hold some 400 lines
    return fd


def create_fifo(path):
    # type: (str) -> None
    """Create a FIFO that any user's daemon can write to; keep the one that is there."""
    directory = os.path.dirname(path)
    if not os.path.isdir(directory):
        os.makedirs(directory)
        os.chmod(directory, 0o777)
    try:
        os.mkfifo(path)
        os.chmod(path, 0o666)
    except OSError as e:
        if e.errno != errno.EEXIST:
            raise


def parse_line(content):
    # type: (bytes) -> Line | None
    """Parse one line of testd; None where it is anything else."""
    try:
        text = content.decode("ascii").strip(BLANKS)
        line, end = decode(text)  # type: Any, int
    except (ValueError, RuntimeError):  # RuntimeError: nested too deep
        return None
    if end != len(text) or not isinstance(line, dict):
        return None
    event, name = line.get("event"), line.get("service")
    if not isinstance(event, TEXT) or event not in LINE_KEYS:
        return None
    if not isinstance(name, TEXT) or not SERVICE_NAME.match(name):
        return None
    for key in LINE_KEYS[event]:
        value = line.get(key)  # type: Any
        # bool is none of these types
        if type(value) not in INTEGER or not 0 <= value < VALUE_LIMITS.get(key, 1 << 64):
            return None
    return line  # type: ignore[return-value]  # its keys are checked
