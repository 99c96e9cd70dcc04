"""What the samples of left children come to."""

from __future__ import annotations

from bench.model.events import SNAPSHOT, events_of_kind
from bench.scenarios.children import SCENARIO
from tests.support.recorded import judged, samples

CLEANS = "cleans up after a dead daemon"


def test_a_control_group_is_emptied() -> None:
    found = samples("children-systemd")
    assert judged(SCENARIO, "systemd/runner/default/pid1", found)[CLEANS].answer == "yes"


def test_children_left_are_counted_beside_the_successors() -> None:
    verdict = judged(SCENARIO, "runit/runner/default/hosted", samples("children-runit"))[CLEANS]
    assert verdict.answer == "no"
    assert "3 of 3" in verdict.sentence
    assert "under init, beside its successor's 3" in verdict.sentence


def test_children_may_be_taken_for_the_daemon() -> None:
    found = samples("children-restartd")
    verdict = judged(SCENARIO, "restartd/monitor/tuned/hosted", found)[CLEANS]
    assert verdict.answer == "no"
    assert "not started again within 17.5 s" in verdict.sentence


def test_without_children_there_is_nothing_to_judge() -> None:
    found = samples("children-runit")
    for snapshot in events_of_kind(found, SNAPSHOT):
        others = [process for process in snapshot["processes"] if process["comm"] != "testd-child"]
        snapshot["processes"] = others
    verdict = judged(SCENARIO, "runit/runner/default/hosted", found)[CLEANS]
    assert verdict.answer == "not measured"
