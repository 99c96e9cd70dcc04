"""A whole run with fake guests: what is on disk however it ends, and what is loaded."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from bench.engine import collector
from bench.engine.guests import measurement
from bench.engine.guests.live_guests import LiveGuests
from bench.engine.guests.session import GuestSession
from bench.engine.observer import SilentObserver
from bench.engine.plan import KeptResults, Plan, find_baseline_job, make_plan
from bench.engine.request.resolve import BenchRequest
from bench.engine.run import prepare
from bench.model.events import Event
from bench.model.selection.contenders import Selection, select_contenders
from bench.recording.samples.kept_trials import KEPT_TRIALS
from bench.recording.store import Record
from bench.scenarios import scenarios
from provision.errors import Problem
from provision.systems import SYSTEMS, System
from tests.support.samples.event_streams import SECOND, trial
from tests.support.wait import eventually
from tests.unit.bench.engine.fakes import (
    EFFORT,
    FLOOR,
    HOSTED_FLOOR,
    FakeScenario,
    measure,
    on_disk,
    run_plan,
    sample_keys,
    statuses,
)

ROOT = Path(__file__).parents[4]


def await_measured(record: Record, *names: str) -> None:
    """Wait until those scenarios are in run.json, where the contender is only after a save."""

    def are_there() -> bool:
        contenders = json.loads((record.folder / "run.json").read_text())["contenders"]
        all_statuses = [statuses(contender) for contender in contenders]
        return any(
            all(by_scenario.get(name) == "measured" for name in names)
            for by_scenario in all_statuses
        )

    eventually(are_there, "the other guests' scenarios are on disk")


def interrupt() -> None:
    raise KeyboardInterrupt


def test_an_interrupted_run_keeps_what_is_complete_and_is_resumed(
    record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collector, "SAVE_INTERVAL", 0.0)
    scenarios = (FakeScenario("a"), FakeScenario("b"), FakeScenario("both", units=2))

    def interrupt_later() -> None:
        await_measured(record, "a", "b", "both")
        interrupt()

    with pytest.raises(KeyboardInterrupt):
        measure(record, *scenarios, FakeScenario("last", interrupt_later))
    before, kept = on_disk(record), sample_keys(record)
    assert before["status"] == "unfinished"
    complete = {"a": "measured", "b": "measured", "both": "measured"}
    assert statuses(before) == complete | {"last": "unfinished"}
    assert len(kept) == len(set(kept)) == 2 + 2 + 4

    again = Record.load(record.folder)
    again.drop_scenarios({(HOSTED_FLOOR.name, "last")})
    earlier = {HOSTED_FLOOR.name: KeptResults(frozenset(complete), 2)}
    measure(again, *scenarios, FakeScenario("last"), kept=earlier)
    after = on_disk(again)
    assert statuses(after) == complete | {"last": "measured"}
    assert {name: after["scenarios"][name] for name in complete} == {
        name: before["scenarios"][name] for name in complete
    }
    assert sample_keys(again) == [*kept, ("last", 2, 0), ("last", 2, 1)]
    assert [guest["replica"] for guest in after["guests"]] == [0, 1, 2]


def test_a_scenario_whose_other_guest_was_aborted_is_not_complete(
    record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    sessions: list[GuestSession] = []
    switches: list[LiveGuests] = []
    original = GuestSession.__init__

    def remember(session: GuestSession, *arguments: object) -> None:
        original(session, *arguments)  # type: ignore[arg-type]
        sessions.append(session)
        switches.append(session._context.guests)

    def abort() -> None:
        """Once the other guest is done, the end of the run destroys this one."""
        eventually(
            lambda: any(session.units_done == len(session.job.units) for session in sessions),
            "the other guest is done",
        )
        switches[0].stop()
        raise Problem("no")

    actions: Iterator[Callable[[], None]] = iter([lambda: None, abort])
    monkeypatch.setattr(GuestSession, "__init__", remember)
    measure(record, FakeScenario("a"), FakeScenario("both", lambda: next(actions)(), units=2))
    contender = on_disk(record)
    assert (contender["status"], statuses(contender)["both"]) == ("unfinished", "unfinished")
    assert {scenario for scenario, _, _ in sample_keys(record)} == {"a"}


def test_complete_scenarios_are_on_disk_before_the_contender_is_done(
    record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collector, "SAVE_INTERVAL", 0.0)
    during: list[dict[str, str]] = []

    def look() -> None:
        await_measured(record, "a")
        during.append(statuses(on_disk(record)))

    measure(record, FakeScenario("a"), FakeScenario("last", look))
    assert during == [{"a": "measured", "last": "unfinished"}]
    assert on_disk(record)["status"] == "measured"
    assert sample_keys(record) == [("a", 0, 0), ("a", 0, 1), ("last", 1, 0), ("last", 1, 1)]


def test_complete_scenarios_are_written_where_no_further_guest_ends(
    record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first scenario is complete before a save is due, and the other one waits for the save."""
    monkeypatch.setattr(collector, "SAVE_INTERVAL", 1.0)
    measure(record, FakeScenario("a"), FakeScenario("last", lambda: await_measured(record, "a")))
    assert statuses(on_disk(record)) == {"a": "measured", "last": "measured"}


