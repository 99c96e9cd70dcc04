"""How the cost of a run grows with contenders and processors.

    .venv/bin/python -m bench.own_cost.growth

It prints the table of docs/trust.md from the forecast of each plan, and then plays the smallest
plans: the real scheduler and noise gate run with sessions that only wait, fifty times as fast as
guests would, for the seconds that the published run has recorded of each scenario and contender.
"""

from __future__ import annotations

import json
import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from bench.engine.forecast import SET_UP, TEAR_DOWN, Places
from bench.engine.guests.live_guests import LiveGuests
from bench.engine.guests.noise_gate import NoiseGate
from bench.engine.guests.session import GuestSession, SessionContext
from bench.engine.guests.time_slots import TimeSlots
from bench.engine.observer import SilentObserver
from bench.engine.plan import Plan, efforts, make_plan, start_order
from bench.engine.request.options import RunOptions
from bench.engine.request.resolve import sampling_effort
from bench.engine.scheduler import Scheduler
from bench.model.events import Event
from bench.model.scenario import CROWDED_AT_ONCE, Scenario, Slot, WorkUnit
from bench.scenarios import scenarios, usual_scenarios
from provision.guests.guest import Guest
from provision.lxc.provider import Lxc

PUBLISHED = Path(__file__).parents[2] / "reports" / "published" / "run.json"
TIMES, PROCESSORS = (1, 2, 4), (2, 4, 8, 16)
SCENARIOS = (("restart", "footprint"), usual_scenarios(scenarios()))
FASTER = 50.0
# MiB of a guest with one service, and with 2000.
MIB, MIB_OF_MANY = 22, 350
# What a ramp-up to many services takes of a processor, in s.
RAMP_UP_LOUD = 20.0


@dataclass
class Costs:
    """What one played run took. waited: guest seconds by what they waited for."""

    seconds: float = 0.0
    mib: float = 0.0
    peak_mib: float = 0.0
    waited: dict[str, float] = field(default_factory=lambda: defaultdict(float))


class Host:
    """The processors and the clock of a played run."""

    def __init__(self, processors: int, recorded: dict[tuple[str, str], float]) -> None:
        self.processors = processors
        self.recorded = recorded
        self.costs = Costs()
        self._lock = threading.Lock()

    def take_memory(self, mib: float) -> None:
        """Count memory that a guest takes, or gives back."""
        with self._lock:
            self.costs.mib += mib
            self.costs.peak_mib = max(self.costs.peak_mib, self.costs.mib)

    def wait(self, seconds: float) -> None:
        """Let so many played seconds pass."""
        time.sleep(seconds / FASTER)

    @contextmanager
    def waiting(self, what: str, permission: Any) -> Iterator[None]:
        """Count the wait for a permission."""
        begun = time.monotonic()
        with permission:
            with self._lock:
                self.costs.waited[what] += (time.monotonic() - begun) * FASTER
            yield

    def seconds_of(self, name: str, unit: WorkUnit, slot: Slot) -> float:
        """Return the seconds of a unit: as recorded, if the plan still cuts it like that."""
        if unit.scenario == "restart":
            return unit.seconds + (unit.slotted.wait(slot[1]) if unit.slotted else 0.0)
        return self.recorded.get((name, unit.scenario), unit.seconds)


HOST: Host


class PlayedSession(GuestSession):
    """A session that waits instead of measuring."""

    def set_up(self) -> Guest:
        HOST.wait(SET_UP)
        HOST.take_memory(MIB)
        guest = SimpleNamespace(
            measured=nullcontext,
            console_quoted=nullcontext,
            why_ended=lambda: "",
            destroy=lambda: HOST.wait(TEAR_DOWN),
        )
        self.guest = cast(Guest, guest)
        return self.guest

    def establish(self, unit: WorkUnit, guest: Guest) -> list[Event]:
        return []

    def perform(self, unit: WorkUnit, guest: Guest, slot: Slot) -> list[Event]:
        gate, seconds = self._context.gate, HOST.seconds_of(self.job.selected.name, unit, slot)
        if unit.alone_seconds:
            with HOST.waiting("storms", gate.loud(alone=True)):
                HOST.wait(unit.alone_seconds)
        HOST.wait(seconds - unit.crowded_seconds)
        if unit.crowded_seconds:
            with HOST.waiting("memory of many services", MEMORY):
                HOST.take_memory(MIB_OF_MANY)
                with HOST.waiting("loud work", gate.loud()):
                    HOST.wait(RAMP_UP_LOUD)
                HOST.wait(unit.crowded_seconds - RAMP_UP_LOUD)
                HOST.take_memory(-MIB_OF_MANY)
        return []

    def tear_down(self) -> None:
        if self.guest is None:
            return
        with HOST.waiting("teardown", self._context.gate.disturbing()):
            self.guest.destroy()
            HOST.take_memory(-MIB)


MEMORY = threading.BoundedSemaphore(CROWDED_AT_ONCE)


