"""Steps over many services or processes at once: kill all, wait for all, wait for the reaping."""

from __future__ import absolute_import, division, print_function

import collections
import gc

from .. import checks
from ..clock import SECOND, now, to_ns
from ..output import emit
from ..plan import step
from ..proc import read_all_stats
from .wait import RECORD_CHECK_NS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..service import Instance, WatchedService
    from ..watcher import ServiceWatcher

MISSING_NAMED = 20  # of the services that do not run
REAP_CHECK_NS = SECOND // 100  # between two looks at all processes


class MassKill(object):
    """Kills services all at once, and waits for the successors of all."""

    def __init__(self, watcher, names):
        # type: (ServiceWatcher, list[str]) -> None
        self.watcher = watcher
        self.services = [watcher.service(name) for name in names]
        watcher.report_starts_without_line(self.services)
        currents = [(service.name, service.current()) for service in self.services]
        self.old = {name: current for name, current in currents if current}
        self.new = {}  # type: dict[str, Instance]
        self.extra_starts = collections.defaultdict(int)  # type: dict[str, int]  # after the first
        self.kill_stamps = {}  # type: dict[str, int]

    def run(self, signal, deadline_ns):
        # type: (int, int) -> None
        """Kill all, and wait for the successors."""
        gc.collect()
        gc.disable()
        self.watcher.expects_end = True
        try:
            self.kill_all(signal)
            self.await_successors(now() + deadline_ns)
        finally:
            gc.enable()
            self.watcher.expects_end = False

    def kill_all(self, signal):
        # type: (int) -> None
        """Send the signal to every service that runs, in the order given."""
        for service in self.services:
            if service.name in self.old:
                kill_ns = self.watcher.send_signal(self.old[service.name], signal)
                if kill_ns is not None:
                    self.kill_stamps[service.name] = kill_ns

    def await_successors(self, until):
        # type: (int) -> None
        """Wait until each killed service has started again, at most until then."""
        next_look = now() + RECORD_CHECK_NS
        while len(self.new) < len(self.kill_stamps) and now() < until:
            for observation in self.watcher.observe(min(until, next_look)):
                if observation.kind == "start" and observation.instance:
                    self.record_start(observation.instance)
            if now() < next_look:
                continue
            # For lost lines; seldom, because it takes time that the starts need.
            next_look = now() + RECORD_CHECK_NS
            for name in set(self.kill_stamps) - set(self.new):
                instance = self.watcher.check_record(self.watcher.service(name))
                if instance:
                    self.record_start(instance)

    def record_start(self, instance):
        # type: (Instance) -> None
        """Record a start of a killed service as its successor, or as one more start."""
        name = instance.service.name
        if name not in self.kill_stamps or instance.main_ns < self.kill_stamps[name]:
            return
        if name in self.new:
            self.extra_starts[name] += 1
        else:
            self.new[name] = instance

    def summaries(self):
        # type: () -> list[dict[str, Any]]
        """Return the stamps of each killed service, in the order of the kills."""
        return [self.summary(s) for s in self.services if s.name in self.kill_stamps]

    def summary(self, service):
        # type: (WatchedService) -> dict[str, Any]
        """Return the stamps of one killed service."""
        old, new = self.old[service.name], self.new.get(service.name)
        return {
            "service": service.name,
            "old_pid": old.pid,
            "kill_ns": self.kill_stamps[service.name],
            "exit_ns": old.end_ns,
            "new_pid": new and new.pid,
            "main_ns": new and new.main_ns,
            "by": new and new.source,
            "again": self.extra_starts.get(service.name, 0),
        }


@step(
    "storm",
    services=(checks.service_names,),
    signal=(checks.signal_number, 9),
    deadline=(checks.seconds,),
)
def kill_at_once(watcher, services, signal, deadline):
    # type: (ServiceWatcher, list[str], int, float) -> None
    """Kill all the services at once, in that order, and wait until each has started again."""
    mass_kill = MassKill(watcher, services)
    begin_ns = now()
    mass_kill.run(signal, to_ns(deadline))
    emit(
        "storm",
        begin_ns=begin_ns,
        end_ns=now(),
        deadline_s=deadline,
        asked=len(mass_kill.services),
        killed=mass_kill.summaries(),
    )


@step(
    "gather",
    services=(checks.service_names,),
    new=(checks.service_names,),
    stall=(checks.seconds,),
)
def await_all(watcher, services, new, stall):
    # type: (ServiceWatcher, list[str], list[str], float) -> None
    """Wait until all the services run, or none has started for so many seconds; emit one event.

    Of the new ones among them: first_ns, last_ns: the first and the last start; starts: how many
    their records count; lost: how many of those have no known stamp.
    """
    begin_ns = now()
    missing = await_all_up(watcher, services, to_ns(stall))
    end_ns = now()
    added = [watcher.service(name) for name in new]
    starts = [service.read_record()[0] for service in added]
    # testd counts a start a moment before it writes the line.
    watcher.report_until(now() + SECOND // 10)
    watcher.report_starts_without_line(added)
    currents = [service.current() for service in added]
    stamps = sorted(current.main_ns for current in currents if current)
    counts = zip(starts, added)
    emit(
        "gathered",
        begin_ns=begin_ns,
        end_ns=end_ns,
        asked=len(services),
        down=len(missing),
        missing=sorted(missing)[:MISSING_NAMED],
        first_ns=stamps[0] if stamps else None,
        last_ns=stamps[-1] if stamps else None,
        stall_s=stall,
        starts=sum(starts),
        lost=sum(max(0, count - service.registered_count) for count, service in counts),
    )


def await_all_up(watcher, names, stall_ns):
    # type: (ServiceWatcher, list[str], int) -> set[str]
    """Wait until all run, or none has started for so long; returns the names of those missing."""
    missing = set(names)
    until = now() + stall_ns
    while missing and now() < until:
        watcher.report_pending()
        for name in sorted(missing):
            watcher.check_record(watcher.service(name))
        up = {name for name in missing if watcher.service(name).current()}
        missing -= up
        if up:
            until = now() + stall_ns
        # What starts meanwhile joins its service. The records are looked at only now and then.
        next_look = now() + SECOND // 2
        while missing and now() < next_look:
            watcher.observe(next_look)
    return missing


@step(
    "reap",
    comm=(checks.text,),
    after=(checks.service_name, None),
    deadline=(checks.seconds,),
)
def await_reaped(watcher, comm, after, deadline):
    # type: (ServiceWatcher, str, str | None, float) -> None
    """Wait until no process of that name is left.

    after: a service that leaves the processes as orphans; also wait until its newest start has
    left the last, which may have been during an earlier step.
    """
    begin_ns = now()
    until = begin_ns + to_ns(deadline)
    most_zombies, looks = 0, 0
    watcher.report_pending()
    while True:
        left_ns = watcher.service(after).left_by_newest() if after else None
        states = [stat.state for stat in read_all_stats().values() if stat.comm == comm]
        looked_ns = now()
        looks += 1
        most_zombies = max(most_zombies, states.count("Z"))
        if looked_ns >= until or (not states and (left_ns or not after)):
            break
        watcher.observe(min(until, looked_ns + REAP_CHECK_NS))
    emit(
        "reaped",
        comm=comm,
        begin_ns=begin_ns,
        made_ns=left_ns,
        end_ns=looked_ns,
        left=len(states),
        zombies=states.count("Z"),
        most_zombies=most_zombies,
        looks=looks,
        deadline_s=deadline,
    )
