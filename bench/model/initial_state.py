"""The state of a guest in which a unit of a scenario begins, whatever ran in it before."""

from __future__ import annotations

from dataclasses import dataclass

from bench.model.observation.timing import has_long_limit
from supervisors.contender import Contender


@dataclass(frozen=True)
class InitialState:
    """What a unit of a scenario finds; the engine establishes and verifies it before each unit.

    Always, too: no daemon has options from a mode file, and no child of a daemon is left.
    """

    # Services that the supervisor keeps: each has one daemon, and there is no other.
    services: int = 1
    # Nothing was killed, restarted or reconfigured: the guest is new, and every daemon is in its
    # first life. Memory and idle work of a supervisor depend on what it has been through.
    first_life: bool = False
    # Each daemon has run for its contender's `settled_uptime`. Trials draw uptimes themselves.
    settled: bool = True
    # The supervisor starts with the addresses of its memory not randomised. Where a stack begins
    # within a page decides how many pages it takes: 8 to 16 kB of the floor, by chance.
    fixed_addresses: bool = False

    def min_uptime(self, contender: Contender, starts: int) -> float:
        """Return the seconds for which a daemon must have run.

        starts: how many the guest has seen. A limit that has counted restarts must forget them.
        """
        settled = contender.settled_uptime if self.settled else 0.0
        limit = contender.limit_that_lifts
        if starts <= self.services or limit is None or has_long_limit(contender):
            return settled
        return max(settled, limit[1])


# A guest in which other units may have run, and one whose daemon may be young.
SETTLED = InitialState()
RUNNING = InitialState(settled=False)
# A guest in which no other unit runs before or after.
FRESH = InitialState(first_life=True)
# The same, for figures of memory.
FRESH_FIXED = InitialState(first_life=True, fixed_addresses=True)
