"""A run of a person's own program says so in every rendering, and is not taken for another."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from bench.model.run_file import Run
from bench.recording.quality.run_warnings import run_warnings
from provision.errors import Problem
from reports.compare.runs import RunWithSamples, comparison_cautions
from reports.formats.csv_table import write_csv
from reports.formats.pyperf_suite import write_pyperf
from reports.model.samples import samples_from
from reports.publish import publish
from tests.support.samples import sample_runs
from tests.unit.reports.support.renderings import all_renderings

RUNIT = "runit/runner/default/hosted"
MARK = "own program: mine --all, ready = first connect to port 80"


def run_of(*words: str) -> Run:
    """Return a run of a program of one's own; without words one of the suite's daemon."""
    runit = sample_runs.contender(RUNIT, sample_runs.steady_latencies(4.0))
    run = sample_runs.run(runit)
    if words:
        run["options"]["daemon"] = {"command": [*words], "ready": "port:80", "look_ms": 1.0}
        ready = sample_runs.single_metric("ready_long", "ms", 98.7)
        runit["scenarios"]["restart"]["metrics"].append(ready)
        run["warnings"] = run_warnings(run)
    return run


def with_samples(run: Run) -> RunWithSamples:
    samples = sample_runs.restart_samples({RUNIT: sample_runs.steady_latencies(4.0)})
    return RunWithSamples(run, samples_from(samples))


def test_every_rendering_names_the_program_and_its_readiness() -> None:
    assert all(MARK in text for text in all_renderings(run_of("mine", "--all")))
    assert not any("own program" in text for text in all_renderings(run_of()))


def test_tables_show_how_long_it_took_to_be_ready() -> None:
    terminal, *_ = all_renderings(run_of("mine"))
    assert "ready_long, ms (restart)" in terminal
    assert "98.7" in terminal


def test_csv_and_pyperf_say_it_in_each_row() -> None:
    run, csv, pyperf = run_of("mine", "--all"), io.StringIO(), io.StringIO()
    write_csv(run, csv)
    write_pyperf(run, with_samples(run).samples, pyperf)
    rows = csv.getvalue().splitlines()[1:]
    assert rows
    assert all(MARK in row for row in rows)
    assert MARK in pyperf.getvalue()


def test_a_comparison_says_that_the_daemons_differ() -> None:
    own, other, usual = (with_samples(run_of(*words)) for words in (("mine",), ("yours",), ()))
    (caution,) = [text for text in comparison_cautions(usual, own) if "Different" in text]
    assert caution.startswith("Different daemons: the suite's, then own program: mine, ready =")
    assert any("Different daemons" in text for text in comparison_cautions(own, other))
    assert not any("Different" in text for text in comparison_cautions(own, own))


def test_it_is_no_reference(tmp_path: Path) -> None:
    run = run_of("mine", "--all")
    folder = sample_runs.write_run(tmp_path / "run", run, [])
    with pytest.raises(Problem, match="not fit to be a reference") as caught:
        publish(run, folder)
    assert MARK in caught.value.known
