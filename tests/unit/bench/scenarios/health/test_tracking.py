"""Verdicts on lying pid files."""

from __future__ import annotations

from bench.model.events import SNAPSHOT, events_of_kind
from bench.scenarios.health.tracking import SCENARIO
from tests.support.samples.recorded import answers, contender, judged, samples

SYSTEMD = "systemd/monitor/fast/pid1"
GOD = "god/monitor/default/hosted"
RESTARTD = "restartd/monitor/fast/hosted"
STALE = "sees through a stale pid file"
STRANGER = "is not fooled by a stranger"
SPARES = "spares a stranger when stopping"


def test_a_stranger_named_by_the_pid_file_and_stopped_is_a_no() -> None:
    verdicts = judged(SCENARIO, SYSTEMD, samples("tracking-systemd"))
    assert answers(verdicts) == {
        "follows a daemon that forks twice": "yes",
        STALE: "yes",
        "sees through an empty pid file": "yes",
        STRANGER: "no",
        SPARES: "no",
    }
    assert "not started again within 15.5 s" in verdicts[STRANGER].sentence


def test_a_second_daemon_beside_the_living_one_is_a_no() -> None:
    verdict = judged(SCENARIO, GOD, samples("tracking-god"))[STALE]
    assert verdict.answer == "no"
    assert "2 ran" in verdict.sentence


def test_lies_of_a_pid_file_that_is_not_read_are_not_applicable() -> None:
    verdicts = judged(SCENARIO, RESTARTD, samples("tracking-restartd"))
    assert answers(verdicts)[STALE] == "not applicable"
    assert answers(verdicts)[STRANGER] == "no"
    assert "command line" in verdicts[STRANGER].sentence
    assert answers(verdicts)[SPARES] == "yes"


def test_a_zombie_is_not_counted_as_a_daemon() -> None:
    recorded = samples("tracking-systemd")
    for snapshot in events_of_kind(recorded, SNAPSHOT):
        if snapshot["act"] == "detached":
            snapshot["processes"].append({"pid": 999, "ppid": 1, "comm": "testd", "state": "Z"})
    verdict = judged(SCENARIO, SYSTEMD, recorded)["follows a daemon that forks twice"]
    assert verdict.answer == "yes"


def test_a_runner_is_not_judged() -> None:
    assert SCENARIO.inapplicable_reason(contender("runit/runner/default/hosted"))
    assert not SCENARIO.inapplicable_reason(contender(GOD))