def test_a_contender_without_any_work_is_in_the_run(record: Record) -> None:
    scenario = FakeScenario("a")
    skipped = Plan((), {(HOSTED_FLOOR.name, "a"): ("not measured", "period 120 s")}, 4)
    run_plan(record, skipped, scenario)
    contender = on_disk(record)
    assert contender["status"] == "measured"
    assert statuses(contender) == {"a": "not measured"}
    assert record.complete_scenarios() == {(HOSTED_FLOOR.name, "a")}


def test_kept_trials_that_suffice_are_concluded_without_a_guest(record: Record) -> None:
    key = (HOSTED_FLOOR.name, "restart")
    kept = [cast(Event, trial(number, number * 9 * SECOND, 5000)) for number in range(1, 8)]
    record.journal.add_samples(key, 3, kept)
    record.journal.add_guest(key, {"replica": 3, "load": {"restart": {"busy": 0.1}}}, "7", {})
    plan = Plan((), {}, 4)
    run_plan(record, plan, scenarios()["restart"])
    contender = on_disk(record)
    assert (contender["status"], contender["version"]) == ("measured", "7")
    figures = {
        metric["metric"]: metric["n"] for metric in contender["scenarios"]["restart"]["metrics"]
    }
    assert figures["restart_long"] == 7
    assert [guest["replica"] for guest in contender["guests"]] == [3]
    assert len(record.read_samples()) == 7
    assert not (record.folder / KEPT_TRIALS).exists()


def test_the_baseline_is_a_hosted_floor_where_there_is_one(
    record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measurement, "run_measurement", lambda *_, **__: [])
    both = [replace(HOSTED_FLOOR, contender=contender) for contender in FLOOR.contenders]
    both.sort(key=lambda selected: not selected.contender.pid1)
    assert [selected.contender.pid1 for selected in both] == [True, False]
    for contenders in (both, both[:1]):
        scenario = FakeScenario("restart")
        plan = make_plan(contenders, [scenario], EFFORT, 4)
        job = find_baseline_job(plan.jobs)
        assert job is not None
        run_plan(record, plan, scenario)
        alone = record.run["alone"]
        assert alone is not None
        assert alone["pid1"] is (len(contenders) == 1)
        assert job.selected.contender.pid1 is (len(contenders) == 1)


@pytest.mark.parametrize("failure", [Problem("no answer"), EOFError("no answer")])
def test_a_run_goes_on_where_the_baseline_fails(
    record: Record, monkeypatch: pytest.MonkeyPatch, failure: Exception
) -> None:
    notes: list[str] = []

    def fail(*_: object) -> None:
        raise failure

    monkeypatch.setattr("bench.engine.run.measure_baseline", fail)
    monkeypatch.setattr(SilentObserver, "note", lambda _, sentence: notes.append(sentence))
    scenario = FakeScenario("restart")
    plan = make_plan([HOSTED_FLOOR], [scenario], EFFORT, 4)
    assert find_baseline_job(plan.jobs)
    run_plan(record, plan, scenario)
    assert record.run["alone"] is None
    assert statuses(on_disk(record)) == {"restart": "measured"}
    assert any("The floor alone cannot be measured" in note for note in notes)


def test_a_complete_run_waits_for_no_slow_library() -> None:
    code = (
        "import sys, bench.cli.output.progress_display, bench.engine.run, reports.formats.terminal;"
        "from bench.engine.request.options import SelectionOptions, parse_options;"
        "parse_options(selection=SelectionOptions(scenario=['restart']));"
        "print(*sorted({'numpy', 'scipy', 'vl_convert', 'distributed'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.stdout.strip(), done.stderr) == ("", "")


def test_no_image_is_built_of_a_system_without_a_contender() -> None:
    systems = (SYSTEMS["debian"], SYSTEMS["trixie"], SYSTEMS["sid"])
    prepared: list[System] = []
    provider = SimpleNamespace(guests=list, prepare=lambda system, notify: prepared.append(system))
    request = cast(BenchRequest, SimpleNamespace(provider=provider, systems=systems))
    contenders = select_contenders(systems, Selection(only=("runit@sid",))).contenders
    prepare(request, contenders, SilentObserver())
    assert [system.name for system in prepared] == ["debian", "sid"], "the floor's and runit's"
