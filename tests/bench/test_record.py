"""A run's folder: whole at every moment, refused with a clear word where it is not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bench import record
from bench.record import SCHEMA, Record, find, read_run, runs
from provision.errors import Problem
from tests.reports import made as whole

# What bench says of a run before its first contender.
HEAD = {
    key: value for key, value in whole.run().items() if key not in ("schema", "id", "contenders")
}


@pytest.fixture
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "results"
    monkeypatch.setattr(record, "RESULTS", folder)
    return folder


def row(name: str, status: str = "measured") -> dict[str, Any]:
    made: dict[str, Any] = json.loads(
        json.dumps(whole.contender(f"{name}/runner/default/hosted", [1.0]))
    )
    return made | {"name": name, "status": status}


def samples(name: str, count: int) -> list[dict[str, Any]]:
    return [{"contender": name, "number": number} for number in range(count)]


def kept(made: Record) -> list[dict[str, Any]]:
    text = (made.folder / "samples.jsonl").read_text()
    return [json.loads(line) for line in text.splitlines()]


def test_created_with_a_link_to_it(results: Path) -> None:
    made = Record.create("debian-lxc", HEAD)
    assert (results / "latest").resolve() == made.folder.resolve()
    own = {"schema": SCHEMA, "id": made.folder.name, "contenders": []}
    assert read_run(find()) == json.loads(json.dumps(HEAD)) | own
    assert runs() == [made.folder.name]


def test_two_in_one_second_do_not_meet(results: Path) -> None:
    first, second = Record.create("x", HEAD), Record.create("x", HEAD)
    assert first.folder != second.folder
    assert (results / "latest").resolve() == second.folder.resolve()
    assert runs() == sorted([first.folder.name, second.folder.name])


def test_what_was_added_is_on_disk(results: Path) -> None:
    made = Record.create("x", HEAD)
    made.add(row("a"), samples("a", 3))
    made.add(row("b"), samples("b", 2))
    assert [each["name"] for each in read_run(made.folder)["contenders"]] == ["a", "b"]
    assert kept(made) == samples("a", 3) + samples("b", 2)
    assert not list(made.folder.glob("*.new"))


def test_added_again_replaces(results: Path) -> None:
    made = Record.create("x", HEAD)
    made.add(row("a", "failed"), [])
    made.add(row("a"), samples("a", 1))
    assert read_run(made.folder)["contenders"] == [row("a")]
    assert Record.load(made.folder).measured() == {"a"}


def test_forgetting_drops_what_is_not_complete(results: Path) -> None:
    made = Record.create("x", HEAD)
    made.add(row("a"), samples("a", 2))
    made.add(row("b", "failed"), samples("b", 2))
    # A run killed while it wrote: samples whose contender is not in run.json, the last one torn.
    with (made.folder / "samples.jsonl").open("a") as stream:
        stream.write(json.dumps({"contender": "c", "number": 0}) + '\n{"contender": "a", "num')
    again = Record.load(made.folder)
    again.forget(again.measured())
    assert again.measured() == {"a"}
    assert kept(again) == samples("a", 2)


@pytest.mark.parametrize("line", ['{"contender": "b", "nu', "3", "{}", "null"])
def test_a_broken_sample_is_named(results: Path, line: str) -> None:
    made = Record.create("x", HEAD)
    made.add(row("a"), samples("a", 1))
    with (made.folder / "samples.jsonl").open("a") as stream:
        stream.write(line + "\n")
    with pytest.raises(Problem, match=r"samples\.jsonl, line 2 is not a sample") as caught:
        made.forget({"a"})
    assert caught.value.usage


def test_the_log_says_where_it_is(results: Path) -> None:
    made = Record.create("x", HEAD)
    path = made.log("runit/runner/default/pid1", "why")
    assert path.read_text() == "why"
    assert path.parent == made.folder / "logs"


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
def test_a_broken_record(results: Path, text: str) -> None:
    folder = results / "broken"
    folder.mkdir(parents=True)
    (folder / "run.json").write_text(text)
    with pytest.raises(Problem, match=r"broken/run\.json is not a run's record") as caught:
        read_run(folder)
    assert caught.value.usage
    assert "./inv report" in caught.value.advice


def test_a_record_that_is_no_text(results: Path) -> None:
    folder = results / "broken"
    folder.mkdir(parents=True)
    (folder / "run.json").write_bytes(b"\xff\xfe\x80")
    with pytest.raises(Problem, match="is not a run's record"):
        read_run(folder)


@pytest.mark.parametrize("schema", [0, SCHEMA + 1, "1", None])
def test_another_schema(results: Path, schema: Any) -> None:
    folder = results / "old"
    folder.mkdir(parents=True)
    (folder / "run.json").write_text(json.dumps({"schema": schema, "contenders": []}))
    with pytest.raises(Problem, match=f"this version reads schema {SCHEMA}") as caught:
        read_run(folder)
    assert caught.value.usage


def test_a_missing_run_names_those_there_are(results: Path) -> None:
    made = Record.create("x", HEAD)
    with pytest.raises(Problem, match="There is no run") as caught:
        read_run(find("20000101-000000-nothing"))
    assert made.folder.name in caught.value.known
    assert caught.value.usage


def test_no_run_at_all(results: Path) -> None:
    with pytest.raises(Problem) as caught:
        read_run(find())
    assert "none yet" in caught.value.known
    assert "./inv bench" in caught.value.advice


def test_a_link_to_nothing(results: Path) -> None:
    results.mkdir()
    (results / "latest").symlink_to("gone")
    with pytest.raises(Problem, match="There is no run"):
        read_run(find())


def test_found_by_path(results: Path) -> None:
    made = Record.create("x", HEAD)
    assert find(f"{made.folder}/") == made.folder
    assert find(made.folder.name) == made.folder
