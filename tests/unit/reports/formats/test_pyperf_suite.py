"""What pyperf's own commands make of an exported run."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from bench.recording.store import read_run
from provision.errors import Problem
from reports.formats import pyperf_suite
from reports.model import samples
from tests.support import sample_runs


def exported(folder: Path, name: str = "run") -> Path:
    run = sample_runs.ordinary(folder / name)
    path = folder / f"{name}.json"
    with path.open("w") as stream:
        pyperf_suite.write(read_run(run), samples.read(run), stream)
    return path


def pyperf(*words: object) -> str:
    command = [sys.executable, "-m", "pyperf", *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return done.stdout


def test_stats(tmp_path: Path) -> None:
    said = pyperf("stats", exported(tmp_path))
    assert "Number of benchmarks: 5" in said
    assert "s6/runner/tuned/hosted long" in said
    assert "Median +- MAD:   5.00 ms" in said


def test_hist(tmp_path: Path) -> None:
    assert "runit/runner/default/hosted long" in pyperf("hist", exported(tmp_path))


def test_compare_to(tmp_path: Path) -> None:
    one, other = exported(tmp_path), exported(tmp_path, "other")
    other.write_text(other.read_text().replace("0.004", "0.008"))
    assert "slower" in pyperf("compare_to", one, other)


def test_no_restart_at_all_is_said(tmp_path: Path) -> None:
    run = sample_runs.run(sample_runs.contender("runit/runner/default/hosted", [], censored=5))
    with pytest.raises(Problem, match="saw no restart"), (tmp_path / "x").open("w") as stream:
        pyperf_suite.write(run, samples.of([]), stream)
