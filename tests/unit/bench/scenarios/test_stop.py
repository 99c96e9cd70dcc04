"""What the samples of a stop come to."""

from __future__ import annotations

from bench.model.events import SNAPSHOT, events_of_kind
from bench.scenarios.stop import BEHAVIOURS, SCENARIO
from tests.support.recorded import answers, contender, judged, samples, without

STAYS, STARTS, STRAYS, KILLS = BEHAVIOURS
RUNIT = "runit/runner/default/hosted"
SYSTEMD = "systemd/runner/tuned/pid1"


def test_one_that_signals_the_daemon_alone() -> None:
    found = answers(judged(SCENARIO, RUNIT, samples("stop-runit")))
    assert found == {STAYS: "yes", STARTS: "yes", STRAYS: "no", KILLS: "no"}


def test_one_that_ends_the_whole_group() -> None:
    verdicts = judged(SCENARIO, SYSTEMD, samples("stop-systemd"))
    assert set(answers(verdicts).values()) == {"yes"}
    assert "90.1 s" in verdicts[KILLS].sentence


def test_a_service_that_comes_back_did_not_stop() -> None:
    found = samples("stop-runit")
    back = next(each for each in found if each["event"] == "start" and each["act"] == "started")
    place = max(n for n, each in enumerate(found) if each["act"] == "stopped")
    found.insert(place, {**back, "act": "stopped"})
    assert judged(SCENARIO, RUNIT, found)[STAYS].answer == "no"


def test_some_children_left_is_partly() -> None:
    found = samples("stop-runit")
    last = events_of_kind(found, SNAPSHOT)[-1]
    child = next(process for process in last["processes"] if process["comm"] == "testd-child")
    child["state"] = "Z"
    assert judged(SCENARIO, RUNIT, found)[STRAYS].answer == "partly"


def test_a_daemon_without_children_shows_nothing_of_them() -> None:
    found = samples("stop-runit")
    for snapshot in events_of_kind(found, SNAPSHOT):
        daemons = [process for process in snapshot["processes"] if process["comm"] == "testd"]
        snapshot["processes"] = daemons
    assert judged(SCENARIO, RUNIT, found)[STRAYS].answer == "not measured"


def test_running_before_being_asked_is_no_start() -> None:
    found = without(samples("stop-runit"), "up", "started")
    up = next(each for each in samples("stop-runit") if each["event"] == "up")
    found.append({**up, "act": "started"})
    assert judged(SCENARIO, RUNIT, found)[STARTS].answer == "not measured"


def test_the_floor_cannot_be_asked() -> None:
    assert SCENARIO.inapplicable_reason(contender("floor/runner/default/hosted"))
    assert not SCENARIO.inapplicable_reason(contender(RUNIT))


def test_nothing_recorded_is_nothing_measured() -> None:
    assert set(answers(judged(SCENARIO, RUNIT, [])).values()) == {"not measured"}
