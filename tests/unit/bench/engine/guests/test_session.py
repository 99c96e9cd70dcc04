"""One guest's session: failures, waiting, and what happens once the run is being ended."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from types import SimpleNamespace
from typing import cast

import pytest

from bench.engine.guests import measurement
from bench.engine.guests.phase_timer import WAIT
from bench.engine.guests.session import TRACER_READS, GuestSession, SessionContext
from bench.engine.guests.time_slots import ONLY_SLOT
from bench.model.events import Event
from bench.model.observation.latency import SlottedKills
from bench.model.rejections import CUT_SHORT, Rejection, Rejections
from bench.model.run_file import Verification
from bench.model.scenario import SamplingEffort, ScenarioContext, Slot, WorkUnit
from bench.recording.store import Record
from provision.errors import Problem
from provision.guests.guest import Guest
from provision.systems import SYSTEMS
from supervisors.contender import Contender
from tests.support.wait import eventually
from tests.unit.bench.engine.fakes import (
    FLOOR,
    FakeGuest,
    FakeScenario,
    fake_guest,
    measure,
    on_disk,
    one_session,
    sample_keys,
    statuses,
)

JOIN_SECONDS = 60


def fail() -> None:
    raise Problem("no")


def test_a_failed_unit_leaves_the_rest_to_a_further_guest(record: Record) -> None:
    measure(record, FakeScenario("a"), FakeScenario("b", fail), FakeScenario("c"))
    contender = on_disk(record)
    assert (contender["status"], contender["reason"]) == ("failed", "in phase measure b: no")
    assert statuses(contender) == {"a": "measured", "b": "failed", "c": "measured"}
    assert (record.folder / contender["log"]).read_text() == "in phase measure b: no"
    assert sample_keys(record) == [("a", 0, 0), ("a", 0, 1), ("c", 0, 0), ("c", 0, 1)]


def reject(*rejected: Rejection, explained: int = 0) -> Callable[..., list[Event]]:
    """Stand in for run_measurement: a measurement in which these lines are rejected."""

    def run_measurement(*_: object, rejections: Rejections, **__: object) -> list[Event]:
        for rejection in rejected:
            rejections.add(rejection)
        for _number in range(explained):
            rejections.add(Rejection("no JSON object", "", "{"))
            rejections.explain_cut_line("no JSON object")
        return []

    return run_measurement


def measuring(self: FakeScenario, context: ScenarioContext, unit: WorkUnit) -> list[Event]:
    """Perform a unit that measures."""
    return [*context.measure([], 1), {"event": "up"}]


FALSE = [
    Rejection("a start before its kill", "sample", '{"kill_ns": 5}', is_trial=True),
    Rejection("a start before its kill", "sample", '{"kill_ns": 6}', is_trial=True),
    Rejection("no JSON object", "", "\x1b[2J"),
]


@pytest.mark.parametrize("forked_by_client", [True, False])
def test_the_client_that_forked_a_supervisor_may_end_a_little_later(
    record: Record, monkeypatch: pytest.MonkeyPatch, forked_by_client: bool
) -> None:
    session, _ = one_session(record, FakeScenario("a"))
    looks = iter([Problem("Something else runs as well: openrc-run."), None])
    snapshot: list[Event] = [{"event": "processes"}]

    def verify(*_: object) -> Verification:
        if problem := next(looks):
            raise problem
        return {"pid1": "/sbin/init"}

    monkeypatch.setattr(measurement, "run_measurement", lambda *_, **__: snapshot)
    monkeypatch.setattr("bench.engine.guests.session.verify", verify)
    monkeypatch.setattr(FLOOR, "forked_by_client", forked_by_client)
    guest = cast(Guest, SimpleNamespace(system=SYSTEMS["debian"]))
    if forked_by_client:
        assert session._verify(guest)[0] == {"pid1": "/sbin/init"}
        return
    with pytest.raises(Problem, match="openrc-run"):
        session._verify(guest)


def test_a_rejected_line_fails_its_scenario_with_counts_and_reasons(
    record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measurement, "run_measurement", reject(*FALSE))
    false = FakeScenario("a")
    monkeypatch.setattr(false, "perform", partial(measuring, false))
    measure(record, false, FakeScenario("b"))
    contender = on_disk(record)
    summary = "2 trials rejected: a start before its kill (2); 1 line rejected: no JSON object (1)"
    assert (contender["status"], contender["reason"].splitlines()[0]) == ("failed", f"a: {summary}")
    assert statuses(contender) == {"a": "failed", "b": "measured"}
    failed = contender["scenarios"]["a"]
    assert (failed["note"], failed["metrics"]) == (summary, [])
    assert failed["rejected"] == {"a start before its kill": 2, "no JSON object": 1}
    log = (record.folder / contender["log"]).read_text()
    assert '{"kill_ns": 5}' in log and "\\x1b[2J" in log and log.isascii()


def test_a_rejected_line_is_counted_where_the_scenario_takes_the_failure_for_its_own(
    record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    """supervisor-killed takes the end of the measuring program for what the kill has done."""

    def refuse(*_: object, rejections: Rejections, **__: object) -> list[Event]:
        rejections.add(FALSE[0])
        raise Problem("cannot be true")

    def perform(self: FakeScenario, context: ScenarioContext, unit: WorkUnit) -> list[Event]:
        with pytest.raises(Problem):
            context.measure([], 1)
        return [{"event": "cut"}]

    monkeypatch.setattr(measurement, "run_measurement", refuse)
    monkeypatch.setattr(FakeScenario, "perform", perform)
    measure(record, FakeScenario("a"))
    assert statuses(on_disk(record)) == {"a": "failed"}


def test_an_explained_rejection_is_counted_and_fails_nothing(
    record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measurement, "run_measurement", reject(explained=1))
    monkeypatch.setattr(FakeScenario, "perform", measuring)
    measure(record, FakeScenario("a"))
    contender = on_disk(record)
    assert (contender["status"], contender["reason"]) == ("measured", "")
    assert contender["scenarios"]["a"]["rejected"] == {CUT_SHORT: 1}
    assert CUT_SHORT not in contender["reason"]
    assert "rejected, no JSON object" in (record.folder / contender["log"]).read_text()


def test_a_failed_set_up_fails_every_unit(record: Record, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(GuestSession, "set_up", lambda session: fail())
    measure(record, FakeScenario("a"), FakeScenario("b"))
    assert statuses(on_disk(record)) == {"a": "failed", "b": "failed"}
    assert record.read_samples() == []


def test_teardown_is_skipped_after_abort(record: Record, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who ends the run destroys all guests at once, this one too."""
    destroyed: list[object] = []
    monkeypatch.setattr(FakeGuest, "destroy", lambda _: destroyed.append(1))
    session, context = one_session(record, FakeScenario("a"))
    session.guest = fake_guest()
    teardown = threading.Thread(target=session.tear_down)
    with context.gate.measuring():
        teardown.start()
        eventually(lambda: context.gate.waiting_disturbers, "the teardown waits")
        context.guests.stop()
    teardown.join(JOIN_SECONDS)
    assert not teardown.is_alive()
    assert destroyed == []


