"""What a window without events comes to."""

from __future__ import annotations

from bench.scenario import Event
from bench.scenarios.idle import BEHAVIOUR, SCENARIO
from tests.bench.scenarios.recorded import contender, judged, samples

S6 = "s6/runner/tuned/pid1"
MONIT = "monit/monitor/tuned/hosted"


def woken(found: list[Event], times: int) -> list[Event]:
    for each in found:
        if each["event"] == "cpu":
            each["total"]["voluntary"] = times
    return found


def test_s6_sleeps_and_monit_does_not() -> None:
    assert judged(SCENARIO, S6, samples("idle-s6"))[BEHAVIOUR].answer == "yes"
    assert judged(SCENARIO, MONIT, samples("idle-monit"))[BEHAVIOUR].answer == "no"


def test_a_few_wakeups_are_partly() -> None:
    assert judged(SCENARIO, S6, woken(samples("idle-s6"), 12))[BEHAVIOUR].answer == "partly"
    assert judged(SCENARIO, S6, woken(samples("idle-s6"), 61))[BEHAVIOUR].answer == "no"


def test_a_window_shorter_than_the_period_shows_nothing() -> None:
    verdict = judged(SCENARIO, "monit/monitor/default/hosted", samples("idle-monit"))[BEHAVIOUR]
    assert verdict.answer == "not measured"


def test_wakeups_by_the_second() -> None:
    by_name = {each.metric: each for each in SCENARIO.conclude(contender(MONIT),
                                                               samples("idle-monit"))}  # fmt: skip
    median = by_name["wakeups"].median
    assert median is not None
    assert 1.9 < median < 2.1
    assert by_name["syscalls"].status == "not measured"
