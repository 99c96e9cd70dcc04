"""What a run says of its own figures: calibration, the parts of a restart, doubts, time taken."""

from __future__ import annotations

import io
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from bench.recording.store import read_run
from reports.article import run_facts
from reports.article.article import article
from reports.article.blocks import Article
from reports.formats import html, markdown, terminal
from reports.model.samples import Samples, of
from tests.support import sample_runs

PERP = "perp/runner/default/hosted"
DAEMONTOOLS = "daemontools/runner/default/hosted"
DOUBT = {"kind": "few", "text": "6 trials are too few (bound 10): --trials=10."}
AGREED = {"restarts": 9, "missing": 0, "invented": 0, "lost_events": 0,
          "kill_us": {"n": 9, "median": 17.6, "p99": 30.0, "min": 9.0, "max": 31.0}}  # fmt: skip


def run(**other: Any) -> dict[str, Any]:
    """perp forks at once and waits in the child, daemontools sleeps before it forks."""
    perp = sample_runs.traced(
        sample_runs.contender(PERP, sample_runs.steady(4.0)),
        [0.05, 0.15, 1.8, 1.7, 0.3], [0.05, 0.15, 1.8, 697.7, 0.3],
    )  # fmt: skip
    sleeper = sample_runs.traced(
        sample_runs.contender(DAEMONTOOLS, sample_runs.steady(3.0), rank=6),
        [0.05, 0.15, 1.0, 1.5, 0.3], [0.05, 720.15, 1.0, 1.5, 0.3],
    )  # fmt: skip
    return sample_runs.run(perp, sleeper, trace=AGREED, **other)


def plain(**other: Any) -> dict[str, Any]:
    return sample_runs.run(sample_runs.contender(PERP, sample_runs.steady(4.0)), **other)


def samples(one: dict[str, Any]) -> Samples:
    values = {each["name"]: sample_runs.steady(4.0) for each in one["contenders"]}
    return of(sample_runs.samples(one, values))


def whole(one: dict[str, Any]) -> Article:
    return article(one, samples(one))


def on_terminal(one: dict[str, Any], width: int = 120) -> str:
    console = Console(file=io.StringIO(), width=width, record=True)
    terminal.show(one, console, force=False, folder=Path())
    return console.export_text()


def everywhere(one: dict[str, Any]) -> list[str]:
    """The run on the terminal, in Markdown and as a page."""
    made_of_it = whole(one)
    return [on_terminal(one, 300), markdown.text(made_of_it), unescape(html.text(made_of_it))]


def test_the_parts_of_a_restart_at_either_uptime() -> None:
    found = {(each.label, each.uptime): each for each in run_facts.splits(run())}
    perp, sleeper = found["perp", "short"], found["daemontools", "short"]
    names = [name for name, _, _ in run_facts.PARTS]
    assert perp.parts[names.index("child")] == max(perp.parts)
    assert sleeper.parts[names.index("reaction")] == max(sleeper.parts)
    assert perp.whole == pytest.approx(700)
    assert len(found) == 4


def test_a_part_that_was_not_seen_leaves_no_row() -> None:
    one = run()
    metrics = one["contenders"][0]["scenarios"]["restart"]["metrics"]
    metrics[:] = [each for each in metrics if each["metric"] != "restart_child_short"]
    assert ("perp", "short") not in {(each.label, each.uptime) for each in run_facts.splits(one)}


def test_the_split_is_shown_everywhere() -> None:
    for said in everywhere(run()):
        assert "Where a restart's time goes" in said
        assert "697" in said or "698" in said
        assert "9 restarts 0 are missing" in said
    picture = markdown.pictures(whole(run()))["split.svg"]
    assert "700 ms" in picture
    assert "perp, 0.3 s up, child: 698 ms, 99.7%" in picture


def test_without_a_trace_there_is_no_split() -> None:
    assert "split" not in [each.name for each in whole(plain()).sections]
    assert not any("time goes" in said for said in everywhere(plain()))


def test_a_calibration_is_shown_everywhere() -> None:
    one = plain(calibration=sample_runs.calibration())
    for said in everywhere(one):
        assert "2026-11-22 11:00): 1 of 2 checks met" in said
        for words in ("floor against a bare loop", "1.31", "1.25", "missed: a goal"):
            assert words in said
    picture = markdown.pictures(whole(one))["lateness.svg"]
    assert "beside, up to more: 40 of 100" in picture


def test_what_must_hold_and_does_not_has_failed() -> None:
    broken = sample_runs.check("restarts invented", "1", "0", met=False, goal=False)
    one = plain(calibration=sample_runs.calibration(checks=[broken]))
    assert all("FAILED" in said for said in everywhere(one))


def test_a_host_that_cannot_be_traced_says_why() -> None:
    one = plain(calibration=sample_runs.calibration(untraced="tracing needs root"))
    assert all("tracing needs root" in said for said in everywhere(one))


