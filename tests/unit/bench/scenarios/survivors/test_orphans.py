"""Verdicts and figures of orphans."""

from __future__ import annotations

from bench.model.events import REAPED, SIGNALLED, events_of_kind
from bench.scenarios.survivors.orphans import SCENARIO
from tests.support.samples.recorded import concluded, contender, judged, samples

RUNIT = "runit/runner/default/pid1"
REAPS = "reaps orphans"


def test_orphans_that_are_all_reaped_are_a_yes() -> None:
    verdict = judged(SCENARIO, RUNIT, samples("orphans-runit"))[REAPS]
    assert verdict.answer == "yes"
    assert "1000 killed at once were all reaped" in verdict.sentence
    metrics = concluded(SCENARIO, RUNIT, samples("orphans-runit"))
    assert metrics["orphans_memory"].median == 0


def test_remaining_zombies_are_a_no() -> None:
    recorded = samples("orphans-runit")
    for reaped in events_of_kind(recorded, REAPED):
        if reaped["comm"] == "testd-child":
            reaped["left"] = reaped["zombies"] = 7
    verdict = judged(SCENARIO, RUNIT, recorded)[REAPS]
    assert verdict.answer == "no"
    assert "7 were left" in verdict.sentence


def test_orphans_that_the_supervisor_ended_itself_are_named() -> None:
    recorded = samples("orphans-runit")
    for signalled in events_of_kind(recorded, SIGNALLED):
        signalled["pids"] = []
    assert "ended itself" in judged(SCENARIO, RUNIT, recorded)[REAPS].sentence


def test_only_pid_1_is_judged() -> None:
    assert SCENARIO.inapplicable_reason(contender("runit/runner/default/hosted"))
