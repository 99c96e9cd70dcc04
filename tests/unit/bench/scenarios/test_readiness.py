"""What the samples of a late announcement come to."""

from __future__ import annotations

from bench.model.events import RAN, READY, events_of_kind
from bench.scenarios.readiness import ENDS, RESTARTS, SCENARIO, WAITS
from tests.support.recorded import answers, contender, judged, samples

S6 = "s6/runner/tuned/pid1"
SYSTEMD = "systemd/runner/default/pid1"


def test_s6_has_a_command_that_waits_and_waits_for_ever() -> None:
    verdicts = judged(SCENARIO, S6, samples("readiness-s6"))
    assert answers(verdicts) == {WAITS: "yes", RESTARTS: "yes", ENDS: "no"}
    assert "1.0 s, and after 39.5 ms" in verdicts[RESTARTS].sentence


def test_systemd_loses_patience() -> None:
    verdicts = judged(SCENARIO, SYSTEMD, samples("readiness-systemd"))
    assert set(answers(verdicts).values()) == {"yes"}
    assert "90.2 s" in verdicts[ENDS].sentence


def test_a_command_that_does_not_wait_is_seen() -> None:
    found = samples("readiness-s6")
    ready = next(event for event in events_of_kind(found, READY) if event["act"] == "late")
    for command in events_of_kind(found, RAN):
        if command["act"] == "late":
            command["end_ns"] = ready["ready_ns"] - 1_000_000
    verdict = judged(SCENARIO, S6, found)[WAITS]
    assert verdict.answer == "no"
    assert "1.0 ms before" in verdict.sentence


def test_whom_it_does_not_apply_to_has_a_reason_of_its_own() -> None:
    runit = SCENARIO.inapplicable_reason(contender("runit/runner/default/hosted"))
    monit = SCENARIO.inapplicable_reason(contender("monit/monitor/tuned/hosted"))
    assert "./check" in runit
    assert "detaches" in monit
    assert not SCENARIO.inapplicable_reason(contender(S6))


def test_nothing_recorded_is_nothing_measured() -> None:
    assert set(answers(judged(SCENARIO, S6, [])).values()) == {"not measured"}
