"""Verdicts on a late announcement."""

from __future__ import annotations

from bench.model.events import RAN, READY, events_of_kind
from bench.scenarios.health.readiness import ENDS, RESTARTS, SCENARIO, WAITS
from tests.support.samples.recorded import answers, contender, judged, samples

S6 = "s6/runner/fast/pid1"
SYSTEMD = "systemd/runner/default/pid1"


def test_a_supervisor_that_waits_without_end_does_not_end_the_daemon() -> None:
    verdicts = judged(SCENARIO, S6, samples("readiness-s6"))
    assert answers(verdicts) == {WAITS: "yes", RESTARTS: "yes", ENDS: "no"}
    assert "1.0 s, and after 39.5 ms" in verdicts[RESTARTS].sentence


def test_a_daemon_ended_by_a_start_timeout_is_a_yes() -> None:
    verdicts = judged(SCENARIO, SYSTEMD, samples("readiness-systemd"))
    assert set(answers(verdicts).values()) == {"yes"}
    assert "90.2 s" in verdicts[ENDS].sentence


def test_a_command_that_returns_before_readiness_is_a_no() -> None:
    recorded = samples("readiness-s6")
    ready = next(event for event in events_of_kind(recorded, READY) if event["act"] == "late")
    for command in events_of_kind(recorded, RAN):
        if command["act"] == "late":
            command["end_ns"] = ready["ready_ns"] - 1_000_000
    verdict = judged(SCENARIO, S6, recorded)[WAITS]
    assert verdict.answer == "no"
    assert "1.0 ms before" in verdict.sentence


def test_an_inapplicable_contender_has_its_own_reason() -> None:
    runit = SCENARIO.inapplicable_reason(contender("runit/runner/default/hosted"))
    monit = SCENARIO.inapplicable_reason(contender("monit/monitor/fast/hosted"))
    assert "./check" in runit
    assert "detaches" in monit
    assert not SCENARIO.inapplicable_reason(contender(S6))


def test_no_samples_are_not_measured() -> None:
    assert set(answers(judged(SCENARIO, S6, [])).values()) == {"not measured"}
