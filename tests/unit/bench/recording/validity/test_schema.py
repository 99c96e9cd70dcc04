"""The schema is generated from types, and every run is checked against it when it is read."""

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
from bench.recording.validity.schema import SCHEMA_FILE, schema_text
from provision.errors import Problem
from provision.systems import SYSTEMS
from reports.model.samples import read_samples
from supervisors import supervisors
from tests.support.samples import sample_runs
from tests.support.samples.detailed_run import detailed_run

SCHEMA = json.loads(SCHEMA_FILE.read_text())
PUBLISHED = SCHEMA_FILE.parent / "published" / "run.json"


def run_errors(run: Any) -> list[str]:
    return [error.json_path for error in Draft202012Validator(SCHEMA).iter_errors(run)]


def test_the_file_is_what_the_types_determine() -> None:
    assert SCHEMA_FILE.read_text() == schema_text(), "run ./inv schema"


def test_the_schema_is_valid() -> None:
    Draft202012Validator.check_schema(SCHEMA)


def test_every_field_has_a_description() -> None:
    for name, definition in (SCHEMA["$defs"] | {"Run": SCHEMA}).items():
        for field, schema in definition.get("properties", {}).items():
            assert schema["description"], f"{name}.{field}"


def test_the_published_run_fits() -> None:
    assert not run_errors(json.loads(PUBLISHED.read_text()))


def test_a_detailed_run_fits() -> None:
    assert not run_errors(detailed_run())


def test_facts_about_all_supervisors_fit() -> None:
    for system in SYSTEMS.values():
        facts = json.loads(json.dumps(supervisor_info(supervisors().values(), [system])))
        assert not run_errors(sample_runs.run() | {"supervisors": facts})


@pytest.mark.parametrize(
    "spoil",
    [
        lambda run: run.update(schema=2),
        lambda run: run.update(id=""),
        lambda run: run.update(bound=-1),
        lambda run: run.pop("mixed"),
        lambda run: run.pop("plan"),
        lambda run: run["plan"].pop("lines"),
        lambda run: run["system"].update(mirror={"url": 1}),
        lambda run: run["provider"].update(name=""),
        lambda run: run["host"].update(cores=0),
        lambda run: run["host"].update(libraries={"rich": 15}),
        lambda run: run["noise"][0].pop("host"),
        lambda run: run["absent"][0].pop("reason"),
        lambda run: run["trace"].update(missing=-1),
        lambda run: run["trace"].update(kill_us={"n": 1}),
        lambda run: run["calibration"]["checks"][0].pop("goal"),
        lambda run: run["calibration"]["noise"]["alone"]["counts"].append(-1),
        lambda run: run["calibration"]["noise"]["alone"]["late_us"].update(p90="late"),
        lambda run: run["contenders"][0].update(limit=[5]),
        lambda run: run["contenders"][0].update(limit=[5, 10, 15]),
        lambda run: run["contenders"][0].update(profile="quick"),
        lambda run: run["contenders"][0].update(status="good"),
        lambda run: run["contenders"][0]["source"].update(kind="snap"),
        lambda run: run["contenders"][0]["doubts"][0].update(text=""),
        lambda run: run["contenders"][0]["doubts"][0].update(kind="many"),
        lambda run: run["contenders"][0]["guests"][0].pop("phases"),
        lambda run: run["contenders"][0]["scenarios"]["restart"].pop("metrics"),
        lambda run: run["contenders"][0]["scenarios"]["restart"]["metrics"][0].pop("p99"),
        lambda run: run["contenders"][0]["scenarios"]["restart"]["metrics"][0].update(censored=-1),
        lambda run: run["contenders"][0]["scenarios"]["restart"]["verdicts"][0].update(
            answer="maybe"
        ),
        lambda run: run["contenders"][0]["scenarios"]["restart"]["verdicts"][0].update(
            evidence=[-1]
        ),
        lambda run: run["supervisors"]["s6"]["usage"][0]["steps"][0]["actions"].append(
            {"command": "ls", "boot": "/sbin/init"}
        ),
        lambda run: run["supervisors"]["s6"]["usage"][0]["steps"][0]["actions"].append(
            {"file": "/a", "content": "b"}
        ),
    ],
)
def test_a_spoiled_run_is_refused(spoil: Callable[[Any], Any]) -> None:
    run = detailed_run()
    spoil(run)
    assert run_errors(run)


def test_a_run_is_read(tmp_path: Path) -> None:
    folder = sample_runs.write_ordinary_run(tmp_path / "run")
    assert read_run(folder)["system"]["name"] == "debian"
    assert len(read_samples(folder)) == 150


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
def test_reading_a_spoiled_run_names_the_place(
    tmp_path: Path, spoil: Callable[[dict[str, Any]], Any], place: str
) -> None:
    folder = sample_runs.write_ordinary_run(tmp_path / "run")
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
    folder = sample_runs.write_ordinary_run(tmp_path / "run")
    path = folder / "samples.jsonl"
    first, *others = path.read_text().splitlines(keepends=True)
    path.write_text("".join([first, line + "\n", *others]))
    with pytest.raises(Problem) as refused:
        read_samples(folder)
    assert reason in str(refused.value)


def test_a_last_line_cut_short_is_left_out(tmp_path: Path) -> None:
    folder = sample_runs.write_ordinary_run(tmp_path / "run")
    path = folder / "samples.jsonl"
    path.write_text(path.read_text()[:-10])
    assert len(read_samples(folder)) == 149


def test_compressed_samples_are_read(tmp_path: Path) -> None:
    folder = sample_runs.write_ordinary_run(tmp_path / "run")
    plain = read_samples(folder)
    path = folder / "samples.jsonl"
    (folder / "samples.jsonl.gz").write_bytes(gzip.compress(path.read_bytes()))
    path.unlink()
    assert read_samples(folder) == plain
    (folder / "samples.jsonl.gz").write_bytes(b"no gzip at all")
    with pytest.raises(Problem, match="broken"):
        read_samples(folder)
