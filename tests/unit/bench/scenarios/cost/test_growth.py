"""Verdicts on what thousands of restarts leave."""

from __future__ import annotations

from bench.model.events import Event
from bench.scenarios import scenarios, usual_scenarios
from bench.scenarios.cost.growth import (
    BEHAVIOURS,
    IDLE,
    IDLE_BEHAVIOURS,
    IDLE_QUICK,
    SCENARIO,
    Crashing,
    Idling,
)
from tests.support.samples.recorded import (
    FULL,
    QUICK,
    answers,
    concluded,
    contender,
    judged,
    sample,
)

MEMORY, DESCRIPTORS, ZOMBIES = BEHAVIOURS
IDLE_MEMORY, IDLE_DESCRIPTORS = IDLE_BEHAVIOURS
RUNIT = "runit/runner/default/hosted"


def rests(*sizes: tuple[int, int], zombies: int = 0, restarts: int = 2000) -> list[Event]:
    """Return so many restarts before each rest, with kB of memory and open files there."""
    events: list[Event] = []
    for number, (memory, files) in enumerate(sizes):
        events.append(sample(f"crashing {number}", "starts", total=restarts))
        total = {"Private_Dirty": memory, "fds": files}
        events.append(sample(f"at rest {number}", "footprint", total=total))
        processes = [{"pid": pid, "comm": "testd", "state": "Z"} for pid in range(zombies)]
        events.append(sample(f"at rest {number}", "processes", processes=processes))
    return events


def idle(*sizes: tuple[int, int]) -> list[Event]:
    """Return an idle hour, with kB of memory and open files at some instants from a tenth on."""
    step = 3240_000_000_000 // (len(sizes) - 1)
    return [
        sample("idle", "footprint", ns=number * step, total={"Private_Dirty": memory, "fds": files})
        for number, (memory, files) in enumerate(sizes)
    ]


def test_equal_sizes_are_kept() -> None:
    given = answers(judged(SCENARIO, RUNIT, rests((200, 9), (260, 9))))
    assert given == {MEMORY: "yes", DESCRIPTORS: "yes", ZOMBIES: "yes"}


def test_growth_beyond_a_tenth_and_a_few_pages_is_a_no() -> None:
    recorded = rests((200, 9), (300, 9), (400, 9))
    assert judged(SCENARIO, RUNIT, recorded)[MEMORY].answer == "no"
    figures = concluded(SCENARIO, RUNIT, recorded)
    assert (figures["growth_memory"].median, figures["growth_restarts"].median) == (200, 6000)
    assert judged(SCENARIO, RUNIT, rests((20_000, 9), (21_000, 9)))[MEMORY].answer == "yes"


def test_a_single_reading_decides_nothing() -> None:
    recorded = rests((3308, 45), (4004, 45), (3308, 45), (3308, 45), (3656, 46))
    verdicts = judged(SCENARIO, RUNIT, recorded)
    assert {verdicts[MEMORY].answer, verdicts[DESCRIPTORS].answer} == {"yes"}
    assert "3,308, 4,004, 3,308, 3,308, 3,656 kB" in verdicts[MEMORY].sentence
    growing = rests((26484, 33), (29080, 33), (32428, 33), (37088, 33), (38596, 33))
    assert judged(SCENARIO, RUNIT, growing)[MEMORY].answer == "no"


def test_too_few_restarts_show_nothing() -> None:
    recorded = rests((200, 9), (900, 12), restarts=2)
    given = answers(judged(SCENARIO, RUNIT, recorded))
    assert given == dict.fromkeys(BEHAVIOURS, "not measured")


def test_one_more_open_file_is_a_no() -> None:
    assert judged(SCENARIO, RUNIT, rests((200, 9), (200, 10)))[DESCRIPTORS].answer == "no"


def test_a_zombie_at_the_end_is_a_no() -> None:
    assert judged(SCENARIO, RUNIT, rests((200, 9), (200, 9), zombies=1))[ZOMBIES].answer == "no"


def test_a_single_rest_is_not_measured() -> None:
    assert set(answers(judged(SCENARIO, RUNIT, rests((200, 9)))).values()) == {"not measured"}


def test_an_idle_hour_is_judged_by_itself() -> None:
    recorded = [*rests((200, 9), (200, 9)), *idle((200, 9), (220, 9), (500, 10))]
    verdicts = judged(SCENARIO, RUNIT, recorded)
    assert answers(verdicts) == {
        MEMORY: "yes", DESCRIPTORS: "yes", ZOMBIES: "yes",
        IDLE_MEMORY: "no", IDLE_DESCRIPTORS: "no",
    }  # fmt: skip
    assert "after a tenth of 3600 s" in verdicts[IDLE_MEMORY].sentence
    figures = concluded(SCENARIO, RUNIT, recorded)
    assert (figures["growth_memory"].median, figures["growth_idle_memory"].median) == (0, 300)


def test_an_older_run_without_an_idle_hour_says_nothing_of_one() -> None:
    recorded = rests((200, 9), (200, 9))
    assert set(judged(SCENARIO, RUNIT, recorded)) == set(BEHAVIOURS)
    assert "growth_idle_memory" not in concluded(SCENARIO, RUNIT, recorded)


def test_a_quick_run_is_a_shorter_one() -> None:
    full, quick = (
        [unit.parameters for unit in SCENARIO.work_units(contender(RUNIT), effort)]
        for effort in (FULL, QUICK)
    )
    assert full == [Crashing(600.0), Idling(IDLE)]
    assert quick == [Crashing(60.0), Idling(IDLE_QUICK)]


def test_all_scenarios_are_without_the_lengthy_one() -> None:
    assert "growth" not in usual_scenarios(scenarios())
    assert "children" in usual_scenarios(scenarios())
