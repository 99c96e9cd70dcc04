"""What the samples of power-offs come to."""

from __future__ import annotations

from bench.model.events import TOLD, events_of_kind
from bench.scenarios.shutdown import SCENARIO
from tests.support.recorded import contender, judged, samples

S6 = "s6/runner/default/pid1"
SYSTEMD = "systemd/runner/default/pid1"
TELLS = "tells every service at power-off"
OFF = "powers off despite a stubborn service"


def test_all_were_told_in_order() -> None:
    verdict = judged(SCENARIO, SYSTEMD, samples("shutdown-systemd"))[TELLS]
    assert verdict.answer == "yes"
    assert "in the order s1 s2 s3 s4 s5" in verdict.sentence


def test_the_stubborn_one_is_killed_in_the_end() -> None:
    verdict = judged(SCENARIO, SYSTEMD, samples("shutdown-systemd"))[OFF]
    assert verdict.answer == "yes"
    assert "off after 90.7 s" in verdict.sentence


def test_the_stubborn_one_may_be_waited_for_without_end() -> None:
    verdicts = judged(SCENARIO, S6, samples("shutdown-s6"))
    assert (verdicts[TELLS].answer, verdicts[OFF].answer) == ("yes", "no")
    metrics = SCENARIO.conclude(contender(S6), samples("shutdown-s6"))
    assert [each.censored for each in metrics] == [0, 1]


def test_who_was_not_told_is_named() -> None:
    found = samples("shutdown-systemd")
    for note in events_of_kind(found, TOLD):
        if note["service"] == "s2":
            note["terms"] = []
    verdict = judged(SCENARIO, SYSTEMD, found)[TELLS]
    assert verdict.answer == "partly"
    assert "did not reach s2" in verdict.sentence


def test_who_knows_no_end_is_not_asked_for_one() -> None:
    assert "knows no end" in SCENARIO.inapplicable_reason(
        contender("daemontools/runner/default/pid1")
    )
    assert "not PID 1" in SCENARIO.inapplicable_reason(contender("runit/runner/default/hosted"))
