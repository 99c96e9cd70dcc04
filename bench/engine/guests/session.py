"""One guest's way through a run: boot, install, start, verify, measure, destroy."""

from __future__ import annotations

import os
import re
import time
import traceback
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from typing import cast

from bench.engine.collector import ResultCollector
from bench.engine.guests import measurement
from bench.engine.guests.initial_state import establish as establish_state
from bench.engine.guests.live_guests import LiveGuests
from bench.engine.guests.noise_gate import NoiseGate
from bench.engine.guests.own_daemon import check_ready, install_own_daemon
from bench.engine.guests.phase_timer import PhaseTimer
from bench.engine.guests.time_slots import ONLY_SLOT, TimeSlots
from bench.engine.guests.trial_keeper import TrialKeeper
from bench.engine.guests.verify import find_mode, retried, verify
from bench.engine.observer import Observer
from bench.engine.plan import Job
from bench.engine.request.resolve import BenchRequest
from bench.model import steps as steps_of_plan
from bench.model.events import SNAPSHOT, Event, events_of_kind
from bench.model.events.program import Snapshot
from bench.model.host_info import LoadMeter
from bench.model.rejections import Rejections
from bench.model.run_file import GuestFacts, HostLoad, Verification
from bench.model.scenario import Scenario, ScenarioContext, Slot, WorkUnit
from bench.model.steps import Step
from bench.tracing.tracer import POLL_INTERVAL
from provision.errors import Problem
from provision.errors.os_errors import describe_failure
from provision.guests.files import File
from provision.guests.guest import Guest
from supervisors.own_daemon import READY_DEADLINE
from supervisors.service import services_of

# Seconds in which a supervisor starts its first service: Node.js needs more than 15 beside many
# guests that are being set up.
FIRST_START = 30.0
# Seconds in which the tracer reads, from /proc, which guest the last daemon was in: a guest of a
# single trial was destroyed 40 ms after it, and the restart was taken for an invented one.
TRACER_READS = 5 * POLL_INTERVAL
# Seconds in which a client that has forked a supervisor ends, on a host that sets up many guests.
CLIENT_ENDS = 20.0


@dataclass(frozen=True)
class SessionContext:
    """What all sessions of a run share.

    payload: the files that every guest is given. time_slots: the kills of event-driven contenders
    take turns in them; the gate has them dealt. versions: by supervisor and system, as its first
    guest told it.
    """

    request: BenchRequest
    payload: Sequence[File]
    time_slots: TimeSlots
    gate: NoiseGate
    guests: LiveGuests
    collector: ResultCollector
    observer: Observer
    versions: dict[tuple[str, str], str] = field(default_factory=dict)


