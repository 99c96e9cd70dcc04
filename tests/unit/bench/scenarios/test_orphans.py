"""What the samples of orphans come to."""

from __future__ import annotations

from bench.model.events import REAPED, SIGNALLED, events_of_kind
from bench.scenarios.orphans import SCENARIO
from tests.support.recorded import contender, judged, samples

RUNIT = "runit/runner/default/pid1"
REAPS = "reaps orphans"


def test_all_were_reaped() -> None:
    verdict = judged(SCENARIO, RUNIT, samples("orphans-runit"))[REAPS]
    assert verdict.answer == "yes"
    assert "1000 killed at once were all reaped" in verdict.sentence
    metrics = {
        each.metric: each for each in SCENARIO.conclude(contender(RUNIT), samples("orphans-runit"))
    }
    assert metrics["orphans_memory"].median == 0


def test_zombies_that_stay_are_a_no() -> None:
    found = samples("orphans-runit")
    for reaped in events_of_kind(found, REAPED):
        if reaped["comm"] == "testd-child":
            reaped["left"] = reaped["zombies"] = 7
    verdict = judged(SCENARIO, RUNIT, found)[REAPS]
    assert verdict.answer == "no"
    assert "7 were left" in verdict.sentence


def test_who_ended_them_itself_is_said_so() -> None:
    found = samples("orphans-runit")
    for signalled in events_of_kind(found, SIGNALLED):
        signalled["pids"] = []
    assert "ended itself" in judged(SCENARIO, RUNIT, found)[REAPS].sentence


def test_only_pid_1_has_orphans() -> None:
    assert SCENARIO.inapplicable_reason(contender("runit/runner/default/hosted"))
