"""A run's folder: whole at every moment, refused with a clear word where it is not."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from bench.recording import store
from bench.recording.store import CUT, SCHEMA, Record, find, nothing, read_run, runs
from provision.errors import Problem
from tests.support.sample_runs import contender, run


@pytest.fixture
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "results"
    monkeypatch.setattr(store, "RESULTS", folder)
    return folder


HEAD = {key: value for key, value in run().items() if key not in ("schema", "id", "contenders")}


def row(name: str, status: str = "measured") -> dict[str, Any]:
    return contender(f"{name}/runner/default/hosted", [1.0, 2.0]) | {"name": name, "status": status}


def samples(name: str, count: int, scenario: str = "restart") -> list[dict[str, Any]]:
    return [{"contender": name, "scenario": scenario, "number": number} for number in range(count)]


def kept(made: Record) -> list[dict[str, Any]]:
    text = (made.folder / "samples.jsonl").read_text()
    return [json.loads(line) for line in text.splitlines()]


def test_created_with_a_link_to_it(results: Path) -> None:
    made = Record.create("debian-lxc", HEAD)
    assert (results / "latest").resolve() == made.folder.resolve()
    same = {"schema": SCHEMA, "id": made.folder.name, "contenders": []}
    assert read_run(find()) == HEAD | same
    assert runs() == [made.folder.name]


def test_two_in_one_second_do_not_meet(results: Path) -> None:
    first, second = Record.create("x", HEAD), Record.create("x", HEAD)
    assert first.folder != second.folder
    assert (results / "latest").resolve() == second.folder.resolve()
    assert runs() == sorted([first.folder.name, second.folder.name])


def test_what_was_added_is_on_disk(results: Path) -> None:
    made = Record.create("x", HEAD)
    made.add([row("a")], samples("a", 3))
    made.add([row("b")], samples("b", 2))
    assert [each["name"] for each in read_run(made.folder)["contenders"]] == ["a", "b"]
    assert kept(made) == samples("a", 3) + samples("b", 2)
    assert not list(made.folder.glob("*.new"))


def test_added_again_replaces(results: Path) -> None:
    made = Record.create("x", HEAD)
    made.add([row("a", "failed")], [])
    made.add([row("a")], samples("a", 1))
    assert read_run(made.folder)["contenders"] == [row("a")]
    assert Record.load(made.folder).complete() == {("a", "restart"), ("a", "footprint")}


def cut(made: dict[str, Any], *scenarios: str, status: str) -> dict[str, Any]:
    parts = made["scenarios"] | {name: nothing(status, "why") for name in scenarios}
    return made | {"scenarios": parts, "status": status, "log": "logs/x.log"}


def test_what_failed_or_was_cut_short_is_not_complete(results: Path) -> None:
    made = Record.create("x", HEAD)
    made.add([cut(row("a"), "restart", status="failed")], [])
    made.add([cut(row("b"), "footprint", status="unfinished")], [])
    made.add([cut(row("c"), "footprint", status="not applicable")], [])
    assert made.complete() == {
        ("a", "footprint"), ("b", "restart"), ("c", "restart"), ("c", "footprint")
    }  # fmt: skip


def test_forgetting_a_scenario_leaves_the_other(results: Path) -> None:
    made = Record.create("x", HEAD)
    doubt = {"kind": "few", "text": "why"}
    guests = [
        {"replica": 0, "load": {"restart": {"steal": 0.1}, "footprint": {"steal": 0.2}}},
        {"replica": 1, "load": {"restart": {"steal": 0.3}}},
        {"replica": 2, "load": {}},
    ]
    one = cut(row("a"), "restart", status="failed") | {"guests": guests, "doubts": [doubt]}
    other = cut(row("b"), "footprint", status="failed") | {"doubts": [doubt]}
    made.add(
        [one, other, row("c")],
        [*samples("a", 2), *samples("a", 3, "footprint"), *samples("b", 2), *samples("c", 1)],
    )
    gone = {("a", "restart"), ("b", "footprint")}
    before = made.results_without(gone)
    made.forget(gone)
    again = Record.load(made.folder)
    assert again.run["contenders"] == made.run["contenders"] == before
    a, b, c = (again.contenders()[name] for name in "abc")
    assert (a["status"], a["reason"], "log" in a) == ("unfinished", CUT, False)
    assert a["scenarios"] == row("a")["scenarios"] | {"restart": nothing("unfinished", CUT)}
    assert a["guests"] == [{"replica": 0, "load": {"footprint": {"steal": 0.2}}}]
    assert (a["doubts"], b["doubts"]) == ([], [doubt])
    assert c == row("c")
    assert kept(again) == [*samples("a", 3, "footprint"), *samples("b", 2), *samples("c", 1)]


def test_forgetting_drops_whole_contenders_and_samples_without_results(results: Path) -> None:
    made = Record.create("x", HEAD)
    made.add([row("a")], samples("a", 2))
    made.add([cut(row("b"), "restart", "footprint", status="failed")], samples("b", 2))
    # A run killed while it wrote: samples whose contender is not in run.json, the last one torn.
    with (made.folder / "samples.jsonl").open("a") as stream:
        stream.write(json.dumps(samples("c", 1)[0]) + '\n{"contender": "a", "num')
    again = Record.load(made.folder)
    again.forget({(name, scenario) for name in "bc" for scenario in ("restart", "footprint")})
    assert list(again.contenders()) == list(Record.load(made.folder).contenders()) == ["a"]
    assert kept(again) == samples("a", 2)


@pytest.mark.parametrize(
    "line", ['{"contender": "b", "nu', "3", "{}", "null", '{"contender": "b"}']
)
def test_a_broken_sample_is_named(results: Path, line: str) -> None:
    made = Record.create("x", HEAD)
    made.add([row("a")], samples("a", 1))
    with (made.folder / "samples.jsonl").open("a") as stream:
        stream.write(line + "\n")
    for read in (lambda: made.forget({("a", "restart")}), made.samples):
        with pytest.raises(Problem, match=r"samples\.jsonl, line 2 is not a sample") as caught:
            read()
        assert caught.value.usage
    assert list(Record.load(made.folder).contenders()) == ["a"]


def test_samples_are_read_compressed_and_without_a_torn_last_one(results: Path) -> None:
    made = Record.create("x", HEAD)
    assert made.samples() == []
    made.add([row("a")], samples("a", 2))
    plain = made.folder / "samples.jsonl"
    with plain.open("a") as stream:
        stream.write('{"contender": "a", "num')
    assert made.samples() == samples("a", 2)
    with gzip.open(made.folder / "samples.jsonl.gz", "wb") as packed:
        packed.write(plain.read_bytes())
    plain.unlink()
    assert made.samples() == samples("a", 2)


def test_compressed_samples_that_are_damaged_are_a_problem(results: Path) -> None:
    made = Record.create("x", HEAD)
    packed = gzip.compress(b'{"contender": "a", "scenario": "restart"}\n' * 9)
    (made.folder / "samples.jsonl.gz").write_bytes(packed[:10] + b"\xff" * 9 + packed[19:])
    with pytest.raises(Problem, match=r"samples\.jsonl\.gz is broken"):
        made.samples()


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