class GuestSession:
    """One guest and the work units that it does.

    units_begun: how many units have begun. units_done: how many are not repeated. A failed unit is
    done, an interrupted one is not.
    """

    def __init__(self, job: Job, context: SessionContext) -> None:
        self.job = job
        self.phases = PhaseTimer(job, context.observer)
        self.guest: Guest | None = None
        self.units_begun = 0
        self.units_done = 0
        self._context = context
        self._scenarios: dict[str, Scenario] = {
            scenario.name: scenario for scenario in context.request.scenarios
        }
        self._samples: list[Event] = []
        # Names of services whose daemons may run in the guest.
        self._services: set[str] = set()
        self._machine = GuestFacts()
        self._load: dict[str, HostLoad] = {}
        self._notes: list[str] = []
        self._kept = ""
        # What the guest looked like when it was verified, for the first unit.
        self._verified: Snapshot | None = None

    def run(self) -> tuple[WorkUnit, ...]:
        """Do the whole job; return the units that another guest has to do.

        A failure fails its own scenario only; before the first unit it fails all of them.
        """
        try:
            with self._context.time_slots.wanted(self, self.job.kills):
                self.measure_units()
        except Problem as problem:
            self._fail(str(problem))
        except Exception as failure:
            self._fail(f"{describe_failure(failure)}\n{traceback.format_exc()}")
        finally:
            self.tear_down()
        done = [unit.scenario for unit in self.job.units[: self.units_done]]
        self._context.collector.add_guest(self.job, done, self._samples, self._facts())
        return self.job.units[self.units_done :]

    def measure_units(self) -> None:
        """Set the guest up and do every unit of the job."""
        with self.phases.waiting(self._context.gate.disturbing(sets_up=True)):
            guest = self.set_up()
        for unit in self.job.units:
            self._context.guests.check_running()
            self.units_begun += 1
            self.phases.enter("settle")
            self._samples += self.establish(unit, guest)
            self.phases.enter(f"measure {unit.scenario}")
            with (
                self._section(unit),
                guest.measured(),
                guest.console_quoted(),
            ):
                load = LoadMeter()
                self._samples += self.perform(unit, guest, self._slot(unit))
                self._load[unit.scenario] = load.read()
            if unit.slotted:
                self._context.time_slots.give_back(self)
            self.units_done = self.units_begun

    def set_up(self) -> Guest:
        """Boot a guest and start a verified contender in it."""
        self._context.guests.check_running()
        guest = self._boot()
        self._context.guests.check_running()
        with guest.console_quoted():
            self._start_verified(guest)
        return guest

    def _start_verified(self, guest: Guest) -> None:
        selected = self.job.selected
        supervisor, contender = selected.supervisor, selected.contender
        self.phases.enter("configure")
        installed = (supervisor.name, selected.system.name)
        version = self._context.versions.get(installed)
        if version is None:  # all its guests of one system have the same installation
            version = supervisor.version(guest, selected.source)
            self._context.versions[installed] = version
        if contender.own_daemon:
            install_own_daemon(guest, contender.own_daemon)
        supervisor.configure(guest, contender, services_of(contender, 1))
        self.phases.enter("start")
        guest.fixed_addresses = any(unit.initial_state.fixed_addresses for unit in self.job.units)
        supervisor.start(guest, contender)
        self.phases.enter("verify")
        evidence, measurer = self._verify(guest)
        self._context.collector.set_verified(selected.name, version, evidence)
        facts = {**guest.facts(), "cgroups_mounted": guest.mounted_cgroups(), "measurer": measurer}
        self._machine = cast(GuestFacts, facts)

    def establish(self, unit: WorkUnit, guest: Guest) -> list[Event]:
        """Bring the guest into the state in which the unit begins; return the evidence."""
        contender, state = self.job.selected.contender, unit.initial_state
        seen, self._verified = self._verified, None
        return self._sample(
            unit, guest, lambda context: [establish_state(state, contender, context.measure, seen)]
        )

    def perform(self, unit: WorkUnit, guest: Guest, slot: Slot) -> list[Event]:
        """Have the unit's scenario do its work; return its samples without the rejected ones."""
        scenario = self._scenarios[unit.scenario]
        return self._sample(unit, guest, lambda context: scenario.perform(context, unit), slot)

    def _sample(
        self,
        unit: WorkUnit,
        guest: Guest,
        act: Callable[[ScenarioContext], list[Event]],
        slot: Slot = ONLY_SLOT,
    ) -> list[Event]:
        rejections = Rejections()
        keeper = self._context.collector.trial_keeper(self.job, unit.scenario, self._facts())
        try:
            samples = act(self._scenario_context(guest, rejections, keeper, slot))
        finally:
            self._context.collector.add_rejections(self.job, unit.scenario, rejections)
        return [{"scenario": unit.scenario, **event} for event in samples]

    def _scenario_context(
        self, guest: Guest, rejections: Rejections, keeper: TrialKeeper | None, slot: Slot
    ) -> ScenarioContext:
        contender = self.job.selected.contender

        def measure(steps: Sequence[Step], timeout: float) -> list[Event]:
            # A storm waits for the storms of others; meanwhile Ctrl-C may have ended its guest.
            self._context.guests.check_running()
            self._services.update(service.name for service in scenario_context.services)
            return measurement.run_measurement(
                guest,
                scenario_context.services,
                steps,
                seed=self.job.seed(self._context.request.options.seed),
                timeout=timeout,
                on_event=lambda event: self._context.observer.sample(contender.name, event),
                rejections=rejections,
                earlier_services=self._services,
                keeper=keeper,
            )

        scenario_context = ScenarioContext(
            guest=guest,
            supervisor=self.job.selected.supervisor,
            contender=contender,
            services=services_of(contender, 1),
            replica=self.job.replica,
            slot=slot,
            measure=measure,
            disturbing=lambda: self.phases.waiting(self._context.gate.disturbing()),
            loud=lambda alone: self.phases.waiting(self._context.gate.loud(alone)),
        )
        return scenario_context

    def tear_down(self) -> None:
        """Destroy the guest with all that runs in it, or leave it running for its user."""
        guest = self.guest
        if guest is None:
            return
        options = self._context.request.options
        if options.trace and not (options.keep or self._context.guests.stopping):
            self.phases.enter("traced")
            time.sleep(TRACER_READS)
        with self.phases.waiting(self._context.gate.disturbing()):
            if self._context.guests.stopping:  # it may have become so while this one waited
                return
            if options.keep and self._keep(guest):
                return
            console = guest.console()
            self._destroy(guest)
            self._context.guests.remove(guest)
            self.phases.enter("")
        self._context.collector.write_console(self.job, console)

    def _boot(self) -> Guest:
        selected = self.job.selected
        installation = selected.supervisor.installation(selected.source)

        def install(guest: Guest) -> None:
            self.phases.enter("install")
            installation.install(guest)
            self.phases.enter("up")

        self.phases.enter("up")
        again = f"-again{self.job.attempt}" if self.job.attempt else ""
        name = f"{re.sub('[/@]', '-', selected.name)}-{self.job.replica}{again}-{os.getpid()}"
        guest = self._context.request.provider.up(
            name,
            selected.system,
            replace(installation, install=install, check_wanted=self._context.guests.check_running),
            self._context.payload,
            self.job.limit_class,
        )
        self.guest = guest
        self._context.guests.add(guest)
        self._context.collector.set_system(guest.system)
        return guest

    def _verify(self, guest: Guest) -> tuple[Verification, Event]:
        """Check that the guest is as it should be; return evidence and the measurer's facts."""
        supervisor, contender = self.job.selected.supervisor, self.job.selected.contender
        wanted = services_of(contender, 1)
        patience = FIRST_START + 2 * (contender.period or 0)
        steps: list[Step] = [
            {"do": "await", "services": [service.name for service in wanted], "deadline": patience}
        ]
        own = contender.own_daemon
        if own:
            patience += READY_DEADLINE
            steps += [steps_of_plan.await_ready(service.name) for service in wanted]
        if contender.role == "monitor":
            # Give processes that a detaching daemon leaves behind the time to exit.
            steps.append({"do": "watch", "seconds": 0.3})
        steps.append({"do": "snapshot"})

        def look() -> tuple[list[Event], Verification]:
            events = measurement.run_measurement(
                guest, wanted, steps, seed=0, timeout=patience + 30, on_event=lambda _: None
            )
            if own:
                check_ready(own, contender, events)
            return events, verify(guest.system, supervisor, contender, wanted, events)

        # The client that forked it and its scripts may end a little after the service has begun.
        ends = CLIENT_ENDS if supervisor.forked_by_client else 0.0
        events, evidence = retried(look, ends)
        self._verified = events_of_kind(events, SNAPSHOT)[-1]
        if supervisor.mode_command:
            output = guest.run(supervisor.mode_command, check=False).stdout
            evidence |= find_mode(supervisor, output)
        return evidence, events[0]

    def _section(self, unit: WorkUnit) -> AbstractContextManager[None]:
        """Keep disturbers out if noise could reach the unit's figures; let loud ones take turns."""
        gate = self._context.gate
        if unit.loud:
            return self.phases.waiting(gate.loud())
        if not self._scenarios[unit.scenario].needs_quiet(self.job.selected.contender):
            return nullcontext()
        return self.phases.waiting(gate.measuring())

    def _slot(self, unit: WorkUnit) -> Slot:
        return self._context.time_slots.slot_of(self) if unit.slotted else ONLY_SLOT

    def _fail(self, reason: str) -> None:
        if self._context.guests.stopping:
            return
        if self.guest is not None and (why := self._why_ended(self.guest)):
            reason = f"{why}\n{reason}"
        failed = self.job.units[self.units_done : self.units_begun or None]
        self._context.collector.add_failure(
            self.job,
            [unit.scenario for unit in failed],
            f"in phase {self.phases.current}: {reason}",
        )
        self.units_done = self.units_begun or len(self.job.units)

    def _why_ended(self, guest: Guest) -> str:
        try:
            return guest.why_ended()
        except Problem:  # the keeper does not answer: the failure itself says so
            return ""

    def _destroy(self, guest: Guest) -> None:
        self.phases.enter("destroy")
        try:
            guest.destroy()
        except Exception as failure:
            self._notes.append(f"destroy: {failure}")

    def _keep(self, guest: Guest) -> bool:
        """Leave a guest to its user; False where that failed, so that it is to be destroyed."""
        if not self._context.guests.release(guest):
            return True  # the run is being ended: who ends it destroys the guest
        self.phases.enter("keep")
        try:
            self._kept = guest.keep()
        except Exception as failure:
            self._notes.append(f"keep: {failure}")
            return False
        return True

    def _facts(self) -> GuestFacts:
        """What run.json keeps of the guest."""
        return {
            "replica": self.job.replica,
            "phases": self.phases.seconds,
            "notes": self._notes,
            "kept": self._kept,
            "load": self._load,
            "least": round(self.job.min_seconds, 1),
            **self._machine,
        }
