"""The step of restart trials: wait, kill, and stamp what the supervisor does about it.

`TrialRunner.schedule_kill` decides when each kill happens: the uptimes and slots are drawn in
`kill_times`, before the first kill, and the limit of starts may delay a kill.
"""

from __future__ import absolute_import, division, print_function

import gc
import random

from .. import checks
from ..clock import now, to_ns
from ..output import emit
from ..plan import step
from .kill_times import Trial, draw_trials, next_in_slot
from .wait import RECORD_CHECK_NS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..checks import Group, Slot
    from ..service import Instance
    from ..watcher import Observation, ServiceWatcher

FRESH_SLACK = 0.05  # s: how much later than drawn a kill of a fresh group may be
END_UNWATCHED_NS = 20000000  # after a kill: an end is watched for later, or after the successor
MAX_ATTEMPTS = 20  # of one trial, where the service ends or starts by itself


class Kill(object):
    """When to kill, and by how much (ns) the limit of starts and the slot delay it."""

    __slots__ = ("at_ns", "delay_by_limit_ns", "delay_by_slot_ns")

    def __init__(self, at_ns, delay_by_limit_ns, delay_by_slot_ns):
        # type: (int, int, int) -> None
        self.at_ns = at_ns
        self.delay_by_limit_ns = delay_by_limit_ns
        self.delay_by_slot_ns = delay_by_slot_ns


@step(
    "trials",
    service=(checks.service_name,),
    signal=(checks.signal_number, 9),
    groups=(checks.trial_groups,),
    warmup=(checks.whole, 0),
    deadline=(checks.seconds,),
    patience=(checks.seconds, None),
    limit=(checks.start_limit, None),
    slot=(checks.time_slot, None),
    ready=(checks.truth, False),
)
def run_trials(watcher, **values):
    # type: (ServiceWatcher, Any) -> None
    """Kill the service again and again, and emit a sample of each restart."""
    generator = random.Random(watcher.seed * 1000 + watcher.step_index)
    TrialRunner(watcher, TrialSettings(**values), generator).run()


class TrialSettings(object):
    """The values of the step; times in seconds."""

    def __init__(
        self,
        service,  # type: str
        signal,  # type: int
        groups,  # type: list[Group]
        warmup,  # type: int
        deadline,  # type: float
        patience,  # type: float | None
        limit,  # type: tuple[int, float] | None
        slot,  # type: Slot | None
        ready,  # type: bool
    ):
        # type: (...) -> None
        self.service = service
        self.signal = signal
        self.groups = groups
        self.warmup = warmup  # how many trials of the first group come first
        self.deadline = deadline  # of a restart
        self.patience = deadline if patience is None else patience  # after a censored trial
        self.limit = limit  # never so many starts within so long
        self.slot = slot
        self.ready = ready  # whether a trial waits until the successor is ready


