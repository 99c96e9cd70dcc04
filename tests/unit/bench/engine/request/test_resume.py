"""A run that is continued: by which means, what is measured again, and what is kept."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bench.engine import run
from bench.engine.guests import measurement
from bench.engine.observer import SilentObserver
from bench.engine.request import options, resolve, scenario_choice
from bench.engine.request.options import ModeOptions, SelectionOptions, SystemOptions, parse_options
from bench.engine.request.resolve import BenchRequest, resolve_request
from bench.engine.run import run_bench
from bench.model.events import Event
from bench.recording.results_folder import VARIABLE
from bench.recording.store import Record, read_run
from bench.recording.unfinished import empty_result
from provision.errors import Problem
from provision.sources.overlay import Overlay
from provision.systems import SYSTEMS
from tests.unit.bench.engine.fakes import FakeProvider, FakeScenario, statuses

RUNIT = "runit/runner/default/hosted"
DISTURBED = [{"kind": "neighbour", "text": "as the test says"}]


@pytest.fixture(autouse=True)
def fake_parts(record: Record, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A whole bench in which only the guests, the provider and the scenarios are fakes."""
    fakes = {name: FakeScenario(name) for name in ("restart", "b")}
    monkeypatch.setattr(measurement, "run_measurement", lambda *_, **__: [])
    for module in (options, resolve, scenario_choice):
        monkeypatch.setattr(module, "scenarios", lambda: fakes)
    monkeypatch.setattr(resolve, "choose_provider", lambda *_: (FakeProvider(), "as the test says"))
    monkeypatch.setattr(run, "exclusive_run_lock", lambda *_: nullcontext())
    monkeypatch.setenv(VARIABLE, str(tmp_path / "results"))


NEW = ModeOptions()
RESUME, REDO = ModeOptions(resume=True), ModeOptions(redo="unstable")


def ask(mode: ModeOptions = NEW, overlay: Sequence[str] = ()) -> BenchRequest:
    """Ask for runit's two fake scenarios; --redo takes no other options."""
    if mode.redo:
        return resolve_request(parse_options(mode=mode))
    selection = SelectionOptions(only=[RUNIT], scenario=["all"])
    return resolve_request(parse_options(SystemOptions(overlay=overlay), selection, mode=mode))


def measure(asked: BenchRequest) -> Record:
    return run_bench(asked, SilentObserver())


