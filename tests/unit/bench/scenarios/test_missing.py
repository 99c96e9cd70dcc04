"""Verdicts on a program that is gone for a while."""

from __future__ import annotations

import pytest

from bench.model.events import RAN, Event, events_of_kind
from bench.scenarios.missing import BEHAVIOURS, SCENARIO
from tests.support.samples.recorded import QUICK, answers, concluded, contender, judged, sample

BACK, HOLDS = BEHAVIOURS
RUNIT = "runit/runner/default/hosted"
S = 1_000_000_000


def stages(looks: str, *, back: bool = True) -> list[Event]:
    """Return a run in which the program was gone for 20 s and back for one."""
    end = [sample("back", "up", service="s1", main_ns=26 * S)]
    if not back:
        down = sample("back", "down", service="s1", deadline_s=15.0)
        end = [down, sample("back", "ran", command="sv up s1"), *end]
    return [
        sample("away", "signalled", pids=[7], begin_ns=4 * S),
        sample("away", "ran", output=looks, begin_ns=5 * S, end_ns=25 * S),
        sample("restored", "ran", output="", begin_ns=25 * S),
        *end,
    ]


def started(looks: str) -> float | None:
    return concluded(SCENARIO, RUNIT, stages(looks))["missing_starts"].median


def test_processes_are_counted_without_those_of_the_looks_themselves() -> None:
    assert started("32768\n400\n402\n404\n") == 0
    assert started("32768\n400\n412\n424\n") == 20


def test_pids_that_begin_again_are_counted_on() -> None:
    assert started("32768\n32760\n310\n") == 32768 - 300 + 310 - 32760 - 2


@pytest.mark.parametrize("looks", ["", "32768", "32768\nsh: not found\n400\n"])
def test_looks_without_pids_are_not_counted(looks: str) -> None:
    assert started(looks) is None
    assert judged(SCENARIO, RUNIT, stages(looks))[HOLDS].answer == "not measured"


def test_more_than_ten_processes_a_second_hold_nothing_back() -> None:
    verdicts = judged(SCENARIO, RUNIT, stages("32768\n400\n650\n"))
    assert answers(verdicts) == {BACK: "yes", HOLDS: "no"}
    assert "12.4 a second" in verdicts[HOLDS].sentence
    assert "1.0 s" in verdicts[BACK].sentence


def test_a_service_that_must_be_asked_did_not_come_back() -> None:
    verdict = judged(SCENARIO, RUNIT, stages("32768\n400\n402\n", back=False))[BACK]
    assert verdict.answer == "no"
    assert "sv up s1" in verdict.sentence


def test_a_daemon_that_was_not_killed_is_not_measured() -> None:
    recorded = stages("32768\n400\n402\n")[2:]
    assert set(answers(judged(SCENARIO, RUNIT, recorded)).values()) == {"not measured"}
    assert events_of_kind(recorded, RAN)


def test_what_leaves_no_time_between_starts_is_loud_for_a_short_time() -> None:
    (paced,) = SCENARIO.work_units(contender(RUNIT), QUICK)
    (busy,) = SCENARIO.work_units(contender("systemd/runner/fast/pid1"), QUICK)
    assert busy.loud and not paced.loud
    assert busy.min_seconds < paced.min_seconds


def test_the_floor_ends_without_its_program() -> None:
    assert SCENARIO.inapplicable_reason(contender("floor/runner/default/hosted"))
