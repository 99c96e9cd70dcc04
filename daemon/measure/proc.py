"""Processes as /proc shows them."""

from __future__ import absolute_import, division, print_function

import collections
import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Iterable

CHUNK = 1 << 16  # bytes read at once
TESTD_COMM = b"testd\n"  # content of /proc/PID/comm
SSHD_COMM = "sshd"  # since OpenSSH 9.8 a session's process is sshd-session


class Stat(object):
    """The fields of /proc/PID/stat that are used here; times in ticks."""

    def __init__(self, pid, comm, fields):
        # type: (int, str, list[str]) -> None
        """Take the fields behind the command name; `state` is the first of them."""
        self.pid, self.comm = pid, comm
        self.state, self.ppid = fields[0], int(fields[1])
        self.utime, self.stime = int(fields[11]), int(fields[12])
        self.cutime, self.cstime = int(fields[13]), int(fields[14])
        self.threads, self.starttime = int(fields[17]), int(fields[19])


def read_bytes(path, limit):
    # type: (str, int) -> bytes
    """Read a file, at most `limit` bytes; b"" where it is not readable.

    No file object: on a processor that has slept, making one costs as much as the reading.
    """
    parts, remaining = [], limit
    try:
        fd = os.open(path, os.O_RDONLY)
        try:
            while remaining:
                parts.append(os.read(fd, min(remaining, CHUNK)))
                remaining -= len(parts[-1])
                if not parts[-1]:
                    break
        finally:
            os.close(fd)
    except OSError:
        return b""
    return b"".join(parts)


def read_at_once(path, size):
    # type: (str, int) -> bytes
    """Read a file by one read of that size; b"" where it is not readable.

    For what one read returns as a whole, between two kills: `read_bytes` needs one more to find
    the end.
    """
    try:
        fd = os.open(path, os.O_RDONLY)
        try:
            return os.read(fd, size)
        finally:
            os.close(fd)
    except OSError:
        return b""


def read_proc(pid, name, limit=1 << 20):
    # type: (int | str, str, int) -> str
    """Read /proc/PID/NAME as text; "" where it is not readable (the process may be gone)."""
    return read_bytes("/proc/%s/%s" % (pid, name), limit).decode("utf-8", "replace")


def read_stat(pid):
    # type: (int) -> Stat | None
    """Read /proc/PID/stat; None where the process is gone."""
    text = read_proc(pid, "stat")
    if ")" not in text:
        return None
    name, rest = text.rsplit(")", 1)
    return Stat(pid, name.split("(", 1)[1], rest.split())


def read_all_stats():
    # type: () -> dict[int, Stat]
    """Read the Stat of every visible process, by pid."""
    pids = sorted(int(name) for name in os.listdir("/proc") if name.isdigit())
    stats = ((pid, read_stat(pid)) for pid in pids)
    return {pid: stat for pid, stat in stats if stat}


def read_arguments(pid):
    # type: (int) -> list[str]
    """Read the command line of a process; empty for a zombie."""
    return read_proc(pid, "cmdline").split("\0")[:-1]


def read_link(pid, name):
    # type: (int | str, str) -> str | None
    """Read where the link /proc/PID/NAME points; None where it is not readable."""
    try:
        return os.readlink(("/proc/%s/%s" % (pid, name)).encode()).decode("utf-8", "replace")
    except OSError:
        return None


def read_status(pid, name="status"):
    # type: (int, str) -> dict[str, str]
    """Read a file of "key: value" lines, such as /proc/PID/status."""
    lines = (line.split(":", 1) for line in read_proc(pid, name).splitlines())
    return {line[0]: line[1].strip() for line in lines if len(line) == 2}


def kilobytes(fields, key):
    # type: (dict[str, str], str) -> int | None
    """Return a size of /proc/PID/status in kB; None where the kernel does not give it."""
    text = fields.get(key, "")
    return int(text.split()[0]) if text else None


def is_testd(pid, service):
    # type: (int, str) -> bool
    """Return whether a process is the test daemon of that service, and no zombie.

    testd sets its own name, however it was started. A zombie has no arguments.
    """
    if read_at_once("/proc/%d/comm" % pid, len(TESTD_COMM)) != TESTD_COMM:
        return False
    # Each argument ends with a null byte, so the first one has none before it.
    argument = b"\0" + service.encode("ascii") + b"\0"
    return argument in read_at_once("/proc/%d/cmdline" % pid, CHUNK)


def descendants(stats, roots):
    # type: (dict[int, Stat], Iterable[int]) -> set[int]
    """Return the pids of the roots and of everything below them."""
    children = collections.defaultdict(list)  # type: dict[int, list[int]]
    for stat in stats.values():
        children[stat.ppid].append(stat.pid)
    pids, pending = set(), [pid for pid in roots if pid in stats]  # type: set[int], list[int]
    while pending:
        pid = pending.pop()
        if pid in pids:
            continue
        pids.add(pid)
        pending.extend(children[pid])
    return pids


def pids_outside_guest(stats):
    # type: (dict[int, Stat]) -> set[int]
    """Return the pids that are no part of the guest.

    These are this program, its ancestors, and every session that entered the guest from outside.
    An embedded guest's session has parent 0, like the kernel's threads; in the guest only PID 1
    has. A virtual machine's session is below its sshd, which also has one for a while for each
    connection that was dropped or never answered in time.
    """
    own = ancestors_below_pid1(stats, os.getpid())
    entered = [stat.pid for stat in stats.values() if stat.ppid == 0 and stat.pid != 1]
    entered += [pid for pid in own if stats[pid].comm.startswith(SSHD_COMM)]
    return descendants(stats, entered).union(own)


def ancestors_below_pid1(stats, pid):
    # type: (dict[int, Stat], int) -> list[int]
    """Return the pid and those of its ancestors, without PID 1."""
    pids = []  # type: list[int]
    while pid in stats and pid != 1 and pid not in pids:
        pids.append(pid)
        pid = stats[pid].ppid
    return pids


def read_file(path):
    # type: (str) -> str | None
    """Read the first 4096 bytes of a file as text; None where it is not readable."""
    try:
        with open(path, "rb") as f:
            return f.read(4096).decode("utf-8", "replace")
    except (IOError, OSError):
        return None