@pytest.mark.parametrize("one", [plain(), plain(calibration=None)])
def test_a_run_without_calibration_says_how_to_get_it(one: dict[str, Any]) -> None:
    assert all("not calibrated: ./inv calibrate" in said for said in everywhere(one))
    assert "lateness.svg" not in markdown.pictures(whole(one))


def test_calibrations_of_several_hosts_are_not_mixed() -> None:
    one = plain(mixed=False)
    one["hosts"] = {"a": one["host"], "b": one["host"]}
    assert all("see the runs that this one is made of" in said for said in everywhere(one))


def test_a_noise_that_nobody_saw_has_no_picture() -> None:
    one = plain(calibration=sample_runs.calibration())
    for found in one["calibration"]["noise"].values():
        found.update(counts=[0, 0, 0], late_us=None)
    assert "lateness.svg" not in markdown.pictures(whole(one))


def test_doubts_are_shown_everywhere() -> None:
    one = plain()
    one["contenders"][0]["doubts"] = [DOUBT]
    for said in everywhere(one):
        assert "few" in said
        assert "(bound 10)" in said


@pytest.mark.parametrize("width", [80, 120])
def test_the_tables_fit_the_terminal(width: int) -> None:
    one = run(calibration=sample_runs.calibration())
    one["contenders"][0]["doubts"] = [DOUBT | {"text": "word " * 100}]
    assert max(map(len, on_terminal(one, width).splitlines())) <= width


def guest(least: float, **phases: float) -> dict[str, Any]:
    return {"replica": 0, "least": least, "phases": {"measure restart": least + 2, **phases}}


def test_the_time_taken_is_told_against_its_bound() -> None:
    one = plain(seconds=377.0, bound=360.0)
    one["contenders"][0]["guests"] = [guest(360, stop=1.1), guest(90, verify=9.0)]
    said = run_facts.lasted(one)
    assert said.startswith("Took 377 s, 1.05 times its lower bound 360 s.")
    assert said.endswith("before and after it 13.9 s, longer trials 2.0 s, stop 1.1 s.")
    assert said in html.text(whole(one))
    assert said in on_terminal(one, 300)


def test_a_bound_is_of_a_run_that_did_what_was_planned() -> None:
    one = plain(seconds=31.0, bound=606.0)
    sample_runs.cut(one["contenders"][0], "restart")
    assert run_facts.lasted(one) == "Took 31.0 s."
    merged = plain(seconds=31.0, bound=20.0, merged=["x", "y"])
    assert run_facts.lasted(merged) == "Its parts took 31.0 s, 1.55 times their lower bound 20 s."


def test_of_a_few_kills_the_largest_is_told() -> None:
    kill = {"n": 9, "median": 17.6, "p99": None, "min": 9.0, "max": 31.0}
    few = {**AGREED, "kill_us": kill}
    said = run_facts.witnessed(sample_runs.run(trace=few))
    assert said.endswith("it is 17.6 us (at most 31.0 us).")


def test_a_merged_runs_hosts_have_a_picture_of_their_parts_each() -> None:
    contenders = [
        sample_runs.traced(
            sample_runs.contender(f"{PERP}@{host}", sample_runs.steady(4.0)), [0.1] * 5, [0.1] * 5
        )
        | {"host": host, "title": f"perp on {host}"}
        for host in ("a", "b")
    ]
    facts = sample_runs.run()["host"]
    one = sample_runs.run(*contenders, trace=AGREED, hosts={"a": facts, "b": facts}, mixed=False)
    names = [figure.name for figure in whole(one).figures if figure.name.startswith("split")]
    assert names == ["split", "split-2"]
    assert len([figure for figure in whole(one | {"mixed": True}).figures
                if figure.name.startswith("split")]) == 1  # fmt: skip


def test_the_guests_of_an_earlier_sitting_do_not_explain_the_last_one() -> None:
    one = plain(seconds=30.0, bound=20.0)
    one["contenders"][0]["guests"] = [guest(360, stop=1.1)]
    assert run_facts.lasted(one) == "Took 30.0 s, 1.50 times its lower bound 20 s."


def test_a_run_without_a_bound_or_an_end() -> None:
    assert run_facts.lasted(plain()) == "Took 600 s."
    assert run_facts.lasted({key: each for key, each in plain().items() if key != "seconds"}) == (
        "The run has not ended."
    )


def test_the_schema_knows_all_of_it(tmp_path: Path) -> None:
    one = run(calibration=sample_runs.calibration(), bound=360.0)
    one["contenders"][0].update(doubts=[DOUBT], guests=[guest(360, stop=1.1)])
    folder = sample_runs.written(tmp_path / "run", one, [])
    assert read_run(folder) == one
