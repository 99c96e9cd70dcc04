"""Ratios between two revisions of the suite, and what their medians say."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bench.engine import lock
from bench.engine.lock import RunInProgress, exclusive_run_lock
from bench.own_cost import comparison
from bench.own_cost.checkouts import checkout_of
from bench.own_cost.comparison import agreement, ratio_of
from bench.own_cost.quantities import WALL, RevisionMeasurements, measure_revision
from bench.own_cost.request import parse_own_cost
from provision.errors import Problem


def turns(*seconds: float) -> list[RevisionMeasurements]:
    return [RevisionMeasurements(values={WALL: value}) for value in seconds]


def test_a_ratio_pairs_the_turns() -> None:
    ratio = ratio_of(WALL, turns(1.0, 3.0, 2.0), turns(2.0, 4.0, 8.0))
    assert ratio is not None
    assert (ratio.median, ratio.low, ratio.high) == (0.5, 0.25, 0.75)


def test_the_range_of_three_turns_encloses_the_median_three_times_of_four() -> None:
    ratio = ratio_of(WALL, turns(1, 1, 1), turns(1, 1, 1))
    assert ratio is not None
    assert ratio.confidence == 0.75


def test_a_quantity_that_the_other_revision_lacks_has_no_ratio() -> None:
    assert (
        ratio_of(WALL, turns(1.0), [RevisionMeasurements(missing={WALL: "no such command"})])
        is None
    )


def test_medians_agree_where_their_intervals_meet() -> None:
    this = RevisionMeasurements(
        medians={"a": (1.0, 0.5, 1.5), "b": (1.0, 0.9, 1.1), "c": (1, 1, 1)}
    )
    other = RevisionMeasurements(medians={"a": (2.0, 1.5, 2.5), "b": (2.0, 1.9, 2.1)})
    first, apart, widths = agreement(this, other)
    assert first == "1 of 2 medians of ranked restarts agree."
    assert apart.startswith("apart: b, 1.00 ms (0.90 to 1.10)")
    assert "1.00 times as wide" in widths


def test_runs_without_ranked_restarts_are_not_compared() -> None:
    assert agreement(RevisionMeasurements(), RevisionMeasurements()) == []


@pytest.mark.parametrize(
    ("command", "words"),
    [("bench 'x", "is no command line: No closing quotation"), (" ", "names no command of ./inv")],
)
def test_a_command_that_is_none_is_a_wrong_request(command: str, words: str) -> None:
    """Before anything is measured."""
    with pytest.raises(Problem, match=words) as problem:
        parse_own_cost("HEAD", command, "3", "50")
    assert problem.value.usage


def test_no_other_bench_gets_in_between_two_commands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The commands have a lock of their own, which nothing is left of."""
    monkeypatch.setenv(lock.VARIABLE, f"test-bench-self-{os.getpid()}")
    (tmp_path / "inv").write_text(f'#!/bin/sh\necho "${lock.VARIABLE}" >>locks\n')
    (tmp_path / "inv").chmod(0o755)

    @contextmanager
    def checkout(_: str) -> Iterator[Path]:
        with pytest.raises(RunInProgress), exclusive_run_lock():
            pass
        yield tmp_path

    monkeypatch.setattr(comparison, "checkout_of", checkout)
    monkeypatch.setattr(comparison, "ROOT", tmp_path)
    monkeypatch.setattr(comparison, "short_name", lambda _: "")
    comparison.compare_revisions(parse_own_cost("HEAD", "list", "1", "0"), lambda _: None)
    lock.lock_file().unlink()
    assert set((tmp_path / "locks").read_text().splitlines()) == {f"bench-self-{os.getpid()}"}
    assert not lock.lock_file(f"bench-self-{os.getpid()}").exists()


def test_an_unknown_revision_is_a_wrong_request() -> None:
    with pytest.raises(Problem) as problem, checkout_of("no-such-revision"):
        pass
    assert problem.value.usage


@pytest.mark.parametrize(
    ("against", "turns", "guests"),
    [("", "3", "50"), ("HEAD", "0", "50"), ("HEAD", "many", "50"), ("HEAD", "3", "-1")],
)
def test_a_request_that_makes_no_sense_is_refused(against: str, turns: str, guests: str) -> None:
    with pytest.raises(Problem) as problem:
        parse_own_cost(against, "list", turns, guests)
    assert problem.value.usage


_BENCH = """#!/bin/sh
[ "$1" = bench ] || exit 0
[ -z "${PROCESS_SUPERVISION_RESULTS:-}" ] || exit 2
[ ! -e fails ] || exit 3
mkdir -p results/latest
cp run.json results/latest
"""


def test_a_turn_has_the_medians_of_its_own_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROCESS_SUPERVISION_RESULTS", str(tmp_path / "elsewhere"))
    metric = {"metric": "restart_long", "median": 2.0, "ci_low": 1.0, "ci_high": 3.0}
    contender = {"name": "a", "scenarios": {"restart": {"metrics": [metric]}}}
    (tmp_path / "run.json").write_text(json.dumps({"contenders": [contender]}))
    (tmp_path / "inv").write_text(_BENCH)
    (tmp_path / "inv").chmod(0o755)
    assert measure_revision(tmp_path, "bench --quick", 0).medians == {"a": (2.0, 1.0, 3.0)}
    (tmp_path / "fails").touch()
    measured = measure_revision(tmp_path, "bench --quick", 0)
    assert WALL in measured.missing
    assert not measured.medians, "those of an earlier turn"
