"""What the samples of ever more services come to."""

from __future__ import annotations

from bench.model.events import GATHERED, RAN, RESTART, Event, events_of_kind
from bench.model.events.program import CommandRan
from bench.scenarios.scale import SCENARIO
from tests.support.recorded import QUICK, contender, judged, samples

RUNIT = "runit/runner/default/hosted"
AT_990 = "keeps 990 services"


def room(recorded: list[Event]) -> CommandRan:
    """Return what the guest printed of itself at the last size."""
    return events_of_kind(recorded, RAN)[-1]


def test_runsvdir_has_a_ceiling_of_1000() -> None:
    verdicts = judged(SCENARIO, RUNIT, samples("scale-runit"))
    assert verdicts["keeps 990 services"].answer == "yes"
    assert "1.00 processes" in verdicts["keeps 990 services"].sentence
    beyond = verdicts["keeps 2000 services"]
    assert beyond.answer == "no"
    assert "1000 of 2000 ran" in beyond.sentence
    assert "the guest had room" in beyond.sentence


def test_where_the_guest_gives_out_it_says_so() -> None:
    found = samples("scale-runit")
    room(found)["output"] = "32760 32768 unlimited 20000 900000"
    sentence = judged(SCENARIO, RUNIT, found)["keeps 2000 services"].sentence
    assert "the guest gave out: 32760 of 32768 processes" in sentence


def test_one_that_does_not_come_back_is_no_keeping() -> None:
    found = samples("scale-runit")
    for trial in events_of_kind(found, RESTART):
        if trial["size"] == 990:
            trial["censored"], trial["main_ns"] = True, None
    verdict = judged(SCENARIO, RUNIT, found)["keeps 990 services"]
    assert verdict.answer == "no"
    assert "not back in time" in verdict.sentence


def test_a_supervisor_that_dies_of_it_is_no_keeping() -> None:
    found = [
        each
        for each in samples("scale-runit")
        if each["size"] < 2000 or each["event"] in ("gathered", "ran")
    ]
    found.append({"size": 2000, "event": "died"})
    verdict = judged(SCENARIO, RUNIT, found)["keeps 2000 services"]
    assert verdict.answer == "no"
    assert "has died of it" in verdict.sentence


def test_a_pid_1_that_dies_of_it_is_no_keeping() -> None:
    found = [each for each in samples("scale-runit") if each["size"] < 2000]
    found.append({"size": 2000, "event": "died"})
    verdict = judged(SCENARIO, RUNIT, found)["keeps 2000 services"]
    assert verdict.answer == "no"
    assert "PID 1 died" in verdict.sentence
    assert verdict.evidence == (len(found) - 1,)
    figures = SCENARIO.conclude(contender(RUNIT), found)
    assert not [each for each in figures if each.metric.endswith("_2000")]


def test_figures_of_each_size() -> None:
    metrics = {
        each.metric: each for each in SCENARIO.conclude(contender(RUNIT), samples("scale-runit"))
    }
    assert metrics["scale_up_990"].median == 990
    assert metrics["scale_up_2000"].median == 1000
    assert "scale_seconds_1" not in metrics
    assert metrics["scale_restart_100"].n == 3


def test_a_start_without_a_stamp_is_a_figure() -> None:
    found = samples("scale-runit")
    assert "no stamp lost of 1002 starts" in judged(SCENARIO, RUNIT, found)[AT_990].sentence
    for gathered in events_of_kind(found, GATHERED):
        if gathered["size"] == 100:
            gathered["lost"] = 2
    for trial in events_of_kind(found, RESTART):
        if trial["size"] == 990 and trial["trial"] == 1:
            trial["starts_missed"] = 1
    assert "3 stamps lost of 1002 starts" in judged(SCENARIO, RUNIT, found)[AT_990].sentence
    metrics = {each.metric: each.median for each in SCENARIO.conclude(contender(RUNIT), found)}
    assert [metrics[f"scale_lost_{size}"] for size in (10, 100, 990)] == [0, 2, 3]


def test_a_quick_run_stops_at_ten() -> None:
    (unit,) = SCENARIO.work_units(contender(RUNIT), QUICK)
    assert (unit.parameters, unit.own_guest, unit.cpu_heavy) == ((1, 10), True, True)
