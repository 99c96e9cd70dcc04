"""A daemon whose pid file comes late, while its first process waits for it or after that."""

from __future__ import annotations

from bench.model.observation.detached_start import Delay, DetachedStart

# s: some looks of a monitor that polls, and less than any is known to wait for a start.
LATE = 5.0


class Pidfile(DetachedStart):
    """Whether a monitor waits for the pid file, and starts no second daemon meanwhile."""

    name = "pidfile"
    title = "a pid file that comes late"
    position = 11
    delays = {
        "late": Delay("--slow-start", LATE, "waits for a late pid file"),
        "orphaned": Delay(
            "--late-pidfile", LATE, "waits for one that comes after its parent has gone"
        ),
    }


SCENARIO = Pidfile()
