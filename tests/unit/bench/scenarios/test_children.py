"""Verdicts on a dead daemon's children."""

from __future__ import annotations

from bench.model.events import SNAPSHOT, events_of_kind
from bench.scenarios.children import SCENARIO
from tests.support.samples.recorded import judged, samples

CLEANS = "cleans up after a dead daemon"


def test_children_that_are_gone_are_a_yes() -> None:
    recorded = samples("children-systemd")
    assert judged(SCENARIO, "systemd/runner/default/pid1", recorded)[CLEANS].answer == "yes"


def test_surviving_children_are_counted_apart_from_the_successors() -> None:
    verdict = judged(SCENARIO, "runit/runner/default/hosted", samples("children-runit"))[CLEANS]
    assert verdict.answer == "no"
    assert "3 of 3" in verdict.sentence
    assert "under init, beside its successor's 3" in verdict.sentence


def test_a_missing_restart_is_named_beside_surviving_children() -> None:
    recorded = samples("children-restartd")
    verdict = judged(SCENARIO, "restartd/monitor/fast/hosted", recorded)[CLEANS]
    assert verdict.answer == "no"
    assert "not started again within 17.5 s" in verdict.sentence


def test_a_daemon_without_children_is_not_measured() -> None:
    recorded = samples("children-runit")
    for snapshot in events_of_kind(recorded, SNAPSHOT):
        others = [process for process in snapshot["processes"] if process["comm"] != "testd-child"]
        snapshot["processes"] = others
    verdict = judged(SCENARIO, "runit/runner/default/hosted", recorded)[CLEANS]
    assert verdict.answer == "not measured"
