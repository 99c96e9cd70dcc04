"""A run's figures and samples are one thing: whatever separates them is found and named."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.model.run_file import Run
from bench.recording.samples import samples_writer
from bench.recording.store import Record, examine_run, read_run
from bench.recording.validity.samples_check import find_damage
from provision.errors import Problem
from reports.publish import FOLDER as PUBLISHED
from tests.support.samples import sample_runs
from tests.support.samples.sealed_runs import (
    DAMAGES,
    FLOOR,
    LATENCIES,
    RUNIT,
    change_run,
    change_samples,
    compress_samples,
    unseal,
    write_sealed_run,
)


def damage_of(folder: Path) -> list[str]:
    return find_damage(read_run(folder), folder)


# ---- whole runs ------------------------------------------------------------------------------


def test_a_run_as_it_was_written_is_whole(tmp_path: Path) -> None:
    folder = write_sealed_run(tmp_path)
    assert damage_of(folder) == []
    assert "damage" not in examine_run(folder)
    seal = read_run(folder)["samples"]
    assert (seal["lines"], seal["by_contender"]) == (8, {FLOOR: 4, RUNIT: 4})
    assert seal["bytes"] == (folder / "samples.jsonl").stat().st_size


def test_compressed_samples_have_the_same_seal(tmp_path: Path) -> None:
    folder = write_sealed_run(tmp_path)
    compress_samples(folder)
    assert damage_of(folder) == []
    assert len(Record.load(folder).read_samples()) == 8


def test_an_older_run_without_a_seal_is_whole_by_its_figures(tmp_path: Path) -> None:
    assert damage_of(unseal(write_sealed_run(tmp_path))) == []


def test_the_published_run_is_whole() -> None:
    assert damage_of(PUBLISHED) == []


def test_a_run_without_samples_and_without_figures_is_whole(tmp_path: Path) -> None:
    folder = write_sealed_run(tmp_path, {})
    (folder / "samples.jsonl").unlink(missing_ok=True)
    assert damage_of(folder) == []


def test_warmups_are_left_out_unless_they_are_censored(tmp_path: Path) -> None:
    result = sample_runs.contender(RUNIT, [4.0, 5.0], censored=1)
    lines = sample_runs.restart_samples({RUNIT: [4.0, 5.0, 900.0, 0.0]})
    lines[2]["warmup"] = True
    lines[3] |= {"warmup": True, "censored": True, "main_ns": None}
    head = {key: value for key, value in sample_runs.run(result).items() if key != "contenders"}
    record = Record.create("x", head, tmp_path)
    record.add_results([result], lines)
    assert damage_of(record.folder) == []


# ---- damaged runs ----------------------------------------------------------------------------


@pytest.mark.parametrize("name", DAMAGES)
@pytest.mark.probe("damage")
def test_damage_is_found_and_named(tmp_path: Path, name: str) -> None:
    folder = write_sealed_run(tmp_path)
    damage, sentence = DAMAGES[name]
    damage(folder)
    (told,) = damage_of(folder)
    assert sentence in told
    assert examine_run(folder)["damage"] == [told]


@pytest.mark.parametrize("name", DAMAGES)
@pytest.mark.probe("damage")
def test_a_damaged_run_is_not_opened_for_writing(tmp_path: Path, name: str) -> None:
    folder = write_sealed_run(tmp_path)
    DAMAGES[name][0](folder)
    before = (folder / "run.json").read_bytes()
    with pytest.raises(Problem, match="is damaged: its figures and its samples do not") as refused:
        Record.load(folder)
    assert refused.value.usage
    assert (folder / "run.json").read_bytes() == before


@pytest.mark.parametrize("name", ["missing", "empty", "halved", "a line less", "another median"])
@pytest.mark.probe("damage")
def test_damage_of_an_older_run_is_found_by_its_figures(tmp_path: Path, name: str) -> None:
    folder = unseal(write_sealed_run(tmp_path))
    DAMAGES[name][0](folder)
    assert damage_of(folder)


@pytest.mark.probe("damage")
def test_figures_that_are_gone_are_found_by_the_samples(tmp_path: Path) -> None:
    def lose(run: Any) -> None:
        run["contenders"][0]["scenarios"]["restart"]["metrics"][0]["metric"] = "another"

    folder = change_run(write_sealed_run(tmp_path), lose)
    assert damage_of(folder) == [
        f"{RUNIT}: run.json lacks restart_long, of which there are samples."
    ]


@pytest.mark.probe("damage")
def test_samples_of_another_run_are_found_in_an_older_run(tmp_path: Path) -> None:
    folder = unseal(write_sealed_run(tmp_path))
    change_samples(folder, lambda lines: [*lines, lines[0].replace(b"runit", b"perp")])
    assert damage_of(folder) == [
        "It has samples of contenders that it does not have: perp/runner/default/hosted."
    ]


@pytest.mark.probe("damage")
def test_damage_in_the_file_itself_is_not_believed(tmp_path: Path) -> None:
    folder = change_run(write_sealed_run(tmp_path), lambda run: run.update(damage=["\x1b[2J"]))
    assert "damage" not in examine_run(folder)


# ---- kills -----------------------------------------------------------------------------------


class Killed(Exception):
    """Stands for a kill of the suite at that place."""


def kill_at(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """Kill the suite at that file operation of the record, counted from 0."""
    count = iter(range(1000))
    real_save, real_append = Record.save, samples_writer.SamplesWriter.append
    real_replace = samples_writer.SamplesWriter.replace

    def killing(function: Callable[..., Any]) -> Callable[..., Any]:
        def wrapper(*arguments: Any) -> Any:
            if next(count) == number:
                raise Killed
            return function(*arguments)

        return wrapper

    monkeypatch.setattr(Record, "save", killing(real_save))
    monkeypatch.setattr(samples_writer.SamplesWriter, "append", killing(real_append))
    monkeypatch.setattr(samples_writer.SamplesWriter, "replace", killing(real_replace))


def go_on(record: Record) -> None:
    """Do to a run what resuming, tracing and measuring do."""
    record.run["ended"] = None
    record.drop_scenarios({(RUNIT, "restart")})
    again = sample_runs.contender(RUNIT, [7.0, 8.0])
    record.add_results([again], sample_runs.restart_samples({RUNIT: [7.0, 8.0]}))
    record.replace_samples({**sample, "witness": None} for sample in record.read_samples())
    record.run["ended"] = "2026-11-28T12:00:00+00:00"
    record.save()


@pytest.mark.parametrize("number", range(9))
@pytest.mark.probe("kill")
def test_a_kill_at_any_write_leaves_a_whole_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    folder = write_sealed_run(tmp_path)
    with monkeypatch.context() as patch:
        kill_at(patch, number)
        with pytest.raises(Killed):
            go_on(Record.load(folder))
    assert damage_of(folder) == []
    go_on(Record.load(folder))
    run = read_run(folder)
    assert (damage_of(folder), run["samples"]["lines"]) == ([], 6)
    assert "replaced_by" not in run["samples"]


def test_those_are_all_the_writes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write_sealed_run(tmp_path)
    kill_at(monkeypatch, 9)
    go_on(Record.load(folder))


@pytest.mark.parametrize("tail", [b'{"contender": "a", "num', b"\0\0", FLOOR.encode() + b"\n"])
@pytest.mark.probe("kill")
def test_what_a_kill_left_behind_the_seal_is_overwritten(tmp_path: Path, tail: bytes) -> None:
    folder = write_sealed_run(tmp_path, ended=False)
    with (folder / "samples.jsonl").open("ab") as stream:
        stream.write(tail)
    assert damage_of(folder) == []
    record = Record.load(folder)
    assert len(record.read_samples()) == 8
    record.add_results([], [{"contender": FLOOR, "scenario": "idle", "event": "up"}])
    assert damage_of(folder) == []
    assert len(Record.load(folder).read_samples()) == 9


@pytest.mark.probe("kill")
def test_samples_left_by_a_kill_count_in_no_figure(tmp_path: Path) -> None:
    folder = write_sealed_run(tmp_path, ended=False)
    (line,) = sample_runs.restart_samples({RUNIT: [70.0]})
    with (folder / "samples.jsonl").open("a") as stream:
        stream.write(json.dumps(line) + "\n")
    assert damage_of(folder) == []


# ---- any damage ------------------------------------------------------------------------------


@settings(max_examples=200, deadline=None, derandomize=True)
@given(
    file=st.sampled_from(["run.json", "samples.jsonl"]),
    place=st.floats(0, 1, exclude_max=True),
    length=st.integers(0, 40),
    text=st.one_of(st.binary(max_size=8), st.sampled_from([b"NaN", b"1e999", b"[" * 2000, b"-"])),
)
@pytest.mark.probe("damage")
def test_no_change_of_a_file_makes_a_traceback_or_passes_unseen(
    tmp_path_factory: pytest.TempPathFactory, file: str, place: float, length: int, text: bytes
) -> None:
    folder = write_sealed_run(tmp_path_factory.mktemp("run"), LATENCIES)
    before = read_run(folder)
    path = folder / file
    content = path.read_bytes()
    begin = int(place * len(content))
    changed = content[:begin] + text + content[begin + length :]
    path.write_bytes(changed)
    try:
        run = examine_run(folder)
    except Problem as problem:
        assert "is not a run's record" in str(problem) or "this version reads" in str(problem)
        return
    if file == "samples.jsonl":
        assert ("damage" in run) == (changed != content)
    elif "damage" not in run:
        assert _restart_medians(run).items() <= _restart_medians(before).items()


def _restart_medians(run: Run) -> dict[str, float | None]:
    """Return the median of restarts by contender, where they are measured."""
    results = {one["name"]: one["scenarios"].get("restart") for one in run["contenders"]}
    return {
        name: result["metrics"][0]["median"]
        for name, result in results.items()
        if result and result["status"] == "measured"
    }
