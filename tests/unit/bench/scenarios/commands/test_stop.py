"""Verdicts on stops."""

from __future__ import annotations

from bench.model.events import SNAPSHOT, events_of_kind
from bench.scenarios.commands.stop import BEHAVIOURS, SCENARIO
from tests.support.samples.recorded import answers, contender, judged, samples, without

STAYS, STARTS, STRAYS, SESSIONS, PORT, KILLS = BEHAVIOURS
RUNIT = "runit/runner/default/hosted"
SYSTEMD = "systemd/runner/default/pid1"
STRICT = "supervisord/runner/strict/hosted"


def test_a_stop_of_the_daemon_alone_leaves_children_and_the_stubborn() -> None:
    given = answers(judged(SCENARIO, RUNIT, samples("stop-runit")))
    left = {STRAYS: "no", SESSIONS: "no", PORT: "no", KILLS: "no"}
    assert given == {STAYS: "yes", STARTS: "yes", **left}


def test_a_stop_of_the_process_group_leaves_other_sessions() -> None:
    given = answers(judged(SCENARIO, STRICT, samples("stop-supervisord-strict")))
    ended = {STRAYS: "yes", SESSIONS: "no", PORT: "yes", KILLS: "yes"}
    assert given == {STAYS: "yes", STARTS: "yes", **ended}


def test_a_stop_of_the_whole_control_group_is_a_yes() -> None:
    verdicts = judged(SCENARIO, SYSTEMD, samples("stop-systemd"))
    assert set(answers(verdicts).values()) == {"yes"}
    assert "90.2 s" in verdicts[KILLS].sentence


def test_a_service_that_comes_back_does_not_stay_down() -> None:
    recorded = samples("stop-runit")
    back = next(
        sample for sample in recorded if sample["event"] == "start" and sample["act"] == "started"
    )
    place = max(n for n, sample in enumerate(recorded) if sample["act"] == "stopped")
    back["act"] = "stopped"
    recorded.insert(place, back)
    assert judged(SCENARIO, RUNIT, recorded)[STAYS].answer == "no"


def test_some_surviving_children_are_partly() -> None:
    recorded = samples("stop-runit")
    _, last = (
        snapshot for snapshot in events_of_kind(recorded, SNAPSHOT) if snapshot["act"] == "stopped"
    )
    child = next(process for process in last["processes"] if process["comm"] == "testd-child")
    child["state"] = "Z"
    assert judged(SCENARIO, RUNIT, recorded)[STRAYS].answer == "partly"


def test_a_daemon_without_children_is_not_measured() -> None:
    recorded = samples("stop-runit")
    for snapshot in events_of_kind(recorded, SNAPSHOT):
        daemons = [process for process in snapshot["processes"] if process["comm"] == "testd"]
        snapshot["processes"] = daemons
    assert judged(SCENARIO, RUNIT, recorded)[STRAYS].answer == "not measured"


def test_a_service_that_ran_before_the_command_is_not_measured() -> None:
    recorded = without(samples("stop-runit"), "up", "started")
    up = next(sample for sample in samples("stop-runit") if sample["event"] == "up")
    recorded.append({**up, "act": "started"})
    assert judged(SCENARIO, RUNIT, recorded)[STARTS].answer == "not measured"


def test_the_floor_is_not_judged() -> None:
    assert SCENARIO.inapplicable_reason(contender("floor/runner/default/hosted"))
    assert not SCENARIO.inapplicable_reason(contender(RUNIT))


def test_no_samples_are_not_measured() -> None:
    assert set(answers(judged(SCENARIO, RUNIT, [])).values()) == {"not measured"}
