"""Verdicts on a program that is gone for a while."""

from __future__ import annotations

import pytest

from bench.model.events import RAN, Event, events_of_kind
from bench.scenarios.restarts.missing import FOLDER, PROGRAM, SCENARIO, Loss
from tests.support.samples.recorded import QUICK, answers, concluded, contender, judged, sample

BACK, HOLDS = PROGRAM.behaviours
RUNIT = "runit/runner/default/hosted"
S = 1_000_000_000


def stages(looks: str, *, back: bool = True, loss: Loss = PROGRAM) -> list[Event]:
    """Return a run in which the program was gone for 20 s and back for one."""
    prefix = loss.stage_prefix
    end = [sample(f"{prefix}back", "up", service="s1", main_ns=26 * S)]
    if not back:
        down = sample(f"{prefix}back", "down", service="s1", deadline_s=15.0)
        end = [down, sample(f"{prefix}back", "ran", command="sv up s1"), *end]
    return [
        sample(f"{prefix}away", "signalled", pids=[7], begin_ns=4 * S),
        sample(f"{prefix}away", "ran", output=looks, begin_ns=5 * S, end_ns=25 * S),
        sample(f"{prefix}restored", "ran", output="", begin_ns=25 * S),
        *end,
    ]


def started(looks: str) -> float | None:
    return concluded(SCENARIO, RUNIT, stages(looks))["missing_starts"].median


def test_processes_are_counted_without_those_of_the_looks_themselves() -> None:
    assert started("32768\n400\n402\n404\n") == 0
    assert started("32768\n400\n412\n424\n") == 20


def test_pids_that_begin_again_are_counted_on() -> None:
    assert started("32768\n32760\n310\n") == 32768 - 300 + 310 - 32760 - 2


def test_what_was_started_before_the_first_look_is_counted() -> None:
    recorded = stages("413\n415\n")
    recorded.insert(1, sample("away", "ran", output="32768\n400\n", begin_ns=4 * S, end_ns=4 * S))
    # From 401 to 411; 412 is the shell of the looks, 413 the first of them, 414 its pause.
    assert concluded(SCENARIO, RUNIT, recorded)["missing_starts"].median == 11


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


def test_the_program_and_its_folder_are_gone_in_a_guest_each() -> None:
    units = SCENARIO.work_units(contender(RUNIT), QUICK)
    assert [unit.parameters for unit in units] == [PROGRAM, FOLDER]
    assert all(unit.own_guest for unit in units)


def test_a_folder_that_is_gone_is_judged_by_itself() -> None:
    recorded = [
        *stages("32768\n400\n402\n404\n"),
        *stages("32768\n400\n650\n", back=False, loss=FOLDER),
    ]
    found = answers(judged(SCENARIO, RUNIT, recorded))
    assert found == {BACK: "yes", HOLDS: "yes", FOLDER.comes_back: "no", FOLDER.holds_back: "no"}
    figures = concluded(SCENARIO, RUNIT, recorded)
    assert (figures["missing_starts"].median, figures["missing_folder_starts"].median) == (0, 248)


def test_an_older_run_without_a_lost_folder_says_nothing_of_one() -> None:
    recorded = stages("32768\n400\n402\n")
    assert set(judged(SCENARIO, RUNIT, recorded)) == set(PROGRAM.behaviours)
    assert "missing_folder_starts" not in concluded(SCENARIO, RUNIT, recorded)


def test_what_leaves_no_time_between_starts_is_loud_for_a_short_time() -> None:
    paced = SCENARIO.work_units(contender(RUNIT), QUICK)[0]
    busy = SCENARIO.work_units(contender("systemd/runner/fast/pid1"), QUICK)[0]
    assert busy.loud and not paced.loud
    assert busy.min_seconds < paced.min_seconds


def test_the_floor_ends_without_its_program() -> None:
    assert SCENARIO.inapplicable_reason(contender("floor/runner/default/hosted"))
