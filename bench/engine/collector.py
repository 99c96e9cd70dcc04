"""Collects what the guests of a run bring, and writes complete results to the run's folder."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import cast

from bench.engine.guests.trial_keeper import TrialKeeper
from bench.engine.observer import Observer
from bench.engine.plan import Job, Plan
from bench.model.events import RESTART, Event, is_kind
from bench.model.rejections import Rejections
from bench.model.run_file import ContenderResult, GuestFacts, Run, SystemFacts, Verification
from bench.model.run_file.run_systems import list_systems, replace_system
from bench.model.scenario import Scenario
from bench.model.selection.contenders import SelectedContender
from bench.recording.aggregate import ContenderProgress, conclude_complete, contender_result
from bench.recording.quality.floor import compare_with_floor
from bench.recording.quality.run_warnings import run_warnings
from bench.recording.store import Record, ScenarioKey
from bench.recording.unfinished import empty_result
from provision.systems import System

# Seconds after which complete results are written even if a contender is not done: what SIGKILL
# may cost at most.
SAVE_INTERVAL = 30.0


class ResultCollector:
    """The results of all contenders while a run goes on; its methods are thread-safe."""

    def __init__(self, record: Record, scenarios: Sequence[Scenario], observer: Observer) -> None:
        self._record = record
        self._scenarios: Mapping[str, Scenario] = {
            scenario.name: scenario for scenario in scenarios
        }
        self._observer = observer
        self._lock = threading.Lock()
        self._progress: dict[str, ContenderProgress] = {}
        self._saved = time.monotonic()

    def expect(self, plan: Plan, contenders: Sequence[SelectedContender]) -> None:
        """Note what each contender has to bring, and what an earlier part of the run brought."""
        earlier = self._record.contenders_by_name()
        for selected in contenders:
            progress = ContenderProgress.resume(selected, earlier.get(selected.name))
            progress.previous_log = self._record.previous_log(earlier.get(selected.name))
            self._progress[selected.name] = progress
        for job in plan.jobs:
            self._progress[job.selected.name].units_due.update(unit.scenario for unit in job.units)
        for (name, scenario), status_and_reason in plan.skipped.items():
            self._progress[name].results[scenario] = empty_result(*status_and_reason)
        for (name, scenario), kept in self._record.kept_trials().items():
            if name in self._progress and scenario in self._scenarios:
                self._progress[name].restore(scenario, kept)
        complete = [
            progress for progress in self._progress.values() if not progress.units_due.total()
        ]
        if complete:
            self._write(complete)

    def trial_keeper(self, job: Job, scenario: str, facts: GuestFacts) -> TrialKeeper | None:
        """Return what keeps the trials of a unit that begins; None where only whole units count.

        The kernel's trace of an interrupted part is not continued: its trials are measured again.
        """
        if not self._scenarios[scenario].keeps_trials or self._record.run["options"].get("trace"):
            return None
        key = (job.selected.name, scenario)
        self._keep_guest(key, facts)
        return TrialKeeper(self._record.journal, key, job.replica, self._observer.note)

    def set_system(self, system: System) -> None:
        """Keep what a guest says of its system, which its image may know better."""
        with self._lock:
            run = self._record.run
            systems = list_systems(run)
            systems_of_run = replace_system(systems, cast(SystemFacts, system.record()))
            self._record.run.update(cast(Run, systems_of_run))

    def set_verified(self, name: str, version: str, evidence: Verification) -> None:
        """Keep the version that a contender's guest told, and what verified the set-up."""
        with self._lock:
            self._progress[name].version = version
            self._progress[name].verified = evidence

    def add_failure(self, job: Job, scenarios: Sequence[str], reason: str) -> None:
        """Note that those scenarios of a contender failed, all for that reason."""
        with self._lock:
            progress = self._progress[job.selected.name]
            progress.failures.append(reason)
            for scenario in scenarios:
                progress.failed_scenarios.setdefault(scenario, reason.splitlines()[0][:500])
                self._discard_trials((job.selected.name, scenario))

    def add_rejections(self, job: Job, scenario: str, rejections: Rejections) -> None:
        """Note what was rejected of a guest's lines in a scenario.

        The scenario fails where a rejection is not explained.
        """
        if not rejections.by_reason():
            return
        with self._lock:
            progress = self._progress[job.selected.name]
            progress.rejections.setdefault(scenario, Rejections()).update(rejections)
            if not rejections.unexplained:
                progress.remarks.append(f"{scenario}:\n{rejections.log_text()}")
                return
            reason = f"{scenario}: {rejections.summary()}"
            progress.failures.append(f"{reason}\n{rejections.log_text()}")
            progress.failed_scenarios.setdefault(scenario, rejections.summary())
            self._discard_trials((job.selected.name, scenario))

    def add_guest(
        self, job: Job, done: Sequence[str], samples: Sequence[Event], facts: GuestFacts
    ) -> None:
        """Add what one guest brought.

        done: the scenario of each unit that is not to be repeated.
        """
        name = job.selected.name
        with self._lock:
            progress = self._progress[name]
            progress.samples += [
                {"contender": name, "replica": job.replica, **event} for event in samples
            ]
            progress.guests.append(facts)
            progress.units_due.subtract(done)
            complete = not progress.units_due.total()
            self._keep_rest_of_units(progress, done, samples, facts)
            if complete:
                self._save()
        if complete:
            self._observer.done(name, self._record.contenders_by_name()[name])

    def save_if_due(self) -> None:
        """Write what is complete, once an interval; to be called while any guest measures."""
        with self._lock:
            if time.monotonic() - self._saved > SAVE_INTERVAL:
                self._save()

    def write_console(self, job: Job, text: str) -> None:
        """Keep what was printed on the console of a job's guest, if anything was."""
        if not text:
            return
        again = f"-again{job.attempt}" if job.attempt else ""
        with self._lock:
            self._record.write_log(f"{job.selected.name}-{job.replica}{again}-console", f"{text}\n")

    def finish(self, seconds: float, own_load: float | None) -> None:
        """Write the run's end: durations, comparison with the floor, warnings."""
        run = self._record.run
        with self._lock:
            self._save(finished=True)
            self._record.seal_kept_trials()
            run["ended"] = datetime.now(UTC).isoformat(timespec="seconds")
            run["seconds"] = round(seconds, 1)
            run["suite_cpu"] = own_load
            compare_with_floor(run)
            run["warnings"] = run_warnings(run)
            self._record.save()

    def _save(self, *, finished: bool = False) -> None:
        """Write every scenario that is complete by now. The caller holds the lock.

        finished: write the contenders of which only trials are kept, too.
        """
        self._saved = time.monotonic()
        ready = [
            progress
            for progress in self._progress.values()
            if progress.complete_scenarios(self._scenarios)
            or (finished and self._has_trials(progress))
        ]
        if ready:
            self._write(ready)

    def _write(self, ready: Sequence[ContenderProgress]) -> None:
        samples = [
            sample for progress in ready for sample in conclude_complete(progress, self._scenarios)
        ]
        self._record.add_results([self._result(progress) for progress in ready], samples)

    def _has_trials(self, progress: ContenderProgress) -> bool:
        name = progress.selected.name
        return any(self._record.journal.count((name, scenario)) for scenario in self._scenarios)

    def _keep_rest_of_units(
        self,
        progress: ContenderProgress,
        done: Sequence[str],
        samples: Sequence[Event],
        facts: GuestFacts,
    ) -> None:
        """Keep what a done unit has besides its trials, if its scenario is not complete."""
        for scenario in set(done):
            key = (progress.selected.name, scenario)
            if not progress.units_due[scenario] or not self._record.journal.count(key):
                continue
            others = [
                sample
                for sample in samples
                if sample["scenario"] == scenario and not is_kind(sample, RESTART)
            ]
            self._keep_guest(key, facts)
            with suppress(OSError):  # its keeper has said so
                self._record.journal.add_samples(key, facts["replica"], others)

    def _keep_guest(self, key: ScenarioKey, facts: GuestFacts) -> None:
        progress = self._progress[key[0]]
        with suppress(OSError):  # its keeper says so
            self._record.journal.add_guest(key, facts, progress.version, progress.verified)

    def _discard_trials(self, key: ScenarioKey) -> None:
        if self._record.journal.count(key):
            with suppress(OSError):  # a failed scenario keeps no trials: seal_kept_trials
                self._record.journal.discard(key)

    def _result(self, progress: ContenderProgress) -> ContenderResult:
        name = progress.selected.name
        for scenario in self._scenarios:
            progress.kept_trials[scenario] = self._record.journal.count((name, scenario))
        entry = contender_result(progress, self._scenarios)
        log = [*progress.previous_log, *progress.failures, *progress.remarks]
        if log:
            path = self._record.write_log(name, "\n\n".join(log))
            entry["log"] = str(path.relative_to(self._record.folder))
        return entry
