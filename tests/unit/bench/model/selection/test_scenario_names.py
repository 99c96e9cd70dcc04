"""Runs and options that have a scenario's former name."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench.engine.request.options import SelectionOptions, parse_options
from bench.model.run_file import GuestFacts, Run, ScenarioResult, VerdictResult
from bench.model.scenario import Answer
from bench.model.selection.scenario_names import FORMER_BEHAVIOURS, FORMER_NAMES
from bench.recording.store import Record, read_run
from bench.scenarios import scenarios
from reports.compare.behaviour_changes import compare_behaviour
from reports.compare.runs import with_samples
from reports.evidence import format_evidence
from reports.model.samples import read_samples
from tests.support.samples import sample_runs
from tests.support.samples.sample_runs import OLDER_RUN

_RESULTS = Path(__file__).parents[5] / "docs/results.md"
OLD, NEW = "amnesia", "supervisor-killed"
RUNIT = "runit/runner/default/hosted"


def write_run_with(
    folder: Path, scenario: str, behaviour: str = "comes back itself", answer: Answer = "yes"
) -> Path:
    """Write a run of one contender in which the scenario has one verdict and one sample."""
    contender = sample_runs.contender(RUNIT, sample_runs.steady_latencies(4.0))
    verdict: VerdictResult = {
        "behaviour": behaviour, "answer": answer, "sentence": "It did.", "evidence": [0],
    }  # fmt: skip
    result: ScenarioResult = {
        "status": "measured",
        "note": "",
        "metrics": [],
        "verdicts": [verdict],
    }
    guest: GuestFacts = {
        "replica": 0,
        "phases": {f"measure {scenario}": 3.0},
        "load": {scenario: {}},
    }
    contender["scenarios"], contender["guests"] = {scenario: result}, [guest]
    run = sample_runs.run(contender)
    run["options"]["scenarios"] = [scenario]
    sample = {"contender": RUNIT, "replica": 0, "scenario": scenario, "event": "gone", "pid": 7}
    return sample_runs.write_run(folder, run, [sample])


@pytest.fixture
def older(tmp_path: Path) -> Path:
    return write_run_with(tmp_path / "older", OLD)


@pytest.fixture
def newer(tmp_path: Path) -> Path:
    return write_run_with(tmp_path / "newer", NEW)


def test_a_former_name_stands_for_a_scenario_and_is_none() -> None:
    assert set(FORMER_NAMES.values()) <= set(scenarios())
    assert not FORMER_NAMES.keys() & scenarios().keys()


def test_the_option_takes_the_former_name_and_the_run_records_the_name() -> None:
    options = parse_options(selection=SelectionOptions(scenario=[OLD]))
    assert options.scenarios == (NEW,)


def test_an_older_run_is_read_as_if_it_had_the_name(older: Path, newer: Path) -> None:
    assert read_run(older) == read_run(newer)
    assert OLD not in json.dumps(read_run(older))


def test_samples_of_an_older_run_are_read_as_if_they_had_the_name(older: Path, newer: Path) -> None:
    assert Record.load(older).read_samples() == Record.load(newer).read_samples()
    assert read_samples(older) == read_samples(newer)


@pytest.mark.parametrize("name", [OLD, NEW])
def test_evidence_is_found_by_either_name(older: Path, newer: Path, name: str) -> None:
    for folder in (older, newer):
        text = format_evidence(read_run(folder), folder, f"runit/{name}")
        assert "comes back itself: yes. It did." in text
        assert '"pid": 7' in text


def test_an_older_run_compares_with_a_newer_one(older: Path, newer: Path) -> None:
    before, after = (with_samples(read_run(folder), folder) for folder in (older, newer))
    assert compare_behaviour(before, after) == []


def test_former_names_of_behaviours_stand_for_behaviours_and_are_none() -> None:
    for scenario, former in FORMER_BEHAVIOURS.items():
        described = _RESULTS.read_text().partition(f"\n| {scenario} |")[2]
        assert all(name in described for name in former.values())
        assert scenario in scenarios()
        assert not former.keys() & former.values()


@pytest.mark.parametrize(("old", "new"), FORMER_BEHAVIOURS["holdoff"].items())
def test_a_behaviour_with_a_former_name_compares_as_one(tmp_path: Path, old: str, new: str) -> None:
    folders = [
        write_run_with(tmp_path / "older", "holdoff", old, "no"),
        write_run_with(tmp_path / "newer", "holdoff", new, "yes"),
    ]
    (change,) = compare_behaviour(*(with_samples(read_run(folder), folder) for folder in folders))
    assert (change.what, change.before, change.after) == (f"holdoff, {new}", "no", "yes")


def test_an_older_run_is_read_with_the_name() -> None:
    file: Run = json.loads((OLDER_RUN / "run.json").read_text())
    run = read_run(OLDER_RUN)
    assert OLD in file["options"]["scenarios"]
    assert OLD not in run["options"]["scenarios"]
    for before, after in zip(file["contenders"], run["contenders"], strict=True):
        assert after["scenarios"][NEW] == before["scenarios"][OLD]
        assert len(after["scenarios"]) == len(before["scenarios"])
