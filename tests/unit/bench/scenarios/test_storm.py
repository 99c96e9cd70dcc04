"""What the samples of storms come to."""

from __future__ import annotations

from bench.scenarios.storm import SCENARIO
from tests.support.recorded import contender, judged, samples

FLOOR = "floor/runner/default/pid1"
TEN = "10 killed at once"


def test_all_came_back() -> None:
    verdict = judged(SCENARIO, FLOOR, samples("storm-floor"))[TEN]
    assert verdict.answer == "yes"
    assert "3 times of 3" in verdict.sentence
    metric = SCENARIO.conclude(contender(FLOOR), samples("storm-floor"))[0]
    assert (metric.metric, metric.n, metric.censored) == ("storm_10", 3, 0)


def test_one_that_is_lost_is_named_and_censored() -> None:
    found = samples("storm-floor")
    found[0]["killed"][3]["main_ns"] = None
    verdict = judged(SCENARIO, FLOOR, found)[TEN]
    assert verdict.answer == "partly"
    assert "lost: s4" in verdict.sentence
    assert SCENARIO.conclude(contender(FLOOR), found)[0].censored == 1


def test_none_back_is_no() -> None:
    found = samples("storm-floor")
    for storm in found[:3]:
        for each in storm["killed"]:
            each["main_ns"] = None
    assert judged(SCENARIO, FLOOR, found)[TEN].answer == "no"


def test_a_service_that_runs_twice_is_not_all_right() -> None:
    found = samples("storm-floor")
    found[-1]["processes"].append({"pid": 99, "ppid": 1, "comm": "testd", "state": "S"})
    verdict = judged(SCENARIO, FLOOR, found)[TEN]
    assert verdict.answer == "partly"
    assert "more than services afterwards: 1" in verdict.sentence


def test_nothing_is_said_of_services_that_were_not_up() -> None:
    found = samples("storm-floor")
    for storm in found[:3]:
        storm["killed"] = storm["killed"][:4]
    verdict = judged(SCENARIO, FLOOR, found)[TEN]
    assert verdict.answer == "not measured"
    assert "4 of 10" in verdict.sentence


def test_those_who_did_not_live_to_see_a_later_storm_are_lost() -> None:
    found = samples("storm-floor")
    found[0]["killed"][3]["main_ns"] = None
    found[1]["killed"] = []
    found[2]["killed"] = found[2]["killed"][:4]
    verdict = judged(SCENARIO, FLOOR, found)[TEN]
    assert verdict.answer == "partly"
    assert "not up to be killed by a later one: 16" in verdict.sentence
    metric = SCENARIO.conclude(contender(FLOOR), found)[0]
    assert (metric.n, metric.censored) == (3, 3)


def test_a_slow_poller_has_no_place_in_a_quick_run() -> None:
    from bench.model.scenario import SamplingEffort

    quick = SamplingEffort(trials=6, enough=25, budget=30, replicas=16, seed=1)
    assert SCENARIO.work_units(contender("monit/monitor/default/hosted"), quick) == []
    assert SCENARIO.work_units(contender(FLOOR), quick)[0].work["sizes"] == (10,)
