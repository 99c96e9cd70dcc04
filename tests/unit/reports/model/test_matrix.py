"""The matrix and the evidence behind its cells."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from provision.errors import Problem
from reports.evidence import why
from reports.formats import terminal
from reports.model.matrix import matrix, signs


def verdict(behaviour: str, answer: str, evidence: tuple[int, ...] = ()) -> dict[str, Any]:
    sentence = f"{behaviour} was seen to be {answer}."
    return {
        "behaviour": behaviour, "answer": answer, "sentence": sentence, "evidence": list(evidence)
    }  # fmt: skip


def contender(name: str, rank: int, **scenarios: Any) -> dict[str, Any]:
    supervisor, role, profile, place = name.split("/")
    return {
        "name": name, "title": supervisor, "supervisor": supervisor, "rank": rank, "role": role,
        "roles": [role], "profile": profile, "pid1": place == "pid1", "needs_pid1": False,
        "can_pid1": True, "setting": "as packaged", "status": "measured", "reason": "",
        "version": "1", "scenarios": scenarios,
    }  # fmt: skip


def judged(*verdicts: dict[str, Any]) -> dict[str, Any]:
    return {"status": "measured", "note": "", "metrics": [], "verdicts": list(verdicts)}


def unjudged(status: str) -> dict[str, Any]:
    return {"status": status, "note": "its design has none", "metrics": [], "verdicts": []}


@pytest.fixture
def run() -> dict[str, Any]:
    deaths = judged(verdict("exit 0", "yes", (1,)), verdict("memory limit", "not measured"))
    return {
        "id": "1", "quick": False, "warnings": [], "absent": [],
        "system": {"name": "debian", "title": "Debian 12"}, "provider": {"name": "lxc"},
        "host": {"processor": "x", "cores": 2, "kernel": "6"},
        "contenders": [
            contender("b/runner/default/hosted", 2, restart=judged(),
                      deaths=judged(verdict("exit 0", "no")), stop=unjudged("not applicable")),
            contender("a/runner/default/hosted", 1, restart=judged(),
                      deaths=deaths, stop=judged(verdict("stays down", "partly"))),
        ],
    }  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    told = [
        ("a", "deaths", {"event": "gone", "pid": 7}),
        ("a", "stop", {"event": "gone", "pid": 8}),
        ("b", "deaths", {"event": "gone", "pid": 9}),
        ("a", "deaths", {"event": "starts", "pid": 5, "per_second": [8, 0, 1]}),
    ]
    samples = [
        {"contender": f"{name}/runner/default/hosted", "replica": 0, "scenario": scenario, **event}
        for name, scenario, event in told
    ]
    (tmp_path / "samples.jsonl").write_text("".join(json.dumps(each) + "\n" for each in samples))
    return tmp_path


def test_a_behaviour_nobody_judged_is_not_measured(run: dict[str, Any]) -> None:
    found = matrix(run)
    assert [line.label for line in found.lines] == ["a", "b"]
    assert [column.scenario for column in found.columns] == ["deaths", "stop"]
    assert found.columns[0].behaviours == ("exit 0", "memory limit")
    assert found.lines[0].cells == (("yes", "not measured"), ("partly",))
    assert found.lines[1].cells == (("no", "not measured"), ("not applicable",))
    assert signs(found.lines[1].cells[0]) == "✗?"


def test_a_run_without_verdicts_has_no_matrix(run: dict[str, Any]) -> None:
    for each in run["contenders"]:
        each["scenarios"] = {"restart": judged()}
    assert matrix(run).columns == ()


def test_tables_keep_within_the_width(run: dict[str, Any]) -> None:
    behaviours = [verdict(f"b{number}", "yes") for number in range(9)]
    for number in range(20):
        run["contenders"][0]["scenarios"][f"scenario{number:02}"] = judged(*behaviours)
    console = Console(width=500, record=True, quiet=True)
    tables = list(terminal.matrix_tables(matrix(run), 120))
    assert len(tables) > 1
    assert all(console.measure(table).maximum <= 120 for table in tables)
    shown = [str(column.header) for table in tables for column in table.columns[1:]]
    assert shown == [column.scenario for column in matrix(run).columns]


def test_why_prints_sentences_and_samples(run: dict[str, Any], folder: Path) -> None:
    text = why(run, folder, "a/deaths")
    assert "exit 0: yes. exit 0 was seen to be yes." in text
    assert '[1] {"event": "starts"' in text
    assert "|█ ▁| 0 to 8" in text
    assert '"pid": 7' not in text
    assert "b/runner" not in text


def test_why_says_why_there_is_nothing(run: dict[str, Any], folder: Path) -> None:
    assert "not applicable: its design has none" in why(run, folder, "b/stop")


def test_why_reads_what_is_compressed(run: dict[str, Any], folder: Path) -> None:
    path, told = folder / "samples.jsonl", why(run, folder, "a/deaths")
    (folder / "samples.jsonl.gz").write_bytes(gzip.compress(path.read_bytes()))
    path.unlink()
    assert why(run, folder, "a/deaths") == told


def test_why_needs_no_verdict(run: dict[str, Any], folder: Path) -> None:
    del run["contenders"][1]["scenarios"]["restart"]["verdicts"]
    assert "as packaged" in why(run, folder, "a/restart")


@pytest.mark.parametrize("torn", ['{"contender": "a/run\n', "no JSON\n", "{}\n", "\0\0\0\n"])
def test_why_refuses_a_broken_line(run: dict[str, Any], folder: Path, torn: str) -> None:
    path = folder / "samples.jsonl"
    path.write_text(torn + path.read_text())
    with pytest.raises(Problem, match=r"samples\.jsonl is broken: line 1: "):
        why(run, folder, "a/deaths")


@pytest.mark.parametrize("kept", [0, 1, 60])
def test_why_tells_of_samples_that_are_lost(run: dict[str, Any], folder: Path, kept: int) -> None:
    path = folder / "samples.jsonl"
    path.write_text(path.read_text()[:kept])
    with pytest.raises(Problem, match="names number 1, counted from 0, and there are 0") as told:
        why(run, folder, "a/deaths")
    assert "--only=a/runner/default/hosted --scenario=deaths" in told.value.advice
    path.unlink()
    with pytest.raises(Problem, match="there are 0"):
        why(run, folder, "a/deaths")


@pytest.mark.parametrize("cell", ["deaths", "c/deaths", "a/storm"])
def test_why_names_what_is_known(run: dict[str, Any], folder: Path, cell: str) -> None:
    with pytest.raises(Problem) as raised:
        why(run, folder, cell)
    assert raised.value.usage
