"""What pyperf's own commands make of an exported run."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from bench.recording.store import read_run
from provision.errors import Problem
from reports.formats.pyperf_suite import write_pyperf
from reports.model.samples import read_samples, samples_from
from tests.support.samples import sample_runs


def export(folder: Path, name: str = "run") -> Path:
    """Write a run for pyperf; return the file."""
    run = sample_runs.write_ordinary_run(folder / name)
    path = folder / f"{name}.json"
    with path.open("w") as stream:
        write_pyperf(read_run(run), read_samples(run), stream)
    return path


def pyperf(*words: object) -> str:
    """Return what a command of pyperf prints."""
    command = [sys.executable, "-m", "pyperf", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_stats_reads_it(tmp_path: Path) -> None:
    output = pyperf("stats", export(tmp_path))
    assert "Number of benchmarks: 5" in output
    assert "s6/runner/fast/hosted long" in output
    assert "Median +- MAD:   5.00 ms" in output


def test_hist_reads_it(tmp_path: Path) -> None:
    assert "runit/runner/default/hosted long" in pyperf("hist", export(tmp_path))


def test_compare_to_reads_it(tmp_path: Path) -> None:
    one, other = export(tmp_path), export(tmp_path, "other")
    other.write_text(other.read_text().replace("0.004", "0.008"))
    assert "slower" in pyperf("compare_to", one, other)


def test_a_run_without_a_restart_is_refused(tmp_path: Path) -> None:
    run = sample_runs.run(sample_runs.contender("runit/runner/default/hosted", [], censored=5))
    with pytest.raises(Problem, match="saw no restart"), (tmp_path / "x").open("w") as stream:
        write_pyperf(run, samples_from([]), stream)