def change_run(record: Record, change: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
    """Change the run on disk; return it."""
    changed: dict[str, Any] = json.loads((record.folder / "run.json").read_text())
    change(changed)
    (record.folder / "run.json").write_text(json.dumps(changed))
    return changed


def disturb(changed: dict[str, Any]) -> None:
    """Have runit be unstable, and a scenario of the floor failed."""
    for contender in changed["contenders"]:
        if contender["name"] == RUNIT:
            contender["doubts"] = DISTURBED
        else:
            contender["scenarios"]["b"] = empty_result("failed", "as the test says")


@pytest.mark.parametrize("mode", [RESUME, REDO])
@pytest.mark.parametrize(
    ("place", "key", "words"),
    [
        ("provider", "name", "provider: else in that run, lxc now"),
        ("host", "machine_id", "machine_id: else in that run"),
        ("host", "processor", "processor: else in that run"),
        ("host", "kernel", "kernel: else in that run"),
        ("", "instrument", "instrument: else in that run"),
        ("", "", "instrument: unknown in that run"),
    ],
)
def test_a_run_by_other_means_is_not_continued(
    mode: ModeOptions, place: str, key: str, words: str
) -> None:
    def measured_elsewhere(changed: dict[str, Any]) -> None:
        disturb(changed)
        if key:
            (changed[place] if place else changed)[key] = "else"
        else:
            del changed["instrument"]

    record = measure(ask())
    before, samples = change_run(record, measured_elsewhere), record.read_samples()
    with pytest.raises(Problem, match="provider, host or instrument changed") as caught:
        measure(ask(mode))
    assert caught.value.usage
    (line,) = caught.value.known.splitlines()
    assert words in line
    assert (read_run(record.folder), record.read_samples()) == (before, samples)


@pytest.mark.parametrize("mode", [RESUME, REDO])
def test_a_merged_run_is_not_continued(mode: ModeOptions) -> None:
    record = measure(ask())
    change_run(record, disturb)
    before = change_run(record, lambda changed: changed.update(merged=["x", "y"]))
    with pytest.raises(Problem, match="was merged from several runs") as caught:
        measure(ask(mode))
    assert caught.value.usage
    assert f"./inv merge {before['id']} RUN" in caught.value.advice
    assert read_run(record.folder) == before


def test_a_run_with_other_options_is_not_resumed() -> None:
    record = measure(ask())
    before = change_run(record, disturb)
    asked = ask(RESUME)
    other = replace(asked, options=replace(asked.options, trials=60))
    with pytest.raises(Problem, match="its options differ") as caught:
        measure(other)
    assert caught.value.usage
    assert caught.value.known == "trials: 0 in that run, 60 now"
    assert read_run(record.folder) == before


def test_redo_measures_only_what_was_disturbed() -> None:
    record = measure(ask())
    before = change_run(record, disturb)
    first = {sample["replica"] for sample in record.read_samples() if sample["contender"] == RUNIT}
    measure(ask(REDO))
    after = Record.load(record.folder)
    assert not after.contenders_by_name()[RUNIT]["doubts"]
    for scenario, again in (("restart", True), ("b", False)):
        samples = [sample for sample in after.read_samples()
                   if (sample["contender"], sample["scenario"]) == (RUNIT, scenario)]  # fmt: skip
        assert {sample["replica"] not in first for sample in samples} == {again}
    (other,) = [contender for contender in before["contenders"] if contender["name"] != RUNIT]
    assert after.contenders_by_name()[other["name"]]["scenarios"] == other["scenarios"]
    assert len(after.read_samples()) == len(record.read_samples()) == 2 * 2 * 2


def fail_beside(record: Record) -> Callable[[dict[str, Any]], None]:
    """Have runit be unstable and its other scenario failed, with a log."""

    def change(changed: dict[str, Any]) -> None:
        for contender in changed["contenders"]:
            if contender["name"] == RUNIT:
                log = record.write_log(RUNIT, "why it failed").relative_to(record.folder)
                contender.update(doubts=DISTURBED, status="failed", reason="no", log=str(log))
                contender["scenarios"]["b"] = empty_result("failed", "no")

    return change


def test_redo_keeps_an_earlier_failure_and_its_log() -> None:
    record = measure(ask())
    change_run(record, fail_beside(record))
    measure(ask(REDO))
    contender = Record.load(record.folder).contenders_by_name()[RUNIT]
    assert (contender["status"], contender["reason"]) == ("failed", "no")
    assert statuses(contender) == {"restart": "measured", "b": "failed"}
    assert (record.folder / contender["log"]).read_text() == "why it failed"


def test_a_failed_redo_logs_both_failures(monkeypatch: pytest.MonkeyPatch) -> None:
    record = measure(ask())

    def break_down(*_: Any) -> list[Event]:
        raise Problem("broken down")

    change_run(record, fail_beside(record))
    monkeypatch.setattr(FakeScenario, "perform", break_down)
    measure(ask(REDO))
    contender = Record.load(record.folder).contenders_by_name()[RUNIT]
    log = (record.folder / contender["log"]).read_text()
    assert "why it failed" in log
    assert "broken down" in log


def test_resume_measures_what_failed_and_keeps_unknown_contenders() -> None:
    record = measure(ask())
    before = change_run(record, fail_beside(record))
    (floor,) = [contender for contender in before["contenders"] if contender["name"] != RUNIT]
    unknown = floor | {"name": "floor/runner/fast/hosted"}
    change_run(record, lambda changed: changed["contenders"].append(unknown))
    measure(ask(RESUME))
    after = Record.load(record.folder).contenders_by_name()
    assert after[unknown["name"]] == unknown
    assert statuses(after[floor["name"]]) == {"restart": "measured", "b": "measured"}
    assert statuses(after[RUNIT]) == {"restart": "measured", "b": "measured"}


@pytest.mark.parametrize("mode", [RESUME, REDO])
def test_a_complete_run_says_that_nothing_is_due(mode: ModeOptions) -> None:
    notes: list[str] = []

    class Listener(SilentObserver):
        def note(self, sentence: str) -> None:
            notes.append(sentence)

    record = measure(ask())
    assert run_bench(ask(mode), Listener()).run == record.run
    assert notes == [f"{record.run['id']} is complete: nothing to measure again."]


@pytest.mark.parametrize(
    "change", [lambda options: options.pop("mirror"), lambda options: options.update(colour="red")]
)
def test_a_run_of_unknown_options_is_not_repeated(
    change: Callable[[dict[str, Any]], object],
) -> None:
    record = measure(ask())
    change_run(record, disturb)
    change_run(record, lambda changed: change(changed["options"]))
    with pytest.raises(Problem, match="was made with other options than there are now") as caught:
        ask(REDO)
    assert caught.value.usage


def test_redo_uses_the_same_overlay_and_refuses_a_changed_one(tmp_path: Path) -> None:
    program = tmp_path / "overlay" / "usr" / "bin" / "runsvdir"
    program.parent.mkdir(parents=True)
    program.write_text("one build")
    overlay = Overlay.load(tmp_path / "overlay", SYSTEMS["debian"])
    record = measure(ask(overlay=[f"runit={tmp_path / 'overlay'}"]))
    change_run(record, disturb)
    measure(ask(REDO))
    source = Record.load(record.folder).contenders_by_name()[RUNIT]["source"]
    assert (source["kind"], source["sha256"]) == ("overlay", overlay.digest)

    before = change_run(record, disturb)
    program.write_text("another build")
    with pytest.raises(Problem, match="holds another build") as caught:
        ask(REDO)
    assert caught.value.usage
    assert read_run(record.folder) == before
