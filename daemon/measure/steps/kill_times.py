"""The moments at which daemons are killed: drawn uptimes, and the time slots of kills.

`draw_trials` draws all that is random before the first kill. `schedule_kill` in `trials` adds the
uptime to the stamp of the daemon's start, keeps to the limit of starts, and calls `next_in_slot`.
"""

from __future__ import absolute_import, division, print_function

from ..clock import to_ns

TYPE_CHECKING = False
if TYPE_CHECKING:
    import random

    from ..checks import Group, Slot

SLOT_PART_USED = 0.1  # kills go into the first tenth of a slot


class Trial(object):
    """One kill as it is planned: all that is random is drawn here."""

    def __init__(self, group, generator, stratum=None, warmup=False):
        # type: (Group, random.Random, list[float] | None, bool) -> None
        self.group = group["name"]
        self.fresh = group["fresh"]
        self.min_uptime = group["low"]  # s
        low, high = stratum or [group["low"], group["high"]]
        self.uptime = low + (high - low) * generator.random()  # s
        self.slot_share = generator.random()  # where in the used part of the slot, 0 to 1
        self.warmup = warmup
        self.number = 0
        self.fresh_following = 0  # fresh trials next in line, whose kills must fit the limit too


def draw_trials(groups, warmup, generator):
    # type: (list[Group], int, random.Random) -> list[Trial]
    """Return the trials in their order: warm-up first, then all groups mixed.

    Calls only random(), whose sequence is the same in every Python.
    """
    trials = [Trial(groups[0], generator, warmup=True) for _ in range(warmup)]
    mixed = [Trial(group, generator, stratum) for group in groups for stratum in group["strata"]]
    for i in range(len(mixed) - 1, 0, -1):
        j = int(generator.random() * (i + 1))
        mixed[i], mixed[j] = mixed[j], mixed[i]
    trials.extend(mixed)
    for number, trial in enumerate(trials):
        trial.number = number
    for trial, successor in reversed(list(zip(trials, trials[1:]))):
        trial.fresh_following = successor.fresh_following + 1 if successor.fresh else 0
    return trials


def next_in_slot(instant, slot, slot_share):
    # type: (int, Slot | None, float) -> int
    """Return the first instant (ns), not before the given one, in the used part of the slot."""
    if not slot:
        return instant
    width = to_ns(slot["width"])
    cycle = width * slot["count"]
    begin = instant - instant % cycle + slot["index"] * width
    chosen = begin + int(width * SLOT_PART_USED * slot_share)
    return chosen if chosen >= instant else chosen + cycle
