"""The loop: guests up, supervisors in, trials, results; one thread a guest."""

from __future__ import annotations

import os
import platform
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Sequence, Set
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from bench.engine import measurement
from bench.engine.calibration_store import instrument, latest
from bench.engine.lock import exclusive_run_lock
from bench.engine.noise_gate import NoiseGate
from bench.engine.plan import CPU_HEAVY_AT_ONCE, Job, KeptResults, Plan, make_plan
from bench.engine.verify import find_mode, verify
from bench.model.host_info import IDENTITY, Load, host_facts, own_cpu_seconds
from bench.model.request import BenchRequest
from bench.model.scenario import Event, SamplingEffort, Scenario, ScenarioContext, Step, WorkUnit
from bench.model.selection import FLOOR, SelectedContender, select_contenders
from bench.recording.aggregate import Progress, compare_with_floor, conclude, result, warnings
from bench.recording.quality import unstable
from bench.recording.store import Pair, Record, find, nothing
from bench.recording.supervisor_info import add_line_counts, supervisor_info
from bench.scenarios import scenarios
from bench.scenarios.restart import SHORT_UPTIME
from bench.tracing.compare import check_traceable, witnessed
from provision.cache import hand_over
from provision.errors import Problem
from provision.guest import Guest
from provision.provider import Provider
from provision.registry import choose
from provision.systems import System
from supervisors.service import services_of

TRIALS, TRIALS_QUICK = 30, 6
REPLICAS, ROUNDS = 16, 3
ENOUGH, ENOUGH_QUICK = 110.0, 25.0
BUDGET_QUICK = 30.0
ALONE = 10
# The phase of a guest that waits until the others let it be noisy, or are quiet themselves.
WAIT = "wait"
# Seconds after which what is complete is put on disk, for the case of SIGKILL.
SAVE = 30.0


class Observer(Protocol):
    """Who is told how a run goes on; called from several threads."""

    def planned(self, made: Plan, notes: Sequence[str]) -> None:
        """Before anything is done."""

    def note(self, sentence: str) -> None:
        """Something is about to take long."""

    def phase(self, contender: str, replica: int, phase: str) -> None:
        """A guest of that contender enters a phase."""

    def sample(self, contender: str, event: Event) -> None:
        """A guest of that contender said something."""

    def done(self, contender: str, result: dict[str, Any]) -> None:
        """All guests of that contender are done."""


def bench(options: BenchRequest, observer: Observer, results: Path | None = None) -> Record:
    """Measure what the options ask for; returns the finished run. Raises Problem.

    results: the folder of runs, where it is not the usual one. Ctrl-C raises KeyboardInterrupt once
    the guests are gone and what was measured is on disk.
    """
    options, record = _continued(options)
    system = options.guests
    chosen = [scenarios()[name] for name in options.scenarios]
    asked, absent = select_contenders(
        system,
        options.only,
        options.role,
        options.profile,
        versions=options.versions,
        overlays=options.overlays,
    )
    with exclusive_run_lock():
        due: set[Pair] = set()
        if record is not None:
            due = _due(record, options, asked)
            asked = [entry for entry in asked if any(name == entry.name for name, _ in due)]
            if add_line_counts(record.run["supervisors"]):
                record.save()
            if not asked:
                observer.note(f"{record.run['id']}: nothing in it is to be measured again")
                return record
        provider, reason = choose(options.provider, system, options.box)
        if options.trace:
            check_traceable(provider)
        done: dict[str, KeptResults] = {}
        if record is not None:
            _check_means(record, provider)
            done = _done(record, due)
        made = make_plan(asked, chosen, _depth(options, provider), provider.parallel, done)
        if record is None:
            head = _head(options, system, provider, reason, made, absent)
            involved = {entry.supervisor for entry in asked} | set(absent)
            sources = {entry.supervisor.name: entry.source for entry in asked}
            facts = {**head[1], "supervisors": supervisor_info(involved, system, sources)}
            record = Record.create(head[0], facts, results)
        record.run["bound"] = round(made.min_seconds, 1)
        observer.planned(made, [f"{provider.name}: {reason}"])
        for name in provider.leftovers():
            provider.remove(name)
        provider.prepare(system, observer.note)
        if due:
            record.forget(due)
        loop = _Loop(options, system, provider, chosen, record, observer)
        with witnessed(record, asked, observer.note) if options.trace else nullcontext():
            loop.run(made, asked)
        hand_over(record.folder)
    return record