def play(plan: Plan, processors: int, recorded: dict[tuple[str, str], float]) -> Costs:
    """Play a plan on a host of so many processors."""
    global HOST
    HOST = Host(processors, recorded)
    provider = SimpleNamespace(
        max_guests=plan.at_once, shared_objects=lambda: 0, shared_objects_under=lambda init: 0
    )
    request = SimpleNamespace(provider=provider, scenarios=_all_scenarios())
    slots = TimeSlots()
    context = SessionContext(
        request=cast(Any, request),
        payload=(),
        time_slots=slots,
        gate=NoiseGate(3 * processors, lambda: 0.0, processors, slots.deal),
        guests=LiveGuests(),
        collector=cast(
            Any,
            SimpleNamespace(add_guest=lambda *_: None, add_failure=_fail, save_if_due=lambda: None),
        ),
        observer=SilentObserver(),
    )
    begun = time.monotonic()
    Scheduler(context, PlayedSession).run(plan)
    HOST.costs.seconds = (time.monotonic() - begun) * FASTER
    return HOST.costs


def _fail(job: object, names: Sequence[str], reason: str) -> None:
    raise RuntimeError(reason)


def _all_scenarios() -> tuple[Scenario, ...]:
    return tuple(scenarios().values())


def plan_of(times: int, names: Sequence[str]) -> Plan:
    """Plan so many times the contenders of Debian, as releases would multiply them."""
    options, provider = RunOptions(), Lxc()
    contenders, chosen = options.select().contenders, [scenarios()[name] for name in names]
    effort = sampling_effort(options, provider)
    plans = [
        _multiply(make_plan(contenders, chosen, variant, provider.max_guests), times)
        for variant in efforts(effort)
    ]
    return min(plans, key=lambda plan: plan.seconds)


def _multiply(plan: Plan, times: int) -> Plan:
    jobs = [
        replace(job, replica=job.replica + 1000 * copy)
        for copy in range(times)
        for job in plan.jobs
    ]
    return replace(plan, jobs=tuple(start_order(jobs, 1, plan.at_once)))


def recorded_seconds(path: Path = PUBLISHED) -> dict[tuple[str, str], float]:
    """Return the mean seconds of a guest in each scenario, by contender and scenario."""
    found: dict[tuple[str, str], list[float]] = defaultdict(list)
    for contender in json.loads(path.read_text())["contenders"]:
        for guest in contender["guests"]:
            for phase, seconds in guest["phases"].items():
                if phase.startswith("measure "):
                    name = contender["name"].partition("@")[0]  # of whichever release
                    found[name, phase.removeprefix("measure ")].append(seconds)
    means = {key: sum(durations) / len(durations) for key, durations in found.items()}
    # Storms took turns there, and their waits were counted with them.
    return {key: seconds for key, seconds in means.items() if key[1] not in ("storm", "scale")}


@dataclass(frozen=True)
class PlanForecast:
    """How long a plan takes, and the memory that it needs.

    bottleneck: what of twice as much would shorten it most.
    """

    seconds: float
    mib: float
    bottleneck: str


def forecast_plan(plan: Plan, processors: int) -> PlanForecast:
    """Forecast a plan on a host of so many processors."""
    places = Places(plan.at_once, 3 * processors, processors, CROWDED_AT_ONCE)
    seconds = plan.forecast(places)
    more = {
        "guests": replace(places, guests=2 * places.guests),
        "set-ups": replace(places, set_ups=2 * places.set_ups),
        "loud work": replace(places, loud=2 * places.loud),
        "memory": replace(places, crowded=2 * places.crowded),
    }
    saved = {name: seconds - plan.forecast(enlarged) for name, enlarged in more.items()}
    best = max(saved, key=lambda name: saved[name])
    crowded = sum(bool(job.crowded_seconds) for job in plan.jobs)
    mib = min(len(plan.jobs), plan.at_once) * MIB + min(crowded, CROWDED_AT_ONCE) * MIB_OF_MANY
    small = saved[best] < 0.05 * seconds
    return PlanForecast(seconds, mib, "nothing" if small else f"{best}: {saved[best]:,.0f} s")


def main() -> None:
    """Print a row for each number of contenders and processors; play the smallest plans."""
    print("| scenarios | contenders | processors | guests | s | MiB | twice as much of |")
    print("|---|--:|--:|--:|--:|--:|---|")
    for names in SCENARIOS:
        title = "all" if len(names) > 2 else " and ".join(names)
        for times in TIMES:
            plan = plan_of(times, names)
            contenders = times * len({job.selected.name for job in plan.jobs})
            for processors in PROCESSORS:
                forecast = forecast_plan(plan, processors)
                figures = f"{forecast.seconds:,.0f} | {forecast.mib:,.0f} | {forecast.bottleneck}"
                row = (title, contenders, processors, len(plan.jobs), figures)
                print("|", " | ".join(map(str, row)), "|", flush=True)
    recorded = recorded_seconds()
    for names in SCENARIOS:
        costs = play(plan_of(1, names), PROCESSORS[0], recorded)
        print(f"played, {len(names)} scenarios: {costs.seconds:,.0f} s, {costs.peak_mib:,.0f} MiB")


if __name__ == "__main__":
    main()
