"""Verdicts on deaths, a long good life, and deaths again."""

from __future__ import annotations

from bench.model.events import Event
from bench.scenarios.restarts.back_off import BEHAVIOUR, GOOD_LIFE, SCENARIO
from tests.support.samples.recorded import FULL, answers, concluded, contender, judged, sample

RUNIT, SYSTEMD = "runit/runner/default/hosted", "systemd/runner/default/pid1"
S = 1_000_000_000


def deaths(stage: str, *delays: float | None) -> list[Event]:
    """Return kills and successors after so many seconds; None: none came."""
    events: list[Event] = []
    for delay in delays:
        events.append(sample(stage, "signalled", pids=[1], begin_ns=0))
        if delay is None:
            events.append(sample(stage, "down", deadline_s=15.0))
        else:
            events.append(sample(stage, "up", main_ns=round(delay * S)))
    return events


def test_a_delay_that_is_gone_after_a_good_life_was_forgotten() -> None:
    recorded = deaths("first", 0.003, 1.0, 1.0, 1.0) + deaths("second", 0.003, 1.0, 1.0, 1.0)
    verdict = judged(SCENARIO, RUNIT, recorded)[BEHAVIOUR]
    assert verdict.answer == "yes"
    assert "up to 1.0 s in a row of 4, and 3.0 ms after 30.0 s of good life" in verdict.sentence
    figures = concluded(SCENARIO, RUNIT, recorded)
    assert (figures["backoff_worst"].median, figures["backoff_after"].median) == (1000, 3)


def test_a_delay_that_stays_was_not_forgotten() -> None:
    recorded = deaths("first", 0.1, 1.0, 2.0, 4.0) + deaths("second", 8.0, 8.0, 8.0, 8.0)
    assert judged(SCENARIO, RUNIT, recorded)[BEHAVIOUR].answer == "no"


def test_giving_up_in_the_second_row_was_not_forgotten() -> None:
    recorded = deaths("first", 0.1, 0.1, 0.1, 0.1) + deaths("second", 0.1, None)
    verdict = judged(SCENARIO, SYSTEMD, recorded)[BEHAVIOUR]
    assert verdict.answer == "no"
    assert "gave up at death 2" in verdict.sentence


def test_a_limit_that_both_rows_keep_to_was_forgotten() -> None:
    recorded = deaths("first", 0.1, 0.1, 0.1, 0.1) + deaths("second", 0.1, 0.1, 0.1, 0.1)
    assert judged(SCENARIO, SYSTEMD, recorded)[BEHAVIOUR].answer == "yes"


def test_without_a_penalty_there_is_nothing_to_forget() -> None:
    recorded = deaths("first", *[0.003] * 4) + deaths("second", *[0.003] * 4)
    assert judged(SCENARIO, RUNIT, recorded)[BEHAVIOUR].answer == "not applicable"


def test_giving_up_in_the_first_row_is_not_measured() -> None:
    assert answers(judged(SCENARIO, RUNIT, deaths("first", 0.1, None))) == {
        BEHAVIOUR: "not measured"
    }


def test_the_good_life_is_longer_than_what_the_supervisor_remembers() -> None:
    (sysvinit,) = SCENARIO.work_units(contender("sysvinit/runner/default/pid1"), FULL)
    (runit,) = SCENARIO.work_units(contender(RUNIT), FULL)
    assert sysvinit.min_seconds > 300 > 2 * GOOD_LIFE > runit.min_seconds
