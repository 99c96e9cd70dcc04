"""What the samples of storms come to."""

from __future__ import annotations

from bench.model.events import SNAPSHOT, STORM, Event, events_of_kind
from bench.model.events.program import StormEnded
from bench.scenarios.storm import SCENARIO, StormRounds
from tests.support.recorded import QUICK, contender, judged, samples

FLOOR = "floor/runner/default/pid1"
TEN = "10 killed at once"


def storms(recorded: list[Event]) -> list[StormEnded]:
    return events_of_kind(recorded, STORM)


def test_all_came_back() -> None:
    verdict = judged(SCENARIO, FLOOR, samples("storm-floor"))[TEN]
    assert verdict.answer == "yes"
    assert "3 times of 3" in verdict.sentence
    metric = SCENARIO.conclude(contender(FLOOR), samples("storm-floor"))[0]
    assert (metric.metric, metric.n, metric.censored) == ("storm_10", 3, 0)


def test_one_that_is_lost_is_named_and_censored() -> None:
    found = samples("storm-floor")
    storms(found)[0]["killed"][3]["main_ns"] = None
    verdict = judged(SCENARIO, FLOOR, found)[TEN]
    assert verdict.answer == "partly"
    assert "lost: s4" in verdict.sentence
    assert SCENARIO.conclude(contender(FLOOR), found)[0].censored == 1


def test_none_back_is_no() -> None:
    found = samples("storm-floor")
    for storm in storms(found):
        for kill in storm["killed"]:
            kill["main_ns"] = None
    assert judged(SCENARIO, FLOOR, found)[TEN].answer == "no"


def test_a_service_that_runs_twice_is_not_all_right() -> None:
    found = samples("storm-floor")
    last = events_of_kind(found, SNAPSHOT)[-1]
    last["processes"].append({"pid": 99, "ppid": 1, "comm": "testd", "state": "S"})
    verdict = judged(SCENARIO, FLOOR, found)[TEN]
    assert verdict.answer == "partly"
    assert "more than services afterwards: 1" in verdict.sentence


def test_nothing_is_said_of_services_that_were_not_up() -> None:
    found = samples("storm-floor")
    for storm in storms(found):
        storm["killed"] = storm["killed"][:4]
    verdict = judged(SCENARIO, FLOOR, found)[TEN]
    assert verdict.answer == "not measured"
    assert "4 of 10" in verdict.sentence


def test_those_who_did_not_live_to_see_a_later_storm_are_lost() -> None:
    found = samples("storm-floor")
    storms(found)[0]["killed"][3]["main_ns"] = None
    storms(found)[1]["killed"] = []
    storms(found)[2]["killed"] = storms(found)[2]["killed"][:4]
    verdict = judged(SCENARIO, FLOOR, found)[TEN]
    assert verdict.answer == "partly"
    assert "not up to be killed by a later one: 16" in verdict.sentence
    metric = SCENARIO.conclude(contender(FLOOR), found)[0]
    assert (metric.n, metric.censored) == (3, 3)


def test_a_slow_poller_has_no_place_in_a_quick_run() -> None:
    assert SCENARIO.work_units(contender("monit/monitor/default/hosted"), QUICK) == []
    (unit,) = SCENARIO.work_units(contender(FLOOR), QUICK)
    assert unit.parameters_as(StormRounds).sizes == (10,)
