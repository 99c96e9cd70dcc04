"""Trials of an unfinished scenario are on disk as they come in, and only those that can be true."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, cast

import pytest

from bench.model.events import Event
from bench.recording.samples.kept_trials import KEPT_TRIALS, TrialJournal
from bench.recording.store import Record, examine_run, read_run
from bench.recording.unfinished import empty_result
from bench.recording.validity.samples_check import find_damage
from provision.errors import Problem
from tests.support.samples import sample_runs
from tests.support.samples.event_streams import SECOND, trial
from tests.support.samples.sealed_runs import FLOOR, LATENCIES, RUNIT, write_sealed_run

KEY = (RUNIT, "restart")


def trials(*numbers: int) -> list[Event]:
    return [
        cast(Event, {"scenario": "restart", **trial(number, number * 9 * SECOND, 5000)})
        for number in numbers
    ]


def journal_of(folder: Path, *numbers: int) -> TrialJournal:
    journal = TrialJournal(folder)
    journal.add_samples(KEY, 0, trials(*numbers))
    return journal


def numbers_of(journal: TrialJournal, key: tuple[str, str] = KEY) -> list[int]:
    """Return the numbers of the trials on disk."""
    return [cast(Any, sample)["trial"] for sample in journal.read()[key].samples]


def test_trials_are_on_disk_before_the_file_is_closed(tmp_path: Path) -> None:
    journal = journal_of(tmp_path, 1, 2)
    assert numbers_of(TrialJournal(tmp_path)) == [1, 2]
    assert (journal.count(KEY), TrialJournal(tmp_path).count(KEY)) == (2, 0)


def test_a_line_that_a_kill_cut_short_is_left_out(tmp_path: Path) -> None:
    journal_of(tmp_path, 1, 2)
    path = tmp_path / KEPT_TRIALS
    path.write_bytes(path.read_bytes()[:-20])
    journal = TrialJournal(tmp_path)
    assert numbers_of(journal) == [1]
    journal.retain([KEY])
    journal.add_samples(KEY, 1, trials(7))
    assert numbers_of(TrialJournal(tmp_path)) == [1, 7]


def test_the_latest_facts_of_a_guest_count(tmp_path: Path) -> None:
    journal = journal_of(tmp_path, 1)
    journal.add_guest(KEY, {"replica": 3, "phases": {}}, "", {})
    journal.add_guest(KEY, {"replica": 3, "phases": {"up": 1.5}}, "2.1", {"pid1": "/sbin/init"})
    kept = journal.read()[KEY]
    assert kept.guests == {3: {"replica": 3, "phases": {"up": 1.5}}}
    assert (kept.version, kept.verified, kept.last_replica) == ("2.1", {"pid1": "/sbin/init"}, 3)


def test_discarded_trials_do_not_come_back(tmp_path: Path) -> None:
    journal, other = journal_of(tmp_path, 1, 2), (FLOOR, "restart")
    journal.add_samples(other, 0, trials(3))
    journal.discard(KEY)
    journal.add_samples(KEY, 1, trials(4))
    assert list(journal.read()) == [other]


def test_nothing_retained_leaves_no_file(tmp_path: Path) -> None:
    journal = journal_of(tmp_path, 1)
    assert journal.retain([]) is None
    assert not (tmp_path / KEPT_TRIALS).exists()


@pytest.mark.parametrize(
    "line",
    [
        b"{",
        b"null",
        b"[]",
        b'"sample"',
        b"\xff\xfe",
        b"{}",
        b"[" * 100_000,
        b'{"contender": "a", "scenario": "restart", "replica": 0}',
        b'{"contender": "a", "scenario": "restart", "replica": 0, "event": "sample"}',
        json.dumps(
            {"contender": "a", "replica": 0, "scenario": "restart"} | trial(1, 9, -5)
        ).encode(),
        json.dumps(
            {"contender": "a", "replica": 0, "scenario": "restart"} | trial(1, 9, 5, main_ns=None)
        ).encode(),
    ],
)
@pytest.mark.probe("damage")
def test_a_broken_line_is_named_with_the_way_out(tmp_path: Path, line: bytes) -> None:
    journal_of(tmp_path, 1)
    with (tmp_path / KEPT_TRIALS).open("ab") as stream:
        stream.write(line + b"\n")
    with pytest.raises(Problem, match="line 2 is not a kept trial") as refused:
        TrialJournal(tmp_path).read()
    assert refused.value.usage
    assert f"rm {tmp_path / KEPT_TRIALS}" in refused.value.advice


# ---- the run that they belong to -------------------------------------------------------------


def interrupted_run(root: Path, *, ended: bool) -> Path:
    """Write a run whose floor is measured, and of whose runit three trials are kept."""
    folder = write_sealed_run(root, {FLOOR: LATENCIES[FLOOR]}, ended=False)
    record = Record.load(folder)
    journal_of(folder, 1, 2, 3).add_samples((FLOOR, "restart"), 0, trials(9))
    if ended:
        result = sample_runs.contender(RUNIT, [1.0])
        result["scenarios"]["restart"] = empty_result("unfinished", "why")
        record.add_results([{**result, "status": "unfinished"}], [])
        record.seal_kept_trials()
        record.run["ended"] = "2026-01-01T00:00:00+00:00"
        record.save()
    return folder


def test_a_killed_run_is_readable_and_says_what_it_keeps(tmp_path: Path) -> None:
    run = examine_run(interrupted_run(tmp_path, ended=False))
    (warning,) = run["warnings"]
    assert "has not ended" in warning and "3 trials of unfinished scenarios are kept" in warning
    assert "./inv bench --resume" in warning


@pytest.mark.probe("damage")
def test_a_broken_file_of_kept_trials_costs_a_killed_run_no_figure(tmp_path: Path) -> None:
    folder = interrupted_run(tmp_path, ended=False)
    (folder / KEPT_TRIALS).write_bytes(b"\0\xff\n" * 3)
    run = examine_run(folder)
    (warning,) = run["warnings"]
    assert "line 1 is not a kept trial" in warning
    assert f"rm {folder / KEPT_TRIALS}" in warning and "./inv bench --resume" in warning
    assert run["contenders"] == read_run(folder)["contenders"] != []
    (folder / KEPT_TRIALS).unlink()
    assert (FLOOR, "restart") in Record.load(folder).complete_scenarios()


def test_an_ended_run_seals_the_trials_of_unfinished_scenarios_only(tmp_path: Path) -> None:
    folder = interrupted_run(tmp_path, ended=True)
    run = read_run(folder)
    assert (run["kept_trials"]["trials"], run["kept_trials"]["by_contender"]) == (3, {RUNIT: 3})
    assert find_damage(run, folder) == []


@pytest.mark.parametrize("damage", ["missing", "shorter", "changed"])
@pytest.mark.probe("damage")
def test_kept_trials_that_the_run_did_not_seal_are_damage(tmp_path: Path, damage: str) -> None:
    folder = interrupted_run(tmp_path, ended=True)
    path = folder / KEPT_TRIALS
    if damage == "missing":
        path.unlink()
    else:
        text = path.read_bytes()
        lines = text.splitlines(keepends=True)
        path.write_bytes(b"".join(lines[1:]) if damage == "shorter" else text.replace(b"9", b"8"))
    (sentence,) = find_damage(read_run(folder), folder)
    assert "Its kept trials (kept-trials.jsonl) are not those that the run sealed" in sentence
    with pytest.raises(Problem, match="is damaged"):
        Record.load(folder)


def test_kept_trials_outlive_the_scenarios_that_are_measured_again(tmp_path: Path) -> None:
    record = Record.load(interrupted_run(tmp_path, ended=False))
    record.drop_scenarios({(FLOOR, "restart")})
    assert list(Record.load(record.folder).kept_trials()) == [KEY]
