"""Verdicts on a crash loop."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

import pytest

from bench.model.events import Event
from bench.scenarios.restarts.crashloop import BEHAVIOURS, SCENARIO
from tests.support.samples.recorded import FULL, answers, concluded, contender, judged, samples

KEEPS, HOLDS, BACK = BEHAVIOURS
RUNIT = "runit/runner/default/hosted"
SYSTEMD = "systemd/runner/default/pid1"
SYSVINIT = "sysvinit/runner/default/pid1"
SECOND = 10**9  # ns


@pytest.mark.parametrize(
    ("name", "file", "expected"),
    [
        (RUNIT, "runit-default", ("yes", "yes", "yes")),
        (SYSTEMD, "systemd-default", ("no", "yes", "no")),
        ("systemd/runner/fast/pid1", "systemd-tuned", ("yes", "no", "yes")),
        # Its look takes 30 s more, since it waits for what it has started.
        ("monit/monitor/default/hosted", "monit-default", ("yes", "yes", "yes")),
        (SYSVINIT, "sysvinit-default", ("partly", "yes", "yes")),
        ("supervisord/runner/default/hosted", "supervisord-default", ("no", "yes", "no")),
    ],
)
def test_recorded_supervisors_get_their_answers(
    name: str, file: str, expected: tuple[str, ...]
) -> None:
    given = answers(judged(SCENARIO, name, samples(f"crashloop-{file}")))
    assert tuple(given[behaviour] for behaviour in BEHAVIOURS) == expected


def in_guests(*files: str) -> list[Event]:
    """Return those recordings as the samples of identical guests."""
    return [
        {**event, "replica": replica}
        for replica, file in enumerate(files)
        for event in samples(f"crashloop-{file}")
    ]


def test_guests_that_differ_say_how_many_did_what() -> None:
    recorded = in_guests("systemd-default", "systemd-tuned", "systemd-default")
    verdict = judged(SCENARIO, SYSTEMD, recorded)[KEEPS]
    assert (verdict.answer, verdict.tally) == ("partly", {"no": 2, "yes": 1})
    assert verdict.sentence.startswith("No in 2 of 3 guests: ")
    assert "Yes in 1 of 3 guests: " in verdict.sentence
    kinds = {recorded[number]["replica"] for number in verdict.evidence}
    assert kinds == {0, 1, 2}


def test_figures_are_of_all_guests() -> None:
    recorded = in_guests("systemd-default", "systemd-default", "systemd-default")
    one = concluded(SCENARIO, SYSTEMD, samples("crashloop-systemd-default"))
    three = concluded(SCENARIO, SYSTEMD, recorded)
    assert (three["crash_starts"].n, one["crash_starts"].n) == (3, 1)
    assert three["crash_starts"].median == one["crash_starts"].median


def test_a_single_guest_says_that_a_race_decides() -> None:
    recorded = samples("crashloop-systemd-default")
    assert "One guest only" in judged(SCENARIO, SYSTEMD, recorded)[KEEPS].sentence
    recorded = samples("crashloop-runit-default")
    assert "One guest only" not in judged(SCENARIO, RUNIT, recorded)[KEEPS].sentence


@pytest.mark.parametrize(
    ("name", "guests"), [(RUNIT, 1), (SYSTEMD, 3), (SYSVINIT, 3), ("floor/runner/default/pid1", 1)]
)
def test_three_guests_are_judged_where_a_race_decides(name: str, guests: int) -> None:
    assert len(SCENARIO.work_units(contender(name), FULL)) == guests
    quick = replace(FULL, budget_seconds=1000.0)
    assert len(SCENARIO.work_units(contender(name), quick)) == 1


def test_a_start_by_command_is_named_as_evidence() -> None:
    verdict = judged(SCENARIO, SYSTEMD, samples("crashloop-systemd-default"))[BACK]
    assert "systemctl start s1.service" in verdict.sentence
    assert len(verdict.evidence) == 3


def test_a_pause_in_trying_is_partly() -> None:
    recorded = [
        sample for sample in samples("crashloop-systemd-default") if sample["event"] != "down"
    ]
    assert judged(SCENARIO, SYSVINIT, recorded)[KEEPS].answer == "partly"


def test_a_last_start_shortly_before_the_windows_end_is_no_trying_to_the_end() -> None:
    starts = [10.0, 11.0, 13.0, 16.0, 20.0, 25.0, 31.0, 38.0, 46.0, 55.0]
    counted = {
        "event": "starts",
        "act": "crashing",
        "begin_ns": 9 * SECOND,
        "end_ns": 70 * SECOND,
        "total": len(starts),
        "first": [round(start * SECOND) for start in starts],
        "last": [],
    }
    mended = {"event": "mode", "act": "mended", "ns": 70 * SECOND}
    down = {"event": "down", "act": "mended", "ns": 96 * SECOND, "deadline_s": 25.5}
    recorded = [
        cast(Event, {**event, "scenario": "crashloop"}) for event in (counted, mended, down)
    ]
    given = answers(judged(SCENARIO, "zdaemon/runner/default/hosted", recorded))
    assert (given[KEEPS], given[BACK]) == ("no", "no")


def test_starts_before_the_watch_begins_are_said_to_come_at_once() -> None:
    """A supervisor may have started the daemon, and given it up, before the watch begins."""
    counted = {"event": "starts", "scenario": "crashloop", "act": "crashing", "begin_ns": SECOND,
               "end_ns": 61 * SECOND, "total": 1, "first": [SECOND - 3], "last": []}  # fmt: skip
    verdict = judged(SCENARIO, SYSTEMD, [cast(Event, counted)])[KEEPS]
    assert "the last at once." in verdict.sentence


def test_no_samples_are_not_measured() -> None:
    assert set(answers(judged(SCENARIO, RUNIT, [])).values()) == {"not measured"}


def test_the_window_is_longer_than_limit_and_period() -> None:
    unit, *_ = SCENARIO.work_units(contender(SYSVINIT), FULL)
    assert unit.seconds > 120 + 300
    (unit,) = SCENARIO.work_units(contender("monit/monitor/default/hosted"), FULL)
    assert unit.seconds > 3 * 120
    assert unit.own_guest


def test_one_start_is_said_in_the_singular() -> None:
    recorded: list[dict[str, Any]] = [{**event} for event in samples("crashloop-systemd-default")]
    for event in recorded:
        if event["event"] == "starts":
            event.update(total=1, first=event["first"][:1], last=[])
    verdict = judged(SCENARIO, SYSTEMD, cast(list[Event], recorded))[KEEPS]
    assert "1 start in 60 s, the last after " in verdict.sentence
