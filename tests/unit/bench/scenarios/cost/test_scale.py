"""Verdicts and figures of ever more services."""

from __future__ import annotations

from typing import cast

from bench.model.events import GATHERED, RAN, RESTART, Event, events_of_kind
from bench.model.events.program import CommandRan
from bench.scenarios.cost.scale import SCENARIO, SIZES, RampUp
from tests.support.samples.recorded import FULL, QUICK, concluded, contender, judged, samples

RUNIT = "runit/runner/default/hosted"
AT_990 = "keeps 990 services"


def room(recorded: list[Event]) -> CommandRan:
    """Return what the guest printed of itself at the last size."""
    return events_of_kind(recorded, RAN)[-1]


def test_services_beyond_a_limit_are_a_no() -> None:
    verdicts = judged(SCENARIO, RUNIT, samples("scale-runit"))
    assert verdicts["keeps 990 services"].answer == "yes"
    assert "1.00 processes" in verdicts["keeps 990 services"].sentence
    beyond = verdicts["keeps 2000 services"]
    assert beyond.answer == "no"
    assert "1000 of 2000 ran" in beyond.sentence
    assert "the guest had room" in beyond.sentence


def test_a_full_guest_is_named() -> None:
    recorded = samples("scale-runit")
    room(recorded)["output"] = "32760 32768 unlimited 20000 900000"
    sentence = judged(SCENARIO, RUNIT, recorded)["keeps 2000 services"].sentence
    assert "the guest gave out: 32760 of 32768 processes" in sentence


def test_a_killed_service_that_does_not_come_back_is_a_no() -> None:
    recorded = samples("scale-runit")
    for trial in events_of_kind(recorded, RESTART):
        if trial["size"] == 990:
            trial["censored"], trial["main_ns"] = True, None
    verdict = judged(SCENARIO, RUNIT, recorded)["keeps 990 services"]
    assert verdict.answer == "no"
    assert "not back in time" in verdict.sentence


def test_a_supervisor_that_dies_is_a_no() -> None:
    recorded = [
        sample
        for sample in samples("scale-runit")
        if sample["size"] < 2000 or sample["event"] in ("gathered", "ran")
    ]
    recorded.append({"size": 2000, "event": "died"})
    verdict = judged(SCENARIO, RUNIT, recorded)["keeps 2000 services"]
    assert verdict.answer == "no"
    assert "has died of it" in verdict.sentence


def test_a_pid_1_that_dies_is_a_no_without_figures() -> None:
    recorded = [sample for sample in samples("scale-runit") if sample["size"] < 2000]
    recorded.append({"size": 2000, "event": "died"})
    verdict = judged(SCENARIO, RUNIT, recorded)["keeps 2000 services"]
    assert verdict.answer == "no"
    assert "PID 1 died" in verdict.sentence
    assert verdict.evidence == (len(recorded) - 1,)
    figures = SCENARIO.conclude(contender(RUNIT), recorded)
    assert not [metric for metric in figures if metric.metric.endswith("_2000")]


def test_every_size_has_figures() -> None:
    metrics = concluded(SCENARIO, RUNIT, samples("scale-runit"))
    assert metrics["scale_up_990"].median == 990
    assert metrics["scale_up_2000"].median == 1000
    assert "scale_seconds_1" not in metrics
    assert metrics["scale_restart_100"].n == 3


def test_starts_without_a_stamp_are_counted() -> None:
    recorded = samples("scale-runit")
    assert "no stamp lost of 1002 starts" in judged(SCENARIO, RUNIT, recorded)[AT_990].sentence
    for gathered in events_of_kind(recorded, GATHERED):
        if gathered["size"] == 100:
            gathered["lost"] = 2
    for trial in events_of_kind(recorded, RESTART):
        if trial["size"] == 990 and trial["trial"] == 1:
            trial["starts_missed"] = 1
    assert "3 stamps lost of 1002 starts" in judged(SCENARIO, RUNIT, recorded)[AT_990].sentence
    metrics = concluded(SCENARIO, RUNIT, recorded)
    assert [metrics[f"scale_lost_{size}"].median for size in (10, 100, 990)] == [0, 2, 3]


def test_a_quick_run_stops_at_ten_services() -> None:
    (unit,) = SCENARIO.work_units(contender(RUNIT), QUICK)
    assert (unit.parameters, unit.own_guest) == (RampUp(0, (1, 10)), True)


def test_two_guests_share_the_sizes_of_a_slow_poller() -> None:
    """Together they measure every size once; the second starts where the first ends."""
    few, many = SCENARIO.work_units(contender("monit/monitor/default/hosted"), FULL)
    first, second = few.parameters_as(RampUp), many.parameters_as(RampUp)
    assert first.sizes + second.sizes == SIZES
    assert (first.start, second.start) == (0, first.sizes[-1])


def test_the_state_in_which_it_begins_is_of_no_size() -> None:
    """The engine puts it before what the scenario brings."""
    state = cast(Event, {"scenario": "scale", "event": "state"})
    recorded = samples("scale-runit")
    assert concluded(SCENARIO, RUNIT, [state, *recorded]) == concluded(SCENARIO, RUNIT, recorded)