def _depth(options: BenchRequest, provider: Provider) -> SamplingEffort:
    trials = options.trials or (TRIALS_QUICK if options.quick else TRIALS)
    replicas = min(REPLICAS, provider.parallel)
    if options.quick:
        return SamplingEffort(trials, ENOUGH_QUICK, BUDGET_QUICK, replicas, options.seed)
    rounds = ROUNDS if provider.parallel == 1 else 1
    return SamplingEffort(trials, ENOUGH, None, replicas, options.seed, rounds)


def _due(record: Record, options: BenchRequest, asked: Sequence[SelectedContender]) -> set[Pair]:
    """What of a run is to be measured: who was disturbed there, or what is not complete."""
    again, complete = unstable(record.run), record.complete()
    every = {(entry.name, scenario) for entry in asked for scenario in options.scenarios}
    if options.redo:  # the doubts are of their restart latencies
        return {(name, "restart") for name, _ in every if name in again}
    return every - complete


def _done(record: Record, due: Set[Pair]) -> dict[str, KeptResults]:
    """By contender, what is kept of an earlier part of the run."""
    return {
        each["name"]: KeptResults(
            frozenset(name for name in each["scenarios"] if (each["name"], name) not in due),
            1 + max((int(guest["replica"]) for guest in each["guests"]), default=-1),
        )
        for each in record.results_without(due)
    }


def _continued(options: BenchRequest) -> tuple[BenchRequest, Record | None]:
    """What to measure by, and the latest run, where that is to be gone on with. Raises Problem."""
    if not options.resume and not options.redo:
        return options, None
    record = Record.load(find())
    if "merged" in record.run:
        raise Problem(
            f"{record.run['id']} was merged of several runs, so it cannot be gone on with.",
            advice="Measure again with --only on the host that it was measured on, "
            f"then: ./inv merge {record.run['id']} RUN",
            usage=True,
        )
    if options.redo:
        return replace(BenchRequest.of_run(record.run), redo=options.redo), record
    theirs, ours = record.run["options"], options.same_question()
    if theirs != ours:
        differs = [key for key in ours if theirs.get(key) != ours[key]]
        raise Problem(
            f"{record.folder.name} was asked another question, so it cannot be resumed so.",
            known="\n".join(f"{key}: then {theirs.get(key)}, now {ours[key]}" for key in differs),
            advice="Resume with the options of that run, or leave --resume out.",
            usage=True,
        )
    return options, record


def _check_means(record: Record, provider: Provider) -> None:
    """Raises Problem for a run that was measured by other means: one cannot tell whose is what."""
    run, host = record.run, host_facts()
    now = {"provider": provider.name, "instrument": instrument()}
    now |= {key: host[key] for key in IDENTITY}
    then = {"provider": run["provider"]["name"], "instrument": run.get("instrument")}
    then |= {key: run["host"].get(key) for key in IDENTITY}
    differs = [key for key in now if then[key] != now[key]]
    if differs:
        raise Problem(
            f"{run['id']} was measured by other means, so it cannot be gone on with.",
            known="\n".join(
                f"{key}: then {then[key] or 'unknown'}, now {now[key] or 'unknown'}"
                for key in differs
            ),
            advice="Measure anew, without --resume or --redo.",
            usage=True,
        )


