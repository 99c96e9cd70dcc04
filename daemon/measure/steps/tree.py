"""The supervision tree: the supervisor's processes, without the services and what is below them."""

from __future__ import absolute_import, division, print_function

import os

from .. import checks
from ..plan import StepFailed
from ..proc import descendants, pids_outside_guest, read_all_stats, read_arguments

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..proc import Stat
    from ..watcher import ServiceWatcher

# Keys of the steps that look at the tree.
TREE_KEYS = {
    "root": (checks.process_roots, []),
    "pid1": (checks.truth, False),
    "label": (checks.text, ""),
}


def supervision_tree(watcher, root, pid1):
    # type: (ServiceWatcher, list[str | int], bool) -> dict[int, Stat]
    """Return the Stat of each process of the tree, by pid. Raises StepFailed where there is none.

    root: pids or names of the topmost processes; pid1: PID 1 is the topmost one instead.
    """
    stats = read_all_stats()
    outside = pids_outside_guest(stats)
    inside = {pid: stat for pid, stat in stats.items() if pid not in outside}
    services = descendants(inside, find_daemons(watcher, inside))
    roots = [1] if pid1 else find_roots(inside, root)
    if not roots:
        names = " or ".join(str(name) for name in root) or 'in "root"'
        present = " ".join(sorted({stat.comm for stat in inside.values()}))
        raise StepFailed("no process is named %s; there are: %s" % (names, present))
    return {pid: inside[pid] for pid in descendants(inside, roots) if pid not in services}


def find_daemons(watcher, stats):
    # type: (ServiceWatcher, dict[int, Stat]) -> list[int]
    """Return the pids of the services' processes: by their name, or by the record if it is none."""
    if watcher.readiness is None:
        return [stat.pid for stat in stats.values() if stat.comm.startswith("testd")]
    return [service.read_record()[2] for service in watcher.services.values()]


def find_roots(stats, root):
    # type: (dict[int, Stat], list[str | int]) -> list[int]
    """Find processes by pid, by name, or by the name of the program or script that they run."""

    def matches(stat):
        # type: (Stat) -> bool
        if stat.pid in root or stat.comm in root:
            return True
        return any(os.path.basename(word) in root for word in read_arguments(stat.pid)[:2])

    return [stat.pid for stat in stats.values() if matches(stat)]
