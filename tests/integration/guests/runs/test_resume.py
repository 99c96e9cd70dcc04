"""What was measured is never lost, and never twice."""

from __future__ import annotations

import json
import signal
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.support.suite import Running, Suite, eventually

ASKED = ("--only=runit,floor", "--trials=2", "--scenario=restart", "--seed=5")


def contenders(suite: Suite) -> dict[str, str]:
    return {contender["name"]: contender["status"] for contender in suite.record()["contenders"]}


def sampled(suite: Suite) -> Counter[str]:
    return Counter(sample["contender"] for sample in suite.samples())


@pytest.mark.probe("kill")
def test_a_killed_run_is_resumed_where_it_was(suite: Suite) -> None:
    running = suite.start("bench", *ASKED)
    running.wait_for(" measured ")  # the first contender is done, others are not
    running.kill()
    running.end()
    before, kept = suite.record(), suite.samples()
    done = {contender["name"]: contender for contender in before["contenders"]}
    assert 0 < len(done) < 4, list(done)

    resumed = suite.bench(*ASKED, "--resume")
    assert resumed.code == 0, resumed.output
    after = suite.record()
    assert after["id"] == before["id"]
    names = [contender["name"] for contender in after["contenders"]]
    assert len(names) == len(set(names)) == 4
    for contender in after["contenders"]:
        if contender["name"] in done:
            assert contender["guests"] == done[contender["name"]]["guests"]
            assert contender["verified"] == done[contender["name"]]["verified"]
    ours = [sample for sample in kept if sample["contender"] in done]
    assert [sample for sample in suite.samples() if sample["contender"] in done] == ours
    trials = [sample for sample in suite.samples() if sample["event"] == "sample"]
    unique = {(trial["contender"], trial["replica"], trial["kill_ns"]) for trial in trials}
    assert len(unique) == len(trials)
    assert set(sampled(suite)) == set(names)


def test_resuming_a_complete_run_writes_nothing(suite: Suite) -> None:
    asked = ("--only=floor/runner/default/hosted", "--trials=1", "--scenario=restart")
    first = suite.bench(*asked)
    assert first.code == 0, first.output
    record, samples = suite.record(), suite.samples()
    again = suite.bench(*asked, "--resume")
    assert again.code == 0, again.output
    assert "] up" not in again.output  # not one guest
    assert (suite.record(), suite.samples()) == (record, samples)


@pytest.mark.slow
def test_lines_of_code_counted_since_are_added(suite: Suite) -> None:
    asked = ("--only=floor/runner/default/hosted", "--trials=1", "--scenario=restart")
    assert suite.bench(*asked).code == 0
    before = suite.record()
    assert before["supervisors"]["floor"]["loc"] is None
    cell = {"version": "1", "lines": 90, "lack": ""}
    row = {"name": "floor", "article": cell, "today": cell, "reason": "", "difference": ""}
    (suite.cache / "loc").mkdir()
    (suite.cache / "loc" / "rows.json").write_text(json.dumps({"floor": row, "runit": row}))
    assert suite.bench(*asked, "--resume").code == 0
    before["supervisors"]["floor"]["loc"] = row
    assert suite.record() == before


@pytest.mark.slow
def test_a_run_with_other_options_is_not_resumed(suite: Suite) -> None:
    asked = ("--only=floor/runner/default/hosted", "--trials=1", "--scenario=restart")
    assert suite.bench(*asked).code == 0
    other = suite.bench(*asked, "--resume", "--seed=9")
    assert other.code == 2, other.output
    assert "seed: 1 in that run, 9 now" in other.output


@pytest.mark.slow
@pytest.mark.probe("kill")
def test_an_interrupted_run_is_resumed(suite: Suite) -> None:
    running = suite.start("bench", *ASKED)
    running.wait_for(" measured ")
    running.interrupt()
    assert running.end().code == 130
    done = {name for name, status in contenders(suite).items() if status == "measured"}
    assert done
    before = suite.samples()
    resumed = suite.bench(*ASKED, "--resume")
    assert resumed.code == 0, resumed.output
    assert set(contenders(suite).values()) == {"measured"}
    assert len(contenders(suite)) == 4
    kept = [sample for sample in suite.samples() if sample["contender"] in done]
    assert kept == [sample for sample in before if sample["contender"] in done]


FLOOR = "--only=floor/runner/default/hosted"


