"""Who listens on a port or a socket: the processes that hold its listening end open."""

from __future__ import absolute_import, division, print_function

import os

from ..proc import descendants, read_all_stats, read_link, read_proc

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..proc import Stat

LISTENS = "0A"  # TCP_LISTEN in /proc/net/tcp
ACCEPTS = "00010000"  # __SO_ACCEPTCON in /proc/net/unix


def find_port_inodes(port):
    # type: (int) -> set[str]
    """Return the inodes of the sockets that listen on a TCP port."""
    inodes = set()
    for table in ("net/tcp", "net/tcp6"):
        for line in read_proc("self", table).splitlines()[1:]:
            fields = line.split()
            if fields[3] == LISTENS and int(fields[1].rsplit(":", 1)[1], 16) == port:
                inodes.add(fields[9])
    return inodes


def find_socket_inodes(path):
    # type: (str) -> set[str]
    """Return the inodes of the Unix sockets that listen at a path."""
    rows = (line.split(None, 7) for line in read_proc("self", "net/unix").splitlines()[1:])
    return {row[6] for row in rows if len(row) == 8 and row[7] == path and row[3] == ACCEPTS}


def find_holders(inodes):
    # type: (set[str]) -> list[Stat]
    """Return the processes that hold one of the sockets open, by pid."""
    stats = read_all_stats()
    return [stat for pid, stat in sorted(stats.items()) if holds(pid, inodes)]


def is_held_below(pid, inodes):
    # type: (int, set[str]) -> bool
    """Tell whether a process, or one below it, holds one of the sockets open."""
    # Most programs hold it themselves: that needs no look at every process.
    if holds(pid, inodes):
        return True
    return any(holds(other, inodes) for other in descendants(read_all_stats(), [pid]))


def holds(pid, inodes):
    # type: (int, set[str]) -> bool
    """Tell whether a process holds one of the sockets open."""
    try:
        names = os.listdir("/proc/%d/fd" % pid)
    except OSError:
        return False
    links = {"socket:[%s]" % inode for inode in inodes}
    return any(read_link(pid, "fd/" + name) in links for name in names)