def _head(
    options: BenchRequest,
    system: System,
    provider: Provider,
    reason: str,
    made: Plan,
    absent: Sequence[Any],
) -> tuple[str, dict[str, Any]]:
    depth = "-quick" if options.quick else ""
    return f"{system.name}-{provider.name}{depth}", {
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "ended": None,
        "options": options.same_question(),
        "quick": options.quick,
        "system": system.record(),
        "provider": {"name": provider.name, "reason": reason},
        "host": host_facts(),
        "instrument": instrument(),
        "plan": {"lines": made.lines(), "seconds": round(made.seconds, 1)},
        "absent": [
            {"supervisor": each.name, "title": each.title,
             "reason": f"{each.why_missing(system, options.versions)}"
             f" (or --overlay={each.name}=DIR)"}
            for each in absent
        ],
        "alone": None,
        "calibration": latest(),
        "warnings": [],
    }  # fmt: skip


class _Loop:
    """One run's guests, threads and progress."""

    def __init__(
        self,
        options: BenchRequest,
        system: System,
        provider: Provider,
        chosen: list[Scenario],
        record: Record,
        observer: Observer,
    ) -> None:
        self.options = options
        self.system = system
        self.provider = provider
        self.scenarios = {scenario.name: scenario for scenario in chosen}
        self.record = record
        self.observer = observer
        self.quiet = NoiseGate((os.cpu_count() or 1) + 1, own_cpu_seconds)
        self.kit = measurement.payload_files(platform.machine())
        self.lock = threading.Lock()
        self.guests: dict[str, Guest] = {}
        self.progress: dict[str, Progress] = {}
        self.slots: dict[tuple[str, int], int] = {}
        self.saved = time.monotonic()
        self.rooms: dict[str, threading.Semaphore] = {}
        self.stopping = False

    def run(self, made: Plan, asked: Sequence[SelectedContender]) -> None:
        started = time.monotonic()
        self._expect(made, asked)
        try:
            floor = [
                job for job in made.jobs
                if job.selected.supervisor.name == FLOOR
                and any(share.scenario == "restart" for share in job.units)
            ]  # fmt: skip
            # Hosted where it can be: so are most of those that it is the measure for.
            floor.sort(key=lambda job: job.selected.contender.pid1)
            if floor and self.provider.parallel > 1:
                self._measure_alone(floor[0], len(made.jobs))
            self._do([job for job in made.jobs if not job.cpu_heavy], self.provider.parallel)
            self._do([job for job in made.jobs if job.cpu_heavy], CPU_HEAVY_AT_ONCE)
        except BaseException:
            self._clear_away()
            raise
        finally:
            self._finish(time.monotonic() - started)

    def _expect(self, made: Plan, asked: Sequence[SelectedContender]) -> None:
        before = self.record.contenders()
        for entry in asked:
            known = Progress.after(entry, before.get(entry.name))
            known.previous_log = self.record.previous_log(before.get(entry.name, {}))
            self.progress[entry.name] = known
        for job in made.jobs:
            name = job.selected.name
            self.progress[name].due.update(share.scenario for share in job.units)
            if job.selected.contender.period is None and self.provider.parallel > 1:
                self.slots[name, job.replica] = len(self.slots)
        for (name, scenario), why in made.skipped.items():
            self.progress[name].found[scenario] = nothing(*why)
        idle = [known for known in self.progress.values() if not known.due.total()]
        if idle:
            self.record.add([self._result(known) for known in idle], [])

    def _do(self, jobs: Sequence[Job], at_once: int) -> None:
        at_once = min(len(jobs), at_once, self.provider.parallel)
        pool = ThreadPoolExecutor(max_workers=max(1, at_once))
        waiting: set[Future[None]] = set()
        try:
            waiting |= {pool.submit(self._job, job) for job in jobs}
            while waiting:
                # A short wait, so that Ctrl-C is heard.
                ended, waiting = wait(waiting, timeout=0.5, return_when=FIRST_COMPLETED)
                for future in ended:
                    future.result()
        except BaseException:
            self.stopping = True
            for future in waiting:
                future.cancel()
            self._clear_away()
            raise
        finally:
            pool.shutdown(wait=True, cancel_futures=True)

    def _clear_away(self) -> None:
        with self.lock:
            guests = list(self.guests.values())
        problems = []
        for guest in guests:
            try:
                guest.destroy()
            except Problem as problem:
                problems.append(problem)
        if problems:
            raise problems[0]

    def _check_going(self) -> None:
        """Raises Problem, which nobody is told of, once the run is being ended."""
        if self.stopping:
            raise Problem("The run is being ended.")

    def _job(self, job: Job) -> None:
        """All shares of a job, in one guest; where a share fails, the rest in a further one."""
        if self.stopping:
            return
        known = self.progress[job.selected.name]
        with self._room(job):
            while job.units and not self.stopping:
                left = self._guest(job, known)
                job = replace(job, units=left, attempt=job.attempt + 1)

    def _room(self, job: Job) -> threading.Semaphore:
        """To be held while a guest with its PID 1 runs, of which the host may bear only so many."""
        contender = job.selected.contender
        init = contender.supervisor if contender.pid1 else self.system.init
        with self.lock:
            return self.rooms.setdefault(
                init, threading.Semaphore(self.provider.max_parallel(init))
            )

    def _guest(self, job: Job, known: Progress) -> tuple[WorkUnit, ...]:
        """One guest, from nothing to nothing; returns the shares that another one has to do.

        Whatever fails fails its scenario alone; before the first share it fails those of them all.
        """
        stay = _Stay(job, self.observer)
        try:
            self._stay(job, stay)
        except Problem as problem:
            self._fail(known, stay, str(problem))
        except Exception as failure:
            words = f"{type(failure).__name__}: {failure}"
            self._fail(known, stay, f"{words}\n{traceback.format_exc()}")
        finally:
            self._leave(job, stay)
        with self.lock:
            known.samples += [
                {"contender": job.selected.name, "replica": job.replica, **event}
                for event in stay.samples
            ]
            known.guests.append(stay.facts())
            known.due.subtract(share.scenario for share in job.units[: stay.over])
            ended = not known.due.total()
            if ended or time.monotonic() - self.saved > SAVE:
                self._save()
        if ended:
            self.observer.done(job.selected.name, self.record.contenders()[job.selected.name])
        return job.units[stay.over :]

    def _fail(self, known: Progress, stay: _Stay, reason: str) -> None:
        if self.stopping:
            return
        words = f"in phase {stay.phase}: {reason}"
        with self.lock:
            known.failures.append(words)
            for share in stay.job.units[stay.over : stay.begun or None]:
                known.broken.setdefault(share.scenario, words.splitlines()[0][:500])
        stay.over = stay.begun or len(stay.job.units)

    def _stay(self, job: Job, stay: _Stay) -> None:
        with stay.waiting(self.quiet.disturbing()):
            guest = self._ready(job, stay)
        for share in job.units:
            self._check_going()
            stay.begun += 1
            stay.enter(f"measure {share.scenario}")
            with self._undisturbed(job, share, stay):
                load = Load()
                stay.samples += self._share(job, share, guest, stay)
                stay.load[share.scenario] = load.since()
            stay.over = stay.begun

    def _undisturbed(self, job: Job, share: WorkUnit, stay: _Stay) -> AbstractContextManager[None]:
        """A block in which nobody is noisy, where the share is one of trials that noise reaches."""
        if not self.scenarios[share.scenario].quiet or job.selected.contender.period is not None:
            return nullcontext()
        return stay.waiting(self.quiet.measuring())

    def _ready(self, job: Job, stay: _Stay) -> Guest:
        """Everything up to and including verify."""
        self._check_going()
        supervisor, contender = job.selected.supervisor, job.selected.contender
        wanted = services_of(contender, 1)
        recipe = supervisor.recipe(job.selected.source)

        def install(guest: Guest) -> None:
            stay.enter("install")
            recipe.install(guest)
            stay.enter("up")

        stay.enter("up")
        again = f"-again{job.attempt}" if job.attempt else ""
        name = f"{contender.name.replace('/', '-')}-{job.replica}{again}-{os.getpid()}"
        guest = self.provider.up(name, self.system, replace(recipe, install=install), self.kit)
        stay.guest = guest
        with self.lock:
            self.guests[name] = guest
            self.record.run["system"] = guest.system.record()
        self._check_going()
        stay.enter("configure")
        version = supervisor.version(guest, job.selected.source)
        supervisor.configure(guest, contender, wanted)
        stay.enter("start")
        supervisor.start(guest, contender)
        stay.enter("verify")
        names = [service.name for service in wanted]
        patience = 15 + 2 * (contender.period or 0)
        steps: list[Step] = [
            {"do": "await", "services": names, "deadline": patience},
            # What a daemon leaves behind while it detaches itself goes away.
            {"do": "watch", "seconds": 0.3},
            {"do": "snapshot"},
        ]
        events = measurement.run_measurement(
            guest, wanted, steps, seed=0, timeout=patience + 30, on_event=lambda _: None
        )
        evidence = verify(guest.system, supervisor, contender, wanted, events)
        if supervisor.mode_command:
            evidence |= find_mode(
                supervisor, guest.run(supervisor.mode_command, check=False).stdout
            )
        with self.lock:
            known = self.progress[job.selected.name]
            known.version = version
            known.verified = evidence
        stay.machine = {**guest.facts(), "measurer": events[0]}
        return guest

    def _share(self, job: Job, share: WorkUnit, guest: Guest, stay: _Stay) -> list[Event]:
        scenario = self.scenarios[share.scenario]
        contender = job.selected.contender

        def run_measurement(steps: Sequence[Step], timeout: float) -> list[Event]:
            self._check_going()  # a storm waits for those of others, and Ctrl-C ends its guest
            return measurement.run_measurement(
                guest,
                turn.services,
                steps,
                seed=self.options.seed * 1000 + job.replica,
                timeout=timeout,
                on_event=lambda event: self.observer.sample(contender.name, event),
            )

        slot = self.slots.get((contender.name, job.replica), 0)
        turn = ScenarioContext(
            guest=guest,
            supervisor=job.selected.supervisor,
            contender=contender,
            services=services_of(contender, 1),
            replica=job.replica,
            slot=(slot, max(1, len(self.slots))),
            measure=run_measurement,
            noise=lambda: stay.waiting(self.quiet.disturbing()),
        )
        return [{"scenario": share.scenario, **event} for event in scenario.perform(turn, share)]

    def _leave(self, job: Job, stay: _Stay) -> None:
        guest = stay.guest
        if guest is None:
            return
        with stay.waiting(self.quiet.disturbing()):
            if self.stopping:  # also since it waits
                return
            if self.options.keep:
                self._keep(guest, stay)
                return
            verbs: list[tuple[str, Callable[[], None]]] = [("destroy", guest.destroy)]
            if not job.own_guest:
                stop = partial(job.selected.supervisor.stop, guest, job.selected.contender)
                verbs.insert(0, ("stop", stop))
            for name, verb in verbs:
                stay.enter(name)
                try:
                    verb()
                except Exception as failure:  # a guest that is gone has nothing left to end
                    stay.notes.append(f"{name}: {failure}")
            with self.lock:
                self.guests.pop(guest.name, None)
            stay.enter("")

    def _keep(self, guest: Guest, stay: _Stay) -> None:
        # First, so that Ctrl-C clears it away or leaves it, and does not do half of both.
        with self.lock:
            if self.stopping:
                return
            self.guests.pop(guest.name, None)
        stay.enter("keep")
        stay.kept = guest.keep()

    def _measure_alone(self, job: Job, replica: int) -> None:
        """The floor with nothing beside it: what the company of other guests is judged by."""
        stay = _Stay(job, self.observer)
        group = {"name": "alone", "trials": ALONE, "uptime": [SHORT_UPTIME] * 2}
        steps: list[Step] = [
            {"do": "trials", "service": "s1", "signal": 9, "groups": [group], "warmup": 2,
             "deadline": 15, "limit": None, "slot": None, "ready": False},
        ]  # fmt: skip
        try:
            guest = self._ready(replace(job, replica=replica), stay)
            stay.enter("measure alone")
            events = measurement.run_measurement(
                guest,
                services_of(job.selected.contender, 1),
                steps,
                seed=self.options.seed,
                timeout=90,
                on_event=lambda _: None,
            )
        finally:
            if stay.guest is not None:
                stay.guest.destroy()
                self.guests.pop(stay.guest.name, None)
        metrics = self.scenarios["restart"].conclude(
            job.selected.contender, [{**event, "group": "long"} for event in events]
        )
        self.record.run["alone"] = {
            **metrics[0].as_dict(),
            "metric": "restart_alone",
            "pid1": job.selected.contender.pid1,
        }

    def _save(self) -> None:
        """Put on disk what is complete by now; to be called with the lock held."""
        self.saved = time.monotonic()
        fresh = [known for known in self.progress.values() if known.complete(self.scenarios)]
        if not fresh:
            return
        samples = [each for known in fresh for each in conclude(known, self.scenarios)]
        self.record.add([self._result(known) for known in fresh], samples)

    def _result(self, known: Progress) -> dict[str, Any]:
        made = result(known, self.scenarios)
        told = [*known.previous_log, *known.failures]
        if told:
            log = self.record.log(known.entry.name, "\n\n".join(told))
            made["log"] = str(log.relative_to(self.record.folder))
        return made

    def _finish(self, seconds: float) -> None:
        run = self.record.run
        with self.lock:
            self._save()
            run["ended"] = datetime.now(UTC).isoformat(timespec="seconds")
            run["seconds"] = round(seconds, 1)
            run["suite_cpu"] = self.quiet.load
            compare_with_floor(run)
            run["warnings"] = warnings(run)
            self.record.save()


