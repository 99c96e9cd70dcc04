"""A run's folder is complete at every moment; a broken one is refused."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from bench.recording.results_folder import VARIABLE
from bench.recording.samples.seal import Seal
from bench.recording.store import (
    SCHEMA,
    Record,
    read_run,
    run_folder,
    run_names,
)
from bench.recording.unfinished import INTERRUPTED, empty_result
from provision.errors import Problem
from tests.support.samples.sample_runs import contender, measured, run, single_metric


@pytest.fixture
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "results"
    monkeypatch.setenv(VARIABLE, str(folder))
    return folder


HEAD = {key: value for key, value in run().items() if key not in ("schema", "id", "contenders")}


# Of a run that a kill has ended.
KILLED = HEAD | {"ended": None}


def row(name: str, status: str = "measured") -> Any:
    """Return a contender without figures that follow from samples."""
    result = contender(f"{name}/runner/default/hosted", [1.0, 2.0])
    result["scenarios"]["restart"] = measured(single_metric("cpu_per_restart", "us", 70.0))
    return result | {"name": name, "status": status}


def open_unsealed(record: Record) -> Record:
    """Return the record of the same run as an older version wrote it."""
    record.run.pop("samples")
    record.save()
    return Record.load(record.folder)


def samples(name: str, count: int, scenario: str = "restart") -> list[dict[str, Any]]:
    return [{"contender": name, "scenario": scenario, "number": number} for number in range(count)]


def samples_on_disk(record: Record) -> list[dict[str, Any]]:
    text = (record.folder / "samples.jsonl").read_text()
    return [json.loads(line) for line in text.splitlines()]


def test_create_points_latest_at_the_new_run(results: Path) -> None:
    record = Record.create("debian-lxc", HEAD)
    assert (results / "latest").resolve() == record.folder.resolve()
    seal = Seal().facts()
    same = {"schema": SCHEMA, "id": record.folder.name, "contenders": [], "samples": seal}
    assert read_run(run_folder()) == HEAD | same
    assert run_names() == [record.folder.name]


def test_two_runs_of_one_second_have_their_own_folders(results: Path) -> None:
    first, second = Record.create("x", HEAD), Record.create("x", HEAD)
    assert first.folder != second.folder
    assert (results / "latest").resolve() == second.folder.resolve()
    assert run_names() == sorted([first.folder.name, second.folder.name])


def test_added_results_and_samples_are_on_disk(results: Path) -> None:
    record = Record.create("x", HEAD)
    record.add_results([row("a")], samples("a", 3))
    record.add_results([row("b")], samples("b", 2))
    assert [result["name"] for result in read_run(record.folder)["contenders"]] == ["a", "b"]
    assert samples_on_disk(record) == samples("a", 3) + samples("b", 2)
    assert not list(record.folder.glob("*.new"))


def test_a_contenders_new_results_replace_its_old_ones(results: Path) -> None:
    record = Record.create("x", HEAD)
    record.add_results([row("a", "failed")], [])
    record.add_results([row("a")], samples("a", 1))
    assert read_run(record.folder)["contenders"] == [row("a")]
    assert Record.load(record.folder).complete_scenarios() == {("a", "restart"), ("a", "footprint")}


def with_status(result: Any, *scenarios: str, status: str) -> Any:
    results = result["scenarios"] | {name: empty_result(status, "why") for name in scenarios}
    return result | {"scenarios": results, "status": status, "log": "logs/x.log"}


def test_failed_and_unfinished_scenarios_are_not_complete(results: Path) -> None:
    record = Record.create("x", HEAD)
    record.add_results([with_status(row("a"), "restart", status="failed")], [])
    record.add_results([with_status(row("b"), "footprint", status="unfinished")], [])
    record.add_results([with_status(row("c"), "footprint", status="not applicable")], [])
    assert record.complete_scenarios() == {
        ("a", "footprint"), ("b", "restart"), ("c", "restart"), ("c", "footprint")
    }  # fmt: skip


def test_dropping_a_scenario_keeps_the_others(results: Path) -> None:
    record = Record.create("x", HEAD)
    doubt = {"kind": "few", "text": "why"}
    guests = [
        {"replica": 0, "load": {"restart": {"steal": 0.1}, "footprint": {"steal": 0.2}}},
        {"replica": 1, "load": {"restart": {"steal": 0.3}}},
        {"replica": 2, "load": {}},
    ]
    one = with_status(row("a"), "restart", status="failed") | {"guests": guests, "doubts": [doubt]}
    other = with_status(row("b"), "footprint", status="failed") | {"doubts": [doubt]}
    record.add_results(
        [one, other, row("c")],
        [*samples("a", 2), *samples("a", 3, "footprint"), *samples("b", 2), *samples("c", 1)],
    )
    gone = {("a", "restart"), ("b", "footprint")}
    before = record.results_without(gone)
    record.drop_scenarios(gone)
    again = Record.load(record.folder)
    assert again.run["contenders"] == record.run["contenders"] == before
    a, b, c = (again.contenders_by_name()[name] for name in "abc")
    assert (a["status"], a["reason"], "log" in a) == ("unfinished", INTERRUPTED, False)
    assert a["scenarios"] == row("a")["scenarios"] | {
        "restart": empty_result("unfinished", INTERRUPTED)
    }
    assert a["guests"] == [{"replica": 0, "load": {"footprint": {"steal": 0.2}}}]
    assert (a["doubts"], b["doubts"]) == ([], [doubt])
    assert c == row("c")
    assert samples_on_disk(again) == [
        *samples("a", 3, "footprint"),
        *samples("b", 2),
        *samples("c", 1),
    ]


def test_dropping_removes_whole_contenders_and_samples_without_results(results: Path) -> None:
    record = Record.create("x", KILLED)
    record.add_results([row("a")], samples("a", 2))
    record.add_results(
        [with_status(row("b"), "restart", "footprint", status="failed")], samples("b", 2)
    )
    # Killed while writing: samples whose contender is not in run.json, the last line incomplete.
    with (record.folder / "samples.jsonl").open("a") as stream:
        stream.write(json.dumps(samples("c", 1)[0]) + '\n{"contender": "a", "num')
    again = Record.load(record.folder)
    again.drop_scenarios(
        {(name, scenario) for name in "bc" for scenario in ("restart", "footprint")}
    )
    assert (
        list(again.contenders_by_name())
        == list(Record.load(record.folder).contenders_by_name())
        == ["a"]
    )
    assert samples_on_disk(again) == samples("a", 2)


@pytest.mark.parametrize(
    "line", ['{"contender": "b", "nu', "3", "{}", "null", '{"contender": "b"}']
)
@pytest.mark.probe("damage")
def test_a_broken_sample_is_named_and_nothing_is_dropped(results: Path, line: str) -> None:
    record = Record.create("x", HEAD)
    record.add_results([row("a")], samples("a", 1))
    record = open_unsealed(record)
    with (record.folder / "samples.jsonl").open("a") as stream:
        stream.write(line + "\n")
    for read in (lambda: record.drop_scenarios({("a", "restart")}), record.read_samples):
        with pytest.raises(Problem, match=r"samples\.jsonl, line 2 is not a sample") as caught:
            read()
        assert caught.value.usage
    assert list(Record.load(record.folder).contenders_by_name()) == ["a"]


def test_compressed_samples_are_read_and_an_incomplete_last_line_is_skipped(results: Path) -> None:
    record = Record.create("x", HEAD)
    assert record.read_samples() == []
    record.add_results([row("a")], samples("a", 2))
    plain = record.folder / "samples.jsonl"
    with plain.open("a") as stream:
        stream.write('{"contender": "a", "num')
    assert record.read_samples() == samples("a", 2)
    with gzip.open(record.folder / "samples.jsonl.gz", "wb") as packed:
        packed.write(plain.read_bytes())
    plain.unlink()
    assert record.read_samples() == samples("a", 2)


@pytest.mark.probe("damage")
def test_damaged_compressed_samples_are_refused(results: Path) -> None:
    record = Record.create("x", HEAD)
    packed = gzip.compress(b'{"contender": "a", "scenario": "restart"}\n' * 9)
    (record.folder / "samples.jsonl.gz").write_bytes(packed[:10] + b"\xff" * 9 + packed[19:])
    with pytest.raises(Problem, match=r"samples\.jsonl\.gz is broken"):
        record.read_samples()


def test_write_log_returns_the_logs_path(results: Path) -> None:
    record = Record.create("x", HEAD)
    path = record.write_log("runit/runner/default/pid1", "why")
    assert path.read_text() == "why"
    assert path.parent == record.folder / "logs"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        "3",
        '"text"',
        "{}",
        '{"schema": 1}',
        '{"schema": {"a": 1}',
        "\x00\x01",
    ],
)
@pytest.mark.probe("damage")
def test_a_broken_record_is_refused(results: Path, text: str) -> None:
    folder = results / "broken"
    folder.mkdir(parents=True)
    (folder / "run.json").write_text(text)
    with pytest.raises(Problem, match=r"broken/run\.json is not a run's record") as caught:
        read_run(folder)
    assert caught.value.usage
    assert "./inv report" in caught.value.advice


@pytest.mark.probe("damage")
def test_a_record_that_is_no_text_is_refused(results: Path) -> None:
    folder = results / "broken"
    folder.mkdir(parents=True)
    (folder / "run.json").write_bytes(b"\xff\xfe\x80")
    with pytest.raises(Problem, match="is not a run's record"):
        read_run(folder)


@pytest.mark.parametrize("schema", [0, SCHEMA + 1, "1", None])
@pytest.mark.probe("damage")
def test_another_schema_version_is_refused(results: Path, schema: Any) -> None:
    folder = results / "old"
    folder.mkdir(parents=True)
    (folder / "run.json").write_text(json.dumps({"schema": schema, "contenders": []}))
    with pytest.raises(Problem, match=f"this version reads schema {SCHEMA}") as caught:
        read_run(folder)
    assert caught.value.usage


def test_a_missing_run_is_refused_with_the_names_of_all_runs(results: Path) -> None:
    record = Record.create("x", HEAD)
    with pytest.raises(Problem, match="There is no run") as caught:
        read_run(run_folder("20000101-000000-nothing"))
    assert record.folder.name in caught.value.known
    assert caught.value.usage


def test_the_first_read_without_any_run_advises_to_measure(results: Path) -> None:
    with pytest.raises(Problem) as caught:
        read_run(run_folder())
    assert "none yet" in caught.value.known
    assert "./inv bench" in caught.value.advice


@pytest.mark.probe("damage")
def test_a_latest_that_points_nowhere_is_refused(results: Path) -> None:
    results.mkdir()
    (results / "latest").symlink_to("gone")
    with pytest.raises(Problem, match="There is no run"):
        read_run(run_folder())


def test_a_run_is_found_by_name_and_by_path(results: Path) -> None:
    record = Record.create("x", HEAD)
    assert run_folder(f"{record.folder}/") == record.folder
    assert run_folder(record.folder.name) == record.folder