class TrialRunner(object):
    """One step of trials: waits, kills, and stamps what follows.

    What runs between two kills is kept small: on a processor that has slept, each page costs.
    """

    def __init__(self, watcher, settings, generator):
        # type: (ServiceWatcher, TrialSettings, random.Random) -> None
        self.watcher = watcher
        self.settings = settings
        self.generator = generator
        self.service = watcher.service(settings.service)

    def run(self):
        # type: () -> None
        """Run all trials, or emit "gaveup" at the first that is hopeless."""
        settings = self.settings
        trials = draw_trials(settings.groups, settings.warmup, self.generator)
        # A collection, between two kills, then looks at their objects alone: 3 ms become 0.1 ms.
        if hasattr(gc, "freeze"):
            gc.collect()
            gc.freeze()
        for index, trial in enumerate(trials):
            why = self.run_trial(trial)
            if why:
                emit(
                    "gaveup",
                    service=self.service.name,
                    trial=trial.number,
                    why=why,
                    remaining=len(trials) - index,
                    patience_s=settings.patience,
                )
                return

    def run_trial(self, trial):
        # type: (Trial) -> str | None
        """Run one trial, in several attempts if need be; returns why it is hopeless, or None."""
        for _ in range(MAX_ATTEMPTS):
            instance = self.await_instance()
            if not instance:
                return "the service does not come back"
            kill = self.schedule_kill(instance, trial)
            if kill is None:
                self.kill_for_fresh_start(instance, trial)
            elif self.wait_undisturbed(instance, kill.at_ns) and self.kill(instance, trial, kill):
                return None
        return "in %d attempts the service never stayed up, or fresh, until its kill" % MAX_ATTEMPTS

    def await_instance(self):
        # type: () -> Instance | None
        """Return the current instance; wait for one as long as `patience`, then return None."""
        instance = self.service.current() or self.watcher.check_record(self.service)
        if instance:
            return instance
        until = now() + to_ns(self.settings.patience)
        while not self.service.current() and now() < until:
            for observation in self.watcher.observe(min(until, now() + RECORD_CHECK_NS)):
                self.own_instance(observation)
            self.watcher.check_record(self.service)
        instance = self.service.current()
        if instance:
            emit("back", **instance.fields())
        return instance

    # -- when to kill

    def schedule_kill(self, instance, trial):
        # type: (Instance, Trial) -> Kill | None
        """Return when to kill, and by how much (ns) the limit and the slot delay it.

        The trial's uptime and its place in the slot were drawn by `kill_times.draw_trials`.

        Returns None where the trial needs a fresh start and this instance is too old for it.
        """
        instant = now()
        drawn = instance.main_ns + to_ns(trial.uptime)
        if drawn < instant and not trial.fresh:
            # Too late for what was drawn: as far into the range from now on, so that a poller's
            # phase stays as random as it was.
            drawn = instant + to_ns(trial.uptime - trial.min_uptime)
        if trial.fresh:
            limited = max(drawn, self.earliest_by_limit(0))
            if max(limited, instant) > drawn + to_ns(FRESH_SLACK):
                return None
        else:
            limited = self.earliest_by_limit(trial.fresh_following)
            # Not at the very instant that the limit allows: that would lock a poller's phase.
            limited = (
                drawn if limited <= drawn else limited + to_ns(trial.uptime - trial.min_uptime)
            )
        # A fresh trial's uptime is its point: it does not wait for a slot.
        at_ns = next_in_slot(limited, None if trial.fresh else self.settings.slot, trial.slot_share)
        return Kill(at_ns, limited - drawn, at_ns - limited)

    def earliest_by_limit(self, fresh_following):
        # type: (int) -> int
        """Return the first instant (ns) at which a kill keeps to the limit of starts.

        Leaves room for the fresh trials that follow.
        """
        if not self.settings.limit:
            return 0
        count, window = self.settings.limit
        stamps = self.service.start_stamps
        earliest = 0
        for ahead in range(min(fresh_following, count - 2) + 1):
            back = count - 1 - ahead
            if len(stamps) >= back:
                earliest = max(earliest, stamps[-back] + to_ns(window) + 1)
        return earliest

    def wait_undisturbed(self, instance, until):
        # type: (Instance, int) -> bool
        """Wait until then; return False if the service ended or started by itself meanwhile.

        Observes even where it is time already: the end may not have been seen yet.
        """
        undisturbed = True
        while True:
            for observation in self.watcher.observe(until):
                undisturbed = not self.report_disturbance(observation) and undisturbed
            if instance.end_ns is not None or now() >= until:
                return undisturbed and instance.end_ns is None

    def report_disturbance(self, observation):
        # type: (Observation) -> bool
        """Return whether the service ended or started by itself, and emit "unexpected" if so."""
        instance = self.own_instance(observation)
        if not instance or observation.kind not in ("start", "gone"):
            return False
        fields = dict(instance.fields(), what=observation.kind, seen_ns=observation.seen_ns)
        emit("unexpected", **fields)
        return True

    def own_instance(self, observation):
        # type: (Observation) -> Instance | None
        """Return the instance it is about; report it where that is none of the service on trial."""
        instance = observation.instance
        if instance and instance.service is self.service:
            return instance
        observation.report()
        return None

    # -- the kill

    def kill_for_fresh_start(self, instance, trial):
        # type: (Instance, Trial) -> None
        """Kill once more, only for the fresh start that follows; its sample is a warm-up."""
        group = {
            "name": "fresh", "fresh": False, "low": 0, "high": 0, "trials": 1, "strata": [[0, 0]],
        }  # type: Group  # fmt: skip
        extra = Trial(group, self.generator, warmup=True)
        extra.number = trial.number
        extra.fresh_following = trial.fresh_following + 1
        kill = self.schedule_kill(instance, extra)
        if kill and self.wait_undisturbed(instance, kill.at_ns):
            # A program that takes long to get ready would be too old for a fresh trial by then.
            self.kill(instance, extra, kill, await_readiness=False)

    def kill(self, old, trial, kill, await_readiness=True):
        # type: (Instance, Trial, Kill, bool) -> bool
        """Kill, and emit the sample; return False if the service had ended before the signal.

        await_readiness: whether the successor's, where it is a program of a person's own.
        """
        watcher = self.watcher
        watcher.expects_end = True
        gc.disable()
        try:
            kill_ns = watcher.send_signal(old, self.settings.signal)
            new = self.await_successor(old, kill_ns) if kill_ns is not None else None
        finally:
            gc.enable()
            watcher.expects_end = False
        if kill_ns is None:
            return False
        if new is not None and await_readiness and watcher.readiness is not None:
            until = new.main_ns + to_ns(watcher.readiness.deadline)
            watcher.readiness.await_ready(watcher, new, until, self.report_disturbance)
        emit(
            "sample",
            service=self.service.name,
            group=trial.group,
            trial=trial.number,
            warmup=trial.warmup,
            signal=self.settings.signal,
            drawn_s=trial.uptime,
            uptime_ns=kill_ns - old.main_ns,
            at_ns=kill.at_ns,
            limited_ns=kill.delay_by_limit_ns,
            pushed_ns=kill.delay_by_slot_ns,
            deadline_s=self.settings.deadline,
            kill_ns=kill_ns,
            exit_ns=old.end_ns,
            old_pid=old.pid,
            old_seq=old.seq,
            old_main_ns=old.main_ns,
            censored=new is None,
            lost=self.service.read_record_once()[1],
            new_pid=new and new.pid,
            new_ppid=new and new.ppid,
            seq=new and new.seq,
            begun_ns=new and new.begun_ns,
            main_ns=new and new.main_ns,
            up_ns=new and new.up_ns,
            ready_ns=new and new.ready_ns,
            by=new and new.source,
            starts_missed=new.missed_starts if new else 0,
        )
        return True

    def await_successor(self, old, kill_ns):
        # type: (Instance, int) -> Instance | None
        """Return the instance that the kill brings about, with its stamps; None at the deadline.

        The end is not watched for at first: to be woken by it would be a part of a quick restart.
        """
        until, watch = kill_ns + to_ns(self.settings.deadline), kill_ns + END_UNWATCHED_NS
        new = None  # type: Instance | None
        while now() < until and not self.is_complete(old, new):
            watch_end = new is not None or now() >= watch
            wait_until = until if watch_end else min(until, watch)
            for observation in self.watcher.observe(wait_until, watch_end):
                if observation.instance is old:
                    continue
                instance = self.own_instance(observation)
                if not instance:
                    continue
                if observation.kind == "start" and new is None and instance.main_ns >= kill_ns:
                    new = instance
                else:
                    self.report_disturbance(observation)
        return new or self.successor_by_record(kill_ns, until)

    def successor_by_record(self, kill_ns, until):
        # type: (int, int) -> Instance | None
        """Return the successor where its line was lost; the record still shows it."""
        instance = self.watcher.check_record(self.service)
        if instance and kill_ns <= instance.main_ns <= until:
            return instance
        if instance:
            emit("back", **instance.fields())
        return None

    def is_complete(self, old, new):
        # type: (Instance, Instance | None) -> bool
        """Return whether all stamps of the trial are there."""
        if new is None or old.end_ns is None:
            return False
        return not self.settings.ready or new.ready_ns is not None
