"""Verdicts and figures of storms."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import cast

import pytest

from bench.model.events import SNAPSHOT, STORM, Event, events_of_kind
from bench.model.events.program import StormEnded
from bench.model.scenario import ScenarioContext
from bench.scenarios.restarts.storm import SCENARIO, StormRounds, _one_storm_at_a_time
from tests.support.samples.recorded import QUICK, contender, judged, samples

FLOOR = "floor/runner/default/pid1"
TEN = "10 killed at once"


def storms(recorded: list[Event]) -> list[StormEnded]:
    return events_of_kind(recorded, STORM)


def test_services_that_all_come_back_are_a_yes() -> None:
    verdict = judged(SCENARIO, FLOOR, samples("storm-floor"))[TEN]
    assert verdict.answer == "yes"
    assert "in 3 storms" in verdict.sentence
    metric = SCENARIO.conclude(contender(FLOOR), samples("storm-floor"))[0]
    assert (metric.metric, metric.n, metric.censored) == ("storm_10", 3, 0)


def test_a_lost_service_is_named_and_its_storm_censored() -> None:
    recorded = samples("storm-floor")
    storms(recorded)[0]["killed"][3]["main_ns"] = None
    verdict = judged(SCENARIO, FLOOR, recorded)[TEN]
    assert verdict.answer == "partly"
    assert "lost: s4" in verdict.sentence
    assert SCENARIO.conclude(contender(FLOOR), recorded)[0].censored == 1


def test_no_service_back_is_a_no() -> None:
    recorded = samples("storm-floor")
    for storm in storms(recorded):
        for kill in storm["killed"]:
            kill["main_ns"] = None
    assert judged(SCENARIO, FLOOR, recorded)[TEN].answer == "no"


def test_a_service_that_runs_twice_is_partly() -> None:
    recorded = samples("storm-floor")
    last = events_of_kind(recorded, SNAPSHOT)[-1]
    last["processes"].append({"pid": 99, "ppid": 1, "comm": "testd", "state": "S"})
    verdict = judged(SCENARIO, FLOOR, recorded)[TEN]
    assert verdict.answer == "partly"
    assert "more than services afterwards: 1" in verdict.sentence


def test_services_that_were_not_up_are_not_measured() -> None:
    recorded = samples("storm-floor")
    for storm in storms(recorded):
        storm["killed"] = storm["killed"][:4]
    verdict = judged(SCENARIO, FLOOR, recorded)[TEN]
    assert verdict.answer == "not measured"
    assert "4 of 10" in verdict.sentence


def test_services_absent_from_a_later_storm_are_lost() -> None:
    recorded = samples("storm-floor")
    storms(recorded)[0]["killed"][3]["main_ns"] = None
    storms(recorded)[1]["killed"] = []
    storms(recorded)[2]["killed"] = storms(recorded)[2]["killed"][:4]
    verdict = judged(SCENARIO, FLOOR, recorded)[TEN]
    assert verdict.answer == "partly"
    assert "not up to be killed by a later one: 16" in verdict.sentence
    metric = SCENARIO.conclude(contender(FLOOR), recorded)[0]
    assert (metric.n, metric.censored) == (3, 3)


def test_a_quick_run_skips_a_slow_poller() -> None:
    assert SCENARIO.work_units(contender("monit/monitor/default/hosted"), QUICK) == []
    (unit,) = SCENARIO.work_units(contender(FLOOR), QUICK)
    assert unit.parameters_as(StormRounds).sizes == (10,)


def test_a_storm_that_does_not_end_leaves_the_host_to_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("bench.scenarios.restarts.storm.LONGEST_ALONE", 0.01)
    alone = threading.Event()
    left = threading.Event()

    @contextmanager
    def loud(is_alone: bool) -> Iterator[None]:
        assert is_alone
        alone.set()
        yield
        left.set()

    context = SimpleNamespace(contender=contender("runit/runner/default/pid1"), loud=loud)
    with _one_storm_at_a_time(cast(ScenarioContext, context)):
        assert alone.is_set()
        assert left.wait(20), "while the storm goes on"


def test_a_storm_that_ends_soon_leaves_the_host_then() -> None:
    left: list[bool] = []

    @contextmanager
    def loud(is_alone: bool) -> Iterator[None]:
        yield
        left.append(is_alone)

    context = SimpleNamespace(contender=contender("runit/runner/default/pid1"), loud=loud)
    with _one_storm_at_a_time(cast(ScenarioContext, context)):
        assert left == []
    assert left == [True]
