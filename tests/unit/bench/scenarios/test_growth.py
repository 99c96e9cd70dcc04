"""Verdicts on what thousands of restarts leave."""

from __future__ import annotations

from bench.model.events import Event
from bench.scenarios import scenarios, usual_scenarios
from bench.scenarios.growth import BEHAVIOURS, SCENARIO
from tests.support.samples.recorded import answers, concluded, judged, sample

MEMORY, DESCRIPTORS, ZOMBIES = BEHAVIOURS
RUNIT = "runit/runner/default/hosted"


def rests(*sizes: tuple[int, int], zombies: int = 0) -> list[Event]:
    """Return 2,000 restarts before each rest, with kB of memory and open files there."""
    events: list[Event] = []
    for number, (memory, files) in enumerate(sizes):
        events.append(sample(f"crashing {number}", "starts", total=2000))
        total = {"Private_Dirty": memory, "fds": files}
        events.append(sample(f"at rest {number}", "footprint", total=total))
        processes = [{"pid": pid, "comm": "testd", "state": "Z"} for pid in range(zombies)]
        events.append(sample(f"at rest {number}", "processes", processes=processes))
    return events


def test_equal_sizes_are_kept() -> None:
    given = answers(judged(SCENARIO, RUNIT, rests((200, 9), (260, 9))))
    assert given == {MEMORY: "yes", DESCRIPTORS: "yes", ZOMBIES: "yes"}


def test_growth_beyond_a_tenth_and_a_few_pages_is_a_no() -> None:
    recorded = rests((200, 9), (300, 9), (400, 9))
    assert judged(SCENARIO, RUNIT, recorded)[MEMORY].answer == "no"
    figures = concluded(SCENARIO, RUNIT, recorded)
    assert (figures["growth_memory"].median, figures["growth_restarts"].median) == (200, 6000)
    assert judged(SCENARIO, RUNIT, rests((20_000, 9), (21_000, 9)))[MEMORY].answer == "yes"


def test_one_more_open_file_is_a_no() -> None:
    assert judged(SCENARIO, RUNIT, rests((200, 9), (200, 10)))[DESCRIPTORS].answer == "no"


def test_a_zombie_at_the_end_is_a_no() -> None:
    assert judged(SCENARIO, RUNIT, rests((200, 9), (200, 9), zombies=1))[ZOMBIES].answer == "no"


def test_a_single_rest_is_not_measured() -> None:
    assert set(answers(judged(SCENARIO, RUNIT, rests((200, 9)))).values()) == {"not measured"}


def test_all_scenarios_are_without_the_lengthy_one() -> None:
    assert "growth" not in usual_scenarios(scenarios())
    assert "children" in usual_scenarios(scenarios())
