"""A run's files are checked against schema.json whenever they are read."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from bench.recording.store import read_run
from bench.recording.supervisor_info import supervisor_info
from provision.errors import Problem
from provision.systems import SYSTEMS
from reports.model import samples
from supervisors import supervisors
from tests.support import sample_runs

SCHEMA = json.loads((Path(samples.__file__).parents[1] / "schema.json").read_text())


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(SCHEMA)


def test_what_bench_says_of_supervisors_fits() -> None:
    for system in SYSTEMS.values():
        said = json.loads(json.dumps(supervisor_info(supervisors().values(), system)))
        whole = sample_runs.run() | {"supervisors": said}
        assert not list(Draft202012Validator(SCHEMA).iter_errors(whole))


def test_a_run_is_read(tmp_path: Path) -> None:
    folder = sample_runs.ordinary(tmp_path / "run")
    assert read_run(folder)["system"]["name"] == "debian"
    assert len(samples.read(folder)) == 150


@pytest.mark.parametrize(
    ("spoil", "place"),
    [
        (lambda run: run.pop("host"), "'host' is a required property"),
        (lambda run: run.update(quick="yes"), "$.quick"),
        (lambda run: run["contenders"][0].update(role="boss"), "$.contenders[0].role"),
        (lambda run: run["contenders"][0]["scenarios"]["restart"]["metrics"][0].update(n=-1),
         "$.contenders[0].scenarios.restart.metrics[0].n"),
        (lambda run: run["supervisors"]["s6"]["usage"][0]["steps"][0]["actions"].append({}),
         "$.supervisors.s6.usage[0].steps[0].actions[2]"),
    ],
)  # fmt: skip
def test_a_run_that_does_not_fit_is_refused(
    tmp_path: Path, spoil: Callable[[dict[str, Any]], Any], place: str
) -> None:
    folder = sample_runs.ordinary(tmp_path / "run")
    run = json.loads((folder / "run.json").read_text())
    spoil(run)
    (folder / "run.json").write_text(json.dumps(run))
    with pytest.raises(Problem) as refused:
        read_run(folder)
    assert place in str(refused.value)
    assert refused.value.usage


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{", "line 2"),
        ('{"event": "up"}', "is a required property"),
        ('{"contender": "a", "replica": 0, "scenario": "restart", "event": "sample"}', "'group'"),
    ],
)
def test_a_broken_sample_is_refused(tmp_path: Path, line: str, reason: str) -> None:
    folder = sample_runs.ordinary(tmp_path / "run")
    path = folder / "samples.jsonl"
    first, *others = path.read_text().splitlines(keepends=True)
    path.write_text("".join([first, line + "\n", *others]))
    with pytest.raises(Problem) as refused:
        samples.read(folder)
    assert reason in str(refused.value)


def test_a_last_line_cut_short_is_left_out(tmp_path: Path) -> None:
    folder = sample_runs.ordinary(tmp_path / "run")
    path = folder / "samples.jsonl"
    path.write_text(path.read_text()[:-10])
    assert len(samples.read(folder)) == 149


def test_compressed_samples_are_read(tmp_path: Path) -> None:
    folder = sample_runs.ordinary(tmp_path / "run")
    plain = samples.read(folder)
    path = folder / "samples.jsonl"
    (folder / "samples.jsonl.gz").write_bytes(gzip.compress(path.read_bytes()))
    path.unlink()
    assert samples.read(folder) == plain
    (folder / "samples.jsonl.gz").write_bytes(b"no gzip at all")
    with pytest.raises(Problem, match="broken"):
        samples.read(folder)