@pytest.mark.slow
def test_a_complete_scenario_is_kept_unchanged(suite: Suite) -> None:
    asked = (FLOOR, "--trials=2", "--scenario=restart,footprint")
    running = suite.start("bench", *asked)
    running.wait_for("[0] destroy")  # it has measured restarts; the other guest idles for 10 s
    running.interrupt()
    assert running.end().code == 130
    run, kept = suite.record(), suite.samples()
    (before,), alone = run["contenders"], run["alone"]
    assert any("1 of 1 contenders are unfinished" in warning for warning in run["warnings"])
    assert before["status"] == "unfinished" and "--resume" in before["reason"]
    parts = {name: part["status"] for name, part in before["scenarios"].items()}
    assert parts == {"restart": "measured", "footprint": "unfinished"}
    assert {sample["scenario"] for sample in kept} == {"restart"}
    shown = suite.run("report")
    assert shown.code == 0 and "0 measured, 0 failed, 1 unfinished" in shown.output

    resumed = suite.bench(*asked, "--resume")
    assert resumed.code == 0, resumed.output
    assert "1 measured, 0 failed" in resumed.output and "measure restart" not in resumed.output
    (after,) = suite.record()["contenders"]
    assert (after["status"], after["reason"]) == ("measured", "")
    assert after["scenarios"]["restart"] == before["scenarios"]["restart"]
    assert after["doubts"] == before["doubts"]
    assert after["scenarios"]["footprint"]["status"] == "measured"
    assert suite.record()["alone"] == alone
    assert not any("unfinished" in warning for warning in suite.record()["warnings"])
    assert after["guests"][0]["load"] == {"restart": before["guests"][0]["load"]["restart"]}
    assert [guest["replica"] for guest in after["guests"]] == [0, 1]
    assert suite.samples()[: len(kept)] == kept
    news = suite.samples()[len(kept) :]
    assert {(sample["scenario"], sample["replica"]) for sample in news} == {("footprint", 1)}
    assert (
        sum(sample["event"] == "footprint" for sample in news) == 2
    )  # of few services, and of many


@pytest.mark.slow
@pytest.mark.probe("kill")
def test_complete_results_survive_a_kill(suite: Suite) -> None:
    running = suite.start("bench", FLOOR, "--trials=2", "--scenario=restart,footprint,crashloop")
    # A crash loop is watched for a minute; the others are done in a part of it.
    eventually(lambda: measured_on_disk(suite) == {"restart", "footprint"}, "both on disk")
    running.kill()
    running.end()
    (found,) = suite.record()["contenders"]
    assert found["status"] == "unfinished"
    assert {name: part["status"] for name, part in found["scenarios"].items()} == {
        "restart": "measured", "footprint": "measured", "crashloop": "unfinished"
    }  # fmt: skip
    assert {sample["scenario"] for sample in suite.samples()} == {"restart", "footprint"}


def measured_on_disk(suite: Suite) -> set[str]:
    """Return the measured scenarios of the only contender; none before the first save."""
    if not (suite.results / "latest" / "run.json").exists():
        return set()
    return {
        name
        for contender in suite.record()["contenders"]
        for name, part in contender["scenarios"].items()
        if part["status"] == "measured"
    }


def trials_of(samples: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [sample for sample in samples if sample["event"] == "sample" and not sample["warmup"]]


@pytest.mark.slow
@pytest.mark.parametrize("end", ["kill", "terminate", "interrupt"])
@pytest.mark.probe("kill")
def test_trials_of_one_contender_survive_the_end_of_the_suite(suite: Suite, end: str) -> None:
    asked = (FLOOR, "--trials=14", "--scenario=restart")
    running = suite.start("bench", *asked)
    kept_path = suite.results / "latest" / "kept-trials.jsonl"
    eventually(lambda: len(read_lines(kept_path)) > 6, "some trials on disk")
    end_suite(running, end)
    kept = trials_of(read_lines(kept_path))
    assert 4 <= len(kept) < 19, len(kept)
    shown = suite.run("report")
    words = "trials of unfinished scenarios" if end == "kill" else "of their trials are kept"
    assert words in shown.output, shown.output
    assert "--resume" in shown.output and "is damaged" not in shown.output

    resumed = suite.bench(*asked, "--resume")
    assert resumed.code == 0, resumed.output
    trials = trials_of(suite.samples())
    assert Counter(trial["group"] for trial in trials) == {"long": 14, "short": 5}
    stamps = [(trial["replica"], trial["kill_ns"]) for trial in trials]
    assert len(set(stamps)) == len(stamps)
    assert {(trial["replica"], trial["kill_ns"]) for trial in kept} <= set(stamps)
    (contender,) = suite.record()["contenders"]
    assert contender["status"] == "measured"
    figures = {
        metric["metric"]: metric["n"] for metric in contender["scenarios"]["restart"]["metrics"]
    }
    assert (figures["restart_long"], figures["restart_short"]) == (14, 5)
    measured_by = {guest["replica"] for guest in contender["guests"]}
    assert measured_by == {trial["replica"] for trial in trials}
    assert not kept_path.exists() and "kept_trials" not in suite.record()


def end_suite(running: Running, end: str) -> None:
    if end == "interrupt":
        running.interrupt()
    else:
        running.process.send_signal(signal.SIGKILL if end == "kill" else signal.SIGTERM)
    expected = {"kill": -signal.SIGKILL, "terminate": 143, "interrupt": 130}[end]
    assert running.end().code == expected, running.output


def read_lines(path: Path) -> list[dict[str, Any]]:
    """Return the lines of a file of samples, without one that is not whole yet."""
    if not path.exists():
        return []
    lines = path.read_text().splitlines(keepends=True)
    return [json.loads(line) for line in lines if line.endswith("\n")]
