"""Which trials of a measurement that goes on are on disk, and which never get there."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pytest

from bench.engine.guests.event_checks.event_stream import EventStream
from bench.engine.guests.trial_keeper import TrialKeeper
from bench.model.rejections import Rejections
from bench.recording.samples.kept_trials import KEPT_TRIALS, TrialJournal
from tests.support.samples.event_streams import STEPS, honest_events, lines

KEY = ("a", "restart")


def play(folder: Path, printed: list[str], notes: list[str] | None = None) -> TrialJournal:
    """Have a keeper follow a measurement that prints these lines."""
    rejections, journal = Rejections(), TrialJournal(folder)
    clock = iter(range(0, 10**9, 3600))
    stream = EventStream(STEPS, {"s1"}, rejections, lambda: float(next(clock)))
    keeper = TrialKeeper(
        journal, KEY, 0, (notes if notes is not None else cast(list[str], [])).append
    )
    for line in printed:
        stream.add(line)
        keeper.keep(stream.take_confirmed_trials(), rejections)
    return journal


def kept(journal: TrialJournal) -> list[int]:
    found = journal.read().get(KEY)
    return [cast(Any, sample)["trial"] for sample in found.samples] if found else []


def up_to_trial(number: int) -> list[str]:
    """Return the lines of an honest measurement up to that trial."""
    events = honest_events()
    index = next(i for i, event in enumerate(events) if event.get("trial") == number)
    return lines(events[: index + 1])


def test_a_trial_is_kept_once_the_next_one_confirms_its_stamps(tmp_path: Path) -> None:
    assert kept(play(tmp_path, up_to_trial(3))) == [0, 1, 2]


def test_every_trial_of_a_complete_measurement_is_kept(tmp_path: Path) -> None:
    assert kept(play(tmp_path, lines(honest_events()))) == [0, 1, 2, 3, 4]


@pytest.mark.probe("hostile")
def test_a_rejected_line_discards_what_its_guest_said_before(tmp_path: Path) -> None:
    journal = play(tmp_path, [*up_to_trial(2), "{", *lines(honest_events())[-3:]])
    assert kept(journal) == []
    assert journal.count(KEY) == 0


def test_a_disk_that_takes_no_more_is_said_once_and_ends_nothing(tmp_path: Path) -> None:
    (tmp_path / KEPT_TRIALS).mkdir()
    notes: list[str] = []
    play(tmp_path, lines(honest_events()), notes)
    (note,) = notes
    assert "trials are not kept as they come" in note and "Is a directory" in note


@pytest.mark.parametrize("number", [1, 2, 4])
def test_no_trial_is_kept_twice(tmp_path: Path, number: int) -> None:
    found = kept(play(tmp_path, up_to_trial(number)))
    assert found == sorted(set(found))
