"""What the samples of a silent daemon come to."""

from __future__ import annotations

from bench.scenarios.hang import BOTH, HANG, SCENARIO, SIGSTOP
from tests.bench.scenarios.recorded import answers, contender, judged, samples, without

RUNIT = "runit/runner/default/hosted"
SYSTEMD = "systemd/runner/default/pid1"


def test_without_a_watchdog_there_is_a_reason() -> None:
    verdicts = judged(SCENARIO, RUNIT, samples("hang-runit"))
    assert answers(verdicts) == {SIGSTOP: "no", HANG: "not applicable", BOTH: "not applicable"}
    assert "runsv(8)" in verdicts[HANG].sentence


def test_what_the_suite_cannot_ask_is_not_measured() -> None:
    found = judged(SCENARIO, "monit/monitor/tuned/hosted", samples("hang-runit"))
    assert found[HANG].answer == "not measured"


def test_a_watchdog_notices() -> None:
    verdicts = judged(SCENARIO, SYSTEMD, samples("hang-systemd"))
    assert answers(verdicts) == {SIGSTOP: "no", HANG: "yes", BOTH: "yes"}
    assert "2.2 s after it fell silent" in verdicts[HANG].sentence
    (metric,) = SCENARIO.conclude(contender(SYSTEMD), samples("hang-systemd"))
    assert metric.median is not None
    assert 2.0 < metric.median < 2.5


def test_a_watchdog_that_ends_who_answers_shows_nothing() -> None:
    found = samples("hang-systemd")
    gone = next(each for each in found if each["event"] == "gone" and each["act"] == "hang")
    last = max(n for n, each in enumerate(found) if each["act"] == "with watchdog")
    found.insert(last, {**gone, "act": "with watchdog"})
    assert judged(SCENARIO, SYSTEMD, found)[HANG].answer == "not measured"


def test_a_hang_that_goes_on_is_no() -> None:
    found = without(without(samples("hang-systemd"), "gone", "hang"), "up", "hang")
    assert judged(SCENARIO, SYSTEMD, found)[HANG].answer == "no"


def test_nothing_recorded_is_nothing_measured() -> None:
    assert set(answers(judged(SCENARIO, SYSTEMD, [])).values()) == {"not measured"}