class DeadKeeperGuest(FakeGuest):
    """A guest whose keeper has ended: it cannot be left running."""

    def __init__(self) -> None:
        super().__init__("0-0")
        self.is_destroyed = False

    def keep(self) -> str:
        raise Problem("its keeper does not answer")

    def destroy(self) -> None:
        self.is_destroyed = True


def test_a_guest_that_cannot_be_kept_is_destroyed_and_the_run_goes_on(record: Record) -> None:
    session, context = one_session(record, FakeScenario("a"))
    options = replace(context.request.options, keep=True)
    context = replace(context, request=replace(context.request, options=options))
    session = GuestSession(session.job, context)
    guest = DeadKeeperGuest()
    session.guest = cast(Guest, guest)
    context.guests.add(session.guest)
    session.tear_down()
    assert guest.is_destroyed
    facts = session._facts()
    assert (facts["kept"], facts["notes"]) == ("", ["keep: its keeper does not answer"])


@pytest.mark.parametrize(
    ("trace", "stops", "expected"),
    [
        (True, False, [TRACER_READS, "destroyed"]),
        (False, False, ["destroyed"]),
        (True, True, []),
    ],
)
def test_a_traced_guest_stays_until_the_tracer_has_read_of_it(
    record: Record,
    monkeypatch: pytest.MonkeyPatch,
    trace: bool,
    stops: bool,
    expected: list[object],
) -> None:
    order: list[object] = []
    session, context = one_session(record, FakeScenario("a"))
    options = replace(context.request.options, trace=trace)
    request = replace(context.request, options=options)
    session = GuestSession(session.job, replace(context, request=request))
    session.guest = fake_guest()
    monkeypatch.setattr("bench.engine.guests.session.time", SimpleNamespace(sleep=order.append))
    monkeypatch.setattr(type(session.guest), "destroy", lambda _: order.append("destroyed"))
    if stops:
        context.guests.stop()
    session.tear_down()
    assert order == expected


