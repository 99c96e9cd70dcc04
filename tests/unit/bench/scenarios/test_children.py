"""Verdicts on a dead daemon's children."""

from __future__ import annotations

from bench.model.events import SNAPSHOT, Event, events_of_kind
from bench.model.stages import label_events
from bench.scenarios.children import SCENARIO
from tests.support.samples import recorded as files
from tests.support.samples.recorded import judged

CLEANS = "cleans up after a dead daemon"


def recorded(name: str) -> list[Event]:
    return label_events("children", files.samples(name))


def test_children_that_are_gone_are_a_yes() -> None:
    samples = recorded("children-systemd")
    assert judged(SCENARIO, "systemd/runner/default/pid1", samples)[CLEANS].answer == "yes"


def test_surviving_children_are_counted_apart_from_the_successors() -> None:
    verdict = judged(SCENARIO, "runit/runner/default/hosted", recorded("children-runit"))[CLEANS]
    assert verdict.answer == "no"
    assert "3 of 3" in verdict.sentence
    assert "under init, beside its successor's 3" in verdict.sentence


def test_a_missing_restart_is_named_beside_surviving_children() -> None:
    samples = recorded("children-restartd")
    verdict = judged(SCENARIO, "restartd/monitor/fast/hosted", samples)[CLEANS]
    assert verdict.answer == "no"
    assert "not started again within 17.5 s" in verdict.sentence


def test_a_daemon_without_children_is_not_measured() -> None:
    samples = recorded("children-runit")
    for snapshot in events_of_kind(samples, SNAPSHOT):
        others = [process for process in snapshot["processes"] if process["comm"] != "testd-child"]
        snapshot["processes"] = others
    verdict = judged(SCENARIO, "runit/runner/default/hosted", samples)[CLEANS]
    assert verdict.answer == "not measured"
