"""Services, their instances, and the record that testd keeps of each service."""

from __future__ import absolute_import, division, print_function

import bisect
import collections
import os
import struct
import time

from .proc import read_at_once

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .stamps import Line

    Record = tuple[int, int, int, int, int, int]

RECORD = struct.Struct("=6Q")  # struct record of testd.c
STARTS_KEPT = 1000  # of each service


class Instance(object):
    """One process of a service, from its start to its end."""

    __slots__ = (
        "begun_ns",
        "end_ns",
        "main_ns",
        "missed_starts",
        "pid",
        "pidfd",
        "ppid",
        "ready_ns",
        "seq",
        "service",
        "source",
        "starttime",
        "up_ns",
    )

    def __init__(self, service, start, source):
        # type: (WatchedService, Line, str) -> None
        self.service = service
        self.pid, self.seq = start["pid"], start["seq"]
        self.ppid, self.main_ns, self.up_ns = start["ppid"], start["main_ns"], start["up_ns"]
        self.begun_ns = start["begun_ns"] or None  # None: the entry point takes no stamp
        self.source = source  # "line" or "record"
        self.missed_starts = 0  # starts between the one known before and this one
        self.ready_ns = None  # type: int | None
        self.pidfd = None  # type: int | None
        self.starttime = None  # type: int | None  # ticks, where the kernel has no pidfd
        self.end_ns = None  # type: int | None  # when its end was observed

    def fields(self):
        # type: () -> dict[str, Any]
        """Return what each event about this instance contains."""
        return {
            "service": self.service.name,
            "pid": self.pid,
            "ppid": self.ppid,
            "seq": self.seq,
            "main_ns": self.main_ns,
            "up_ns": self.up_ns,
            "by": self.source,
            "missed": self.missed_starts,
        }


class WatchedService(object):
    """One test daemon that a supervisor keeps alive."""

    def __init__(self, name, directory):
        # type: (str, str) -> None
        self.name = name
        self.path = os.path.join(directory, name)
        self.instances = []  # type: list[Instance]  # not known to have ended; oldest first
        self.last_seq = None  # type: int | None  # of the newest known start
        # (pid, main_ns) of the last registered starts; an ordered set
        self.registered = collections.OrderedDict()  # type: dict[tuple[int, int], None]
        self.registered_count = 0
        # main_ns of each start, in order. A missed start has the stamp of the next registered one.
        self.start_stamps = []  # type: list[int]
        # seq and left_ns of the newest start that has left the last of its orphans
        self.last_left = 0, 0

    def register_left(self, line):
        # type: (Line) -> None
        """Remember that a start has left the last of its orphans."""
        self.last_left = max(self.last_left, (line["seq"], line["left_ns"]))

    def left_by_newest(self):
        # type: () -> int | None
        """Return when the newest start left the last of its orphans; None where it has not."""
        seq, left_ns = self.last_left
        return left_ns if seq and seq == self.read_record()[0] else None

    def read_record(self):
        # type: () -> Record
        """Read (starts, lost, pid, begun_ns, main_ns, up_ns); zeros before the first start.

        testd writes pid 0 while the record changes: reads until two readings agree.
        """
        for _ in range(100):
            first, second = self.read_record_once(), self.read_record_once()
            if first == second and (first[2] or not first[0]):
                return first
            time.sleep(0.0001)
        return first

    def read_record_once(self):
        # type: () -> Record
        """Read the record as it is now, perhaps while testd changes it."""
        data = read_at_once(self.path + ".count", RECORD.size)
        if len(data) != RECORD.size:
            return (0, 0, 0, 0, 0, 0)
        starts, lost, pid, begun_ns, main_ns, up_ns = RECORD.unpack(data)
        return starts, lost, pid, begun_ns, main_ns, up_ns

    def current(self):
        # type: () -> Instance | None
        """Return the newest running instance."""
        return self.instances[-1] if self.instances else None

    def register(self, instance):
        # type: (Instance) -> None
        """Register a start: its stamp, and how many starts before it were missed."""
        missed = max(0, instance.seq - (self.last_seq or 0) - 1)
        # Starts before this program's own are not missed.
        instance.missed_starts = missed if self.last_seq is not None else 0
        self.last_seq = max(self.last_seq or 0, instance.seq)
        self.registered[instance.pid, instance.main_ns] = None
        if len(self.registered) > STARTS_KEPT:
            self.registered.popitem(last=False)  # type: ignore[call-arg]
        self.registered_count += 1
        position = bisect.bisect(self.start_stamps, instance.main_ns)
        self.start_stamps[position:position] = [instance.main_ns] * (min(missed, STARTS_KEPT) + 1)
        del self.start_stamps[:-STARTS_KEPT]
