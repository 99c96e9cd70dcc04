"""Guests, a provider and scenarios that are none: for what the engine does with any of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, ClassVar, cast

from bench.engine.collector import ResultCollector
from bench.engine.guests.live_guests import LiveGuests
from bench.engine.guests.noise_gate import NoiseGate
from bench.engine.guests.session import GuestSession, SessionContext
from bench.engine.guests.time_slots import TimeSlots
from bench.engine.observer import SilentObserver
from bench.engine.plan import KeptResults, Plan, make_plan
from bench.engine.request.options import RunOptions
from bench.engine.request.resolve import BenchRequest
from bench.engine.run import execute
from bench.model.events import Event
from bench.model.initial_state import FRESH, SETTLED
from bench.model.scenario import SamplingEffort, Scenario, ScenarioContext, WorkUnit
from bench.model.selection.contenders import SelectedContender
from bench.model.statistics import Metric, single_value
from bench.recording.store import Record, read_run
from bench.recording.validity.samples_check import find_damage
from provision.guests.guest import Guest
from provision.provider import GuestRecord, Provider
from provision.sources.packages import Present
from provision.systems import SYSTEMS
from supervisors import supervisors
from supervisors.contender import Contender

FLOOR = supervisors()["floor"]
HOSTED_FLOOR = SelectedContender(FLOOR, FLOOR.contenders[0], Present(), SYSTEMS["debian"])
EFFORT = SamplingEffort(1, 1.0, None, 4, 1)


class FakeEvent(Event):
    """An event of a FakeScenario."""

    number: int


class FakeScenario(Scenario):
    """Two samples a unit. The one named `last` is loud and has a guest of its own.

    action: runs in a unit, before its samples. units: how many units there are.
    """

    title: ClassVar[str] = "made up"

    def __init__(
        self, name: str, action: Callable[[], None] = lambda: None, units: int = 1
    ) -> None:
        self.name = name  # type: ignore[misc]
        self.action = action
        self.units = units

    def work_units(self, contender: Contender, effort: SamplingEffort) -> list[WorkUnit]:
        last = self.name == "last"
        state = FRESH if last else SETTLED
        return [WorkUnit(self.name, 1.0, 1, initial_state=state, loud=last)] * self.units

    def perform(self, context: ScenarioContext, unit: WorkUnit) -> list[Event]:
        self.action()
        return [FakeEvent(event="said", number=number) for number in range(2)]

    def conclude(self, contender: Contender, samples: Sequence[Event]) -> list[Metric]:
        return [single_value("count", "", len(samples))]


class FakeGuest:
    """A guest that does nothing."""

    def __init__(self, name: str) -> None:
        self.name = name

    def destroy(self) -> None: ...

    def measured(self) -> AbstractContextManager[None]:
        return nullcontext()

    def why_ended(self) -> str:
        return ""

    def console(self) -> str:
        return ""

    def console_quoted(self) -> AbstractContextManager[None]:
        return nullcontext()


class FakeProvider:
    """A provider that is never asked for a guest."""

    name = "lxc"
    max_guests = 4
    shares_kernel = True

    def guests(self) -> list[GuestRecord]:
        return []

    def prepare(self, system: object, note: object) -> None: ...

    def describe_limits(self) -> list[str]:
        return []

    def kernel_facts(self) -> dict[str, float | None]:
        return {"group_move_ms": None}

    def shared_objects(self) -> int:
        return 0

    def shared_objects_under(self, init: str) -> int:
        return 0


def fake_guest(name: str = "0-0") -> Guest:
    """Return a guest that does nothing."""
    return cast(Guest, FakeGuest(name))


def set_up_fake(session: GuestSession) -> Guest:
    """Stand in for GuestSession.set_up: a verified guest, at once."""
    job, context = session.job, session._context
    session.guest = fake_guest(f"{job.replica}-{job.attempt}")
    context.guests.add(session.guest)
    context.collector.set_verified(job.selected.name, "1", {})
    return session.guest


def request(*scenarios: Scenario, contenders: Sequence[SelectedContender] = ()) -> BenchRequest:
    """Ask for those scenarios of the hosted floor."""
    return BenchRequest(
        systems=(SYSTEMS["debian"],),
        provider=cast(Provider, FakeProvider()),
        provider_reason="as the test says",
        contenders=tuple(contenders) or (HOSTED_FLOOR,),
        absent=(),
        scenarios=scenarios,
        effort=EFFORT,
        options=RunOptions(),
    )


def run_plan(record: Record, plan: Plan, *scenarios: Scenario) -> None:
    """Execute a plan with fake guests."""
    contenders = list({job.selected.name: job.selected for job in plan.jobs}.values())
    execute(
        plan,
        contenders or [HOSTED_FLOOR],
        request(*scenarios),
        record,
        SilentObserver(),
    )


def measure(
    record: Record, *scenarios: Scenario, kept: dict[str, KeptResults] | None = None
) -> None:
    """Measure those scenarios of the hosted floor in fake guests."""
    plan = make_plan([HOSTED_FLOOR], scenarios, EFFORT, FakeProvider.max_guests, kept or {})
    run_plan(record, plan, *scenarios)


def one_session(record: Record, scenario: FakeScenario) -> tuple[GuestSession, SessionContext]:
    """Return the session of one guest that has that scenario's only unit to do."""
    plan = make_plan([HOSTED_FLOOR], [scenario], EFFORT, 4)
    collector = ResultCollector(record, [scenario], SilentObserver())
    collector.expect(plan, [HOSTED_FLOOR])
    slots = TimeSlots()
    context = SessionContext(
        request=request(scenario),
        payload=[],
        time_slots=slots,
        gate=NoiseGate(1, lambda: 0.0, opens=slots.deal),
        guests=LiveGuests(),
        collector=collector,
        observer=SilentObserver(),
    )
    (job,) = plan.jobs
    return GuestSession(job, context), context


def on_disk(record: Record) -> dict[str, Any]:
    """Read the only contender of a run from disk, after checking that the run is whole."""
    run = read_run(record.folder)
    assert find_damage(run, record.folder) == []
    (contender,) = run["contenders"]
    return dict(contender)


def statuses(contender: Any) -> dict[str, str]:
    """Return the status of each scenario."""
    return {name: scenario["status"] for name, scenario in contender["scenarios"].items()}


def sample_keys(record: Record) -> list[tuple[str, int, int]]:
    """Return (scenario, replica, number) of each sample on disk."""
    samples: list[Any] = list(record.read_samples())
    return [(sample["scenario"], sample["replica"], sample["number"]) for sample in samples]
