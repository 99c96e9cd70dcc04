"""Verdicts on a dead daemon's children."""

from __future__ import annotations

from bench.model.events import SNAPSHOT, events_of_kind
from bench.model.observation.processes import daemons
from bench.model.stages import label_events
from bench.scenarios.survivors.children import SCENARIO
from tests.support.samples.recorded import answers, judged, samples

CLEANS = "cleans up after a dead daemon"
CLEANS_SESSIONS = "cleans up other sessions, too"
FREES = "frees the port of a dead daemon"
RUNIT, STRICT = "runit/runner/default/hosted", "runit/runner/strict/hosted"
SYSTEMD = "systemd/runner/default/pid1"


def test_the_end_of_a_whole_control_group_is_a_yes_throughout() -> None:
    verdicts = judged(SCENARIO, SYSTEMD, samples("children-systemd"))
    assert answers(verdicts) == {CLEANS: "yes", CLEANS_SESSIONS: "yes", FREES: "yes"}
    assert "the successor listened after 1 start." in verdicts[FREES].sentence


def test_the_end_of_a_process_group_leaves_other_sessions() -> None:
    verdicts = judged(SCENARIO, STRICT, samples("children-runit-strict"))
    assert answers(verdicts) == {CLEANS: "yes", CLEANS_SESSIONS: "no", FREES: "yes"}


def test_surviving_children_are_counted_apart_from_the_successors() -> None:
    verdicts = judged(SCENARIO, RUNIT, samples("children-runit"))
    assert set(answers(verdicts).values()) == {"no"}
    for behaviour in (CLEANS, CLEANS_SESSIONS):
        assert "3 of 3" in verdicts[behaviour].sentence
        assert "under init, beside its successor's 3" in verdicts[behaviour].sentence


def test_a_child_that_holds_the_port_makes_starts_fail() -> None:
    sentence = judged(SCENARIO, RUNIT, samples("children-runit"))[FREES].sentence
    assert sentence == "A child held the port 5.0 s later, and 5 starts failed."


def test_a_port_without_a_child_is_not_measured() -> None:
    recorded = samples("children-runit")
    for snapshot in events_of_kind(recorded, SNAPSHOT):
        if snapshot["act"] == "port":
            snapshot["processes"] = daemons(snapshot)
    assert judged(SCENARIO, RUNIT, recorded)[FREES].answer == "not measured"


def test_a_missing_restart_is_named_beside_surviving_children() -> None:
    recorded = label_events("children", samples("children-restartd"))
    verdict = judged(SCENARIO, "restartd/monitor/fast/hosted", recorded)[CLEANS]
    assert verdict.answer == "no"
    assert "not started again within 17.5 s" in verdict.sentence


def test_a_daemon_without_children_is_not_measured() -> None:
    recorded = samples("children-runit")
    for snapshot in events_of_kind(recorded, SNAPSHOT):
        others = [process for process in snapshot["processes"] if process["comm"] != "testd-child"]
        snapshot["processes"] = others
    verdict = judged(SCENARIO, RUNIT, recorded)[CLEANS]
    assert verdict.answer == "not measured"
