"""The evidence for a cell of the behaviour matrix."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from bench.model.run_file import Run
from provision.errors import Problem
from reports.evidence import format_evidence
from tests.unit.reports.support.judged_runs import judged_run


@pytest.fixture
def run() -> Run:
    return judged_run()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    events = [
        ("a", "deaths", {"event": "gone", "pid": 7}),
        ("a", "stop", {"event": "gone", "pid": 8}),
        ("b", "deaths", {"event": "gone", "pid": 9}),
        ("a", "deaths", {"event": "starts", "pid": 5, "per_second": [8, 0, 1]}),
    ]
    samples = [
        {"contender": f"{name}/runner/default/hosted", "replica": 0, "scenario": scenario, **event}
        for name, scenario, event in events
    ]
    lines = [json.dumps(sample) + "\n" for sample in samples]
    (tmp_path / "samples.jsonl").write_text("".join(lines))
    return tmp_path


def test_it_has_sentences_and_samples_of_that_cell_alone(run: Run, folder: Path) -> None:
    text = format_evidence(run, folder, "a/deaths")
    assert "exit 0: yes. exit 0 was seen to be yes." in text
    assert '[1] {"event": "starts"' in text
    assert "|█ ▁| 0 to 8" in text
    assert '"pid": 7' not in text
    assert "b/runner" not in text


def test_a_scenario_that_was_not_measured_gives_the_reason(run: Run, folder: Path) -> None:
    text = format_evidence(run, folder, "b/stop")
    assert "not applicable: its design has none" in text


def test_compressed_samples_give_the_same_evidence(run: Run, folder: Path) -> None:
    path, evidence = folder / "samples.jsonl", format_evidence(run, folder, "a/deaths")
    (folder / "samples.jsonl.gz").write_bytes(gzip.compress(path.read_bytes()))
    path.unlink()
    assert format_evidence(run, folder, "a/deaths") == evidence


def test_a_scenario_without_verdicts_shows_the_setting(run: Run, folder: Path) -> None:
    del run["contenders"][1]["scenarios"]["restart"]["verdicts"]
    assert "as packaged" in format_evidence(run, folder, "a/restart")


@pytest.mark.parametrize("torn", ['{"contender": "a/run\n', "no JSON\n", "{}\n", "\0\0\0\n"])
def test_a_broken_line_is_refused(run: Run, folder: Path, torn: str) -> None:
    path = folder / "samples.jsonl"
    path.write_text(torn + path.read_text())
    with pytest.raises(Problem, match=r"samples\.jsonl is broken: line 1: "):
        format_evidence(run, folder, "a/deaths")


@pytest.mark.parametrize("size", [0, 1, 60])
def test_lost_samples_are_reported_with_the_next_command(run: Run, folder: Path, size: int) -> None:
    path = folder / "samples.jsonl"
    path.write_text(path.read_text()[:size])
    with pytest.raises(Problem, match="names number 1, counted from 0, and there are 0") as lost:
        format_evidence(run, folder, "a/deaths")
    assert "--only=a/runner/default/hosted --scenario=deaths" in lost.value.advice
    path.unlink()
    with pytest.raises(Problem, match="there are 0"):
        format_evidence(run, folder, "a/deaths")


@pytest.mark.parametrize("cell", ["deaths", "c/deaths", "a/storm"])
def test_an_unknown_cell_is_refused(run: Run, folder: Path, cell: str) -> None:
    with pytest.raises(Problem) as refused:
        format_evidence(run, folder, cell)
    assert refused.value.usage


def test_words_of_the_run_are_safe_to_show(run: Run, folder: Path) -> None:
    contender = next(item for item in run["contenders"] if item["supervisor"] == "a")
    contender["title"] = contender["setting"] = "\x1b[2J\u202e"
    for verdict in contender["scenarios"]["deaths"]["verdicts"]:
        verdict["sentence"] = "\x1b]0;title\x07"
    text = format_evidence(run, folder, "a/deaths")
    assert "␛]0;title␇" in text and text.replace("\n", "").isprintable()