@dataclass
class _Stay:
    """One guest's way through the phases, and how long each took.

    begun, over: how many shares were; one that failed is over, one that was interrupted is not.
    """

    job: Job
    observer: Observer
    begun: int = 0
    over: int = 0
    samples: list[Event] = field(default_factory=list)
    phase: str = ""
    phases: dict[str, float] = field(default_factory=dict)
    guest: Guest | None = None
    machine: dict[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    kept: str = ""
    load: dict[str, dict[str, float]] = field(default_factory=dict)
    _since: float = field(default_factory=time.monotonic)

    def enter(self, phase: str) -> None:
        """Close the phase before, and say which one begins."""
        now = time.monotonic()
        if self.phase:
            self.phases[self.phase] = round(self.phases.get(self.phase, 0.0) + now - self._since, 3)
        self.phase, self._since = phase, now
        if phase:
            self.observer.phase(self.job.selected.name, self.job.replica, phase)

    @contextmanager
    def waiting(self, leave: AbstractContextManager[None]) -> Iterator[None]:
        """The block, once there is leave for it; what that takes is a phase of its own."""
        before = self.phase
        self.enter(WAIT)
        with leave:
            self.enter(before)
            yield

    def facts(self) -> dict[str, Any]:
        """What the record keeps of the guest."""
        return {"replica": self.job.replica, "phases": self.phases, "notes": self.notes,
                "kept": self.kept, "load": self.load, "least": round(self.job.min_seconds, 1),
                **self.machine}  # fmt: skip
