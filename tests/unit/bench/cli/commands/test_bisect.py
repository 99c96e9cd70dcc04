"""A bisection measures few of many versions, and finds the neighbours between which one changed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from invoke import Context
from invoke.exceptions import Exit

import tasks
from bench.cli.commands.bisect import (
    bisect,
    check_metric,
    measure_version,
    most_comparisons,
    version_options,
    versions_between,
)
from bench.engine import lock
from bench.engine.lock import RunInProgress, exclusive_run_lock
from bench.engine.observer import Observer
from bench.recording.store import Record
from provision.errors import Problem
from provision.sources.pip_versions import PipVersions
from provision.systems import SYSTEMS

VERSIONS = [f"1.{number}" for number in range(10)]


@dataclass(frozen=True)
class Difference:
    pair: tuple[int, int]
    is_significant: bool


def search(first_changed: int) -> tuple[tuple[str, str], list[str], Difference]:
    """Bisect versions whose figure is 0 before the first changed one, and 1 from it on."""
    notes: list[str] = []
    compared: list[tuple[int, int]] = []

    def compare(one: int, other: int) -> Difference:
        compared.append((one, other))
        return Difference((one, other), (one >= first_changed) != (other >= first_changed))

    found, difference = bisect(VERSIONS, VERSIONS.index, compare, notes.append)
    assert len(notes) == len(found.measured) == len(set(found.measured))
    assert len(compared) <= most_comparisons(VERSIONS)
    return (found.before, found.after), list(found.measured), difference


@pytest.mark.parametrize("changed", range(1, 10))
def test_the_neighbours_of_the_change_are_found(changed: int) -> None:
    neighbours, measured, difference = search(changed)
    assert neighbours == (VERSIONS[changed - 1], VERSIONS[changed])
    assert difference == Difference((changed - 1, changed), True)
    assert len(measured) <= 6  # of 10: both ends, then a half each time


@pytest.mark.parametrize(("count", "most"), [(2, 1), (3, 3), (4, 4), (5, 4), (9, 5), (10, 6)])
def test_its_comparisons_are_known_beforehand(count: int, most: int) -> None:
    assert most_comparisons(range(count)) == most


def test_equal_ends_are_no_change_and_nothing_between_them_is_measured() -> None:
    neighbours, measured, difference = search(99)
    assert neighbours == ("1.0", "1.0")
    assert measured == ["1.0", "1.9"]
    assert not difference.is_significant


@pytest.fixture
def index(monkeypatch: pytest.MonkeyPatch) -> None:
    listed = ["4.3.0", "4.2.5", "4.10.0", "3.0a12", "3.0"]
    monkeypatch.setattr(PipVersions, "versions", lambda _: listed)


@pytest.mark.usefixtures("index")
def test_versions_are_in_their_makers_order() -> None:
    found = versions_between("supervisord", SYSTEMS["bullseye"], "3.0a12", "4.10.0")
    assert found == ["3.0a12", "3.0", "4.2.5", "4.3.0", "4.10.0"]
    one = "supervisord/runner/default/hosted"
    assert versions_between(one, SYSTEMS["bullseye"], "4.2.5", "4.3.0") == ["4.2.5", "4.3.0"]


@pytest.mark.usefixtures("index")
@pytest.mark.parametrize(
    ("name", "first", "last", "words"),
    [
        ("supervisor", "3.0", "4.3.0", "no supervisor named 'supervisor'"),
        ("runit", "2.1.2", "2.2.0", "gets runit in one version only"),
        ("supervisord", "4.2.6", "4.3.0", "no version of supervisord named '4.2.6'"),
        ("supervisord", "4.3.0", "4.2.5", "--from=4.3.0 is not older than --to=4.2.5"),
        ("supervisord", "", "4.2.5", "--from is missing"),
        ("supervisord", "4.2.5", "", "--to is missing"),
    ],
)
def test_a_wrong_request_is_refused(name: str, first: str, last: str, words: str) -> None:
    with pytest.raises(Problem, match=words) as caught:
        versions_between(name, SYSTEMS["bullseye"], first, last)
    assert caught.value.usage


@pytest.mark.parametrize(
    ("name", "profiles"),
    [("supervisord", {"default"}), ("supervisord/runner/patient", {"patient"})],
)
def test_the_profile_is_the_default_one_unless_it_is_named(name: str, profiles: set[str]) -> None:
    options = version_options(name, "4.2.5", SYSTEMS["debian"], "6")
    chosen = [
        selected for selected in options.select().contenders if selected.supervisor.name != "floor"
    ]
    assert {selected.contender.profile for selected in chosen} == profiles


@pytest.mark.parametrize("metric", ["unknown", "cpu_per_restart", "ready_long"])
def test_a_metric_that_no_run_will_have_is_refused(metric: str) -> None:
    """Before anything is measured."""
    options = version_options("supervisord", "4.2.5", SYSTEMS["debian"], "6")
    with pytest.raises(Problem, match=f"no metric of bisect named '{metric}'") as caught:
        check_metric(metric, options)
    assert caught.value.usage
    check_metric("restart_short", options)


@pytest.fixture
def own_lock(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv(lock.VARIABLE, f"test-bisect-{os.getpid()}")
    file = lock.lock_file()
    yield
    file.unlink(missing_ok=True)


@pytest.mark.usefixtures("index", "own_lock")
def test_no_other_bench_gets_in_between_two_versions(monkeypatch: pytest.MonkeyPatch) -> None:
    measured: list[str] = []

    def measure(name: str, version: str, *_: object) -> Record:
        with pytest.raises(RunInProgress), exclusive_run_lock():
            pass
        measured.append(version)
        return cast(Record, SimpleNamespace(run={}, folder=Path()))

    change = SimpleNamespace(is_significant=False)
    monkeypatch.setattr("bench.cli.commands.bisect.measure_version", measure)
    monkeypatch.setattr("reports.compare.runs.with_samples", lambda *_: None)
    monkeypatch.setattr("reports.compare.figure.figure_change", lambda *_, **__: change)
    monkeypatch.setattr("reports.compare.figure.finding_lines", lambda *_: [])
    with pytest.raises(Exit):
        tasks.bisect(Context(), "supervisord", from_="4.2.5", to="4.10.0", os_="bullseye")
    assert measured == ["4.2.5", "4.10.0"]


def test_notes_of_its_runs_are_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """Such as of a guest that could not be removed."""
    notes: list[str] = []

    def run(_: object, observer: Observer) -> Record:
        observer.note("a guest is left")
        return cast(Record, SimpleNamespace(run={"contenders": []}))

    monkeypatch.setattr("bench.cli.commands.bisect.resolve_with_tools", lambda options: options)
    monkeypatch.setattr("bench.cli.commands.bisect.run_locked_bench", run)
    measure_version("supervisord", "4.2.5", SYSTEMS["debian"], "6", notes.append)
    assert notes == ["a guest is left"]