def test_a_scenario_measures_nothing_more_after_abort(
    record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A storm waits for the storms of others; its guest is destroyed when its turn comes."""
    measured: list[object] = []

    def perform(self: FakeScenario, context: ScenarioContext, unit: WorkUnit) -> list[Event]:
        context.measure([], 1)
        return []

    monkeypatch.setattr(measurement, "run_measurement", lambda *_, **__: measured.append(1))
    monkeypatch.setattr(FakeScenario, "perform", perform)
    session, context = one_session(record, FakeScenario("a"))
    unit = session.job.units[0]
    assert session.perform(unit, fake_guest(), ONLY_SLOT) == []
    context.guests.stop()
    with pytest.raises(Problem):
        session.perform(unit, fake_guest(), ONLY_SLOT)
    assert measured == [1]


def check_waits(
    session: GuestSession, context: SessionContext, action: Callable[[], object]
) -> None:
    """Check that the action waits, in a phase of its own, while another guest measures."""
    thread = threading.Thread(target=action)
    with context.gate.measuring():
        session.phases.enter("measure a")
        thread.start()
        eventually(lambda: context.gate.waiting_disturbers, "the guest waits")
        assert session.phases.current == WAIT
    thread.join(JOIN_SECONDS)
    assert not thread.is_alive()
    assert session.phases.current != WAIT
    assert WAIT in session.phases.seconds


def test_waiting_to_set_up_is_a_phase_of_its_own(record: Record) -> None:
    session, context = one_session(record, FakeScenario("a"))
    check_waits(session, context, session.measure_units)


def test_waiting_to_tear_down_is_a_phase_of_its_own(record: Record) -> None:
    session, context = one_session(record, FakeScenario("a"))
    session.guest = fake_guest()
    check_waits(session, context, session.tear_down)


def test_waiting_for_quiet_is_no_part_of_measuring(record: Record) -> None:
    measured = threading.Event()
    scenario = FakeScenario("a", measured.set)
    scenario.needs_quiet_host = True  # type: ignore[misc]
    session, context = one_session(record, scenario)
    context.gate._max_disturbers = 2
    measuring = threading.Thread(target=session.measure_units)
    with context.gate.disturbing():
        measuring.start()
        eventually(
            lambda: session.units_begun and session.phases.current == WAIT, "it waits for quiet"
        )
        assert not measured.is_set()
    measuring.join(JOIN_SECONDS)
    assert not measuring.is_alive()
    assert measured.is_set()
    assert set(session.phases.seconds) >= {WAIT, "measure a"}


class WatchedGuest(FakeGuest):
    """A guest that notes when it is measured, and that the suite has ended."""

    def __init__(self) -> None:
        super().__init__("0-0")
        self.is_measured = False

    @contextmanager
    def measured(self) -> Iterator[None]:
        self.is_measured = True
        yield
        self.is_measured = False

    def why_ended(self) -> str:
        return "Guest 0-0 was ended: it holds too much."

    def destroy(self) -> None:
        assert not self.is_measured


def session_of(
    record: Record, monkeypatch: pytest.MonkeyPatch, scenario: FakeScenario, guest: WatchedGuest
) -> GuestSession:
    session, _ = one_session(record, scenario)
    session.guest = cast(Guest, guest)
    monkeypatch.setattr(GuestSession, "set_up", lambda session: session.guest)
    return session


def test_a_guest_is_measured_while_a_scenario_performs_and_at_no_other_time(
    record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    guest = WatchedGuest()
    seen: list[bool] = []
    scenario = FakeScenario("a", lambda: seen.append(guest.is_measured))
    session = session_of(record, monkeypatch, scenario, guest)
    session.run()
    assert seen == [True]
    assert not guest.is_measured


def test_a_failure_says_why_the_suite_has_ended_the_guest(
    record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    session_of(record, monkeypatch, FakeScenario("a", fail), WatchedGuest()).run()
    reason = on_disk(record)["reason"]
    assert reason.startswith("in phase measure a: Guest 0-0 was ended: it holds too much.\nno")


class SlottedScenario(FakeScenario):
    """A scenario whose kills wait for the slot of their guest; keeps the slots of those inside."""

    needs_quiet_host = True

    def __init__(self, name: str, units: int) -> None:
        super().__init__(name, units=units)
        self.inside: list[Slot] = []
        self.met: list[tuple[Slot, Slot]] = []
        self.lock = threading.Lock()

    def work_units(self, contender: Contender, effort: SamplingEffort) -> list[WorkUnit]:
        units = super().work_units(contender, effort)
        return [replace(unit, slotted=SlottedKills(9, 2.0, 3.0)) for unit in units]

    def perform(self, context: ScenarioContext, unit: WorkUnit) -> list[Event]:
        with self.lock:
            self.met += [(context.slot, other) for other in self.inside]
            self.inside.append(context.slot)
        threading.Event().wait(0.05)
        with self.lock:
            self.inside.remove(context.slot)
        return super().perform(context, unit)


def test_guests_that_measure_together_have_slots_that_never_meet(record: Record) -> None:
    scenario = SlottedScenario("a", units=12)
    measure(record, scenario)
    assert statuses(on_disk(record)) == {"a": "measured"}
    assert scenario.met
    for (index, count), (other_index, other_count) in scenario.met:
        assert (index - other_index) % math.gcd(count, other_count) != 0
