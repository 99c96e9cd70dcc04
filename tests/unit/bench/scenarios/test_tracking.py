"""What the samples of lying pid files come to."""

from __future__ import annotations

from bench.model.events import SNAPSHOT, events_of_kind
from bench.scenarios.tracking import SCENARIO
from tests.support.recorded import answers, contender, judged, samples

SYSTEMD = "systemd/monitor/tuned/pid1"
GOD = "god/monitor/default/hosted"
RESTARTD = "restartd/monitor/tuned/hosted"
STALE = "sees through a stale pid file"
STRANGER = "is not fooled by a stranger"
SPARES = "spares a stranger when stopping"


def test_systemd_takes_up_the_stranger_that_its_pid_file_names() -> None:
    verdicts = judged(SCENARIO, SYSTEMD, samples("tracking-systemd"))
    assert answers(verdicts) == {
        "follows a daemon that forks twice": "yes",
        STALE: "yes",
        "sees through an empty pid file": "yes",
        STRANGER: "no",
        SPARES: "no",
    }
    assert "not started again within 15.5 s" in verdicts[STRANGER].sentence


def test_god_starts_a_second_daemon_beside_the_first() -> None:
    verdict = judged(SCENARIO, GOD, samples("tracking-god"))[STALE]
    assert verdict.answer == "no"
    assert "2 ran" in verdict.sentence


def test_who_reads_no_pid_file_is_not_asked_about_one() -> None:
    verdicts = judged(SCENARIO, RESTARTD, samples("tracking-restartd"))
    assert answers(verdicts)[STALE] == "not applicable"
    assert answers(verdicts)[STRANGER] == "no"
    assert "command line" in verdicts[STRANGER].sentence
    assert answers(verdicts)[SPARES] == "yes"


def test_a_zombie_is_no_daemon() -> None:
    found = samples("tracking-systemd")
    for snapshot in events_of_kind(found, SNAPSHOT):
        if snapshot["act"] == "detached":
            snapshot["processes"].append({"pid": 999, "ppid": 1, "comm": "testd", "state": "Z"})
    verdict = judged(SCENARIO, SYSTEMD, found)["follows a daemon that forks twice"]
    assert verdict.answer == "yes"


def test_a_runner_has_nothing_to_track() -> None:
    assert SCENARIO.inapplicable_reason(contender("runit/runner/default/hosted"))
    assert not SCENARIO.inapplicable_reason(contender(GOD))
