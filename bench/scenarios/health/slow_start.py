"""A daemon whose start takes longer than its supervisor's patience."""

from __future__ import annotations

from bench.model.observation.detached_start import Delay, DetachedStart

# s that a start takes: longer than monit waits for one by default, 30 s.
SLOW = 40.0


class SlowStart(DetachedStart):
    """Whether a monitor has the patience that a daemon's start takes."""

    name = "slow-start"
    title = "a slow start"
    position = 11
    delays = {"slow": Delay("--slow-start", SLOW, "waits for a slow start")}


SCENARIO = SlowStart()
