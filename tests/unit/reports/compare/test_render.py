"""A comparison in every format: the same facts, and the same exit code."""

from __future__ import annotations

import json
from typing import Any

import pytest
from rich.console import Console

from provision.errors import Problem
from reports.compare.render import FORMATS, check_format, render_comparisons
from reports.compare.runs import RunWithSamples
from reports.model.text import sanitize
from tests.unit.reports.support.compared_runs import RUNIT, S6, changed, compare, run_with_medians
from tests.unit.reports.support.renderings import HOSTILE


@pytest.fixture
def slower() -> list[RunWithSamples]:
    return [run_with_medians(4, 1000), run_with_medians(6, 1000, seed=2)]


def rendered(
    form: str, runs: list[RunWithSamples], capsys: pytest.CaptureFixture[str], fail_on: str = ""
) -> tuple[int, str]:
    """Return the exit code and the standard output."""
    code = render_comparisons(form, compare(runs, fail_on), Console(width=140))
    return code, capsys.readouterr().out


@pytest.mark.parametrize("form", FORMATS)
def test_every_format_has_the_regression_and_the_exit_code(
    form: str, slower: list[RunWithSamples], capsys: pytest.CaptureFixture[str]
) -> None:
    code, text = rendered(form, slower, capsys, "regression:20%")
    assert code == 1
    assert "slower" in text and f"{RUNIT} restart_long +" in text.replace("\\", "")
    assert rendered(form, slower, capsys, "regression:90%")[0] == 0
    assert rendered(form, slower, capsys)[0] == 0


def test_markdown_begins_with_the_outcome(
    slower: list[RunWithSamples], capsys: pytest.CaptureFixture[str]
) -> None:
    lines = rendered("md", slower, capsys, "regression:20%,1ms")[1].splitlines()
    assert lines[0] == "## Supervisors compared: 1 regression"
    assert "Gate: `--fail-on=regression:20%,1ms`" in lines
    assert any(line.startswith(f"- {RUNIT} restart\\_long +") for line in lines)
    assert "| Contender | Metric | Before | After | Change | Interval, % | p |  |" in lines
    row = next(line for line in lines if line.startswith("| runit |"))
    assert "restart\\_long, ms" in row and row.endswith("| \\<0.001 | slower |")
    fine = rendered("md", slower, capsys, "regression:90%")[1]
    assert fine.startswith("## Supervisors compared: no regression\n")
    assert rendered("md", slower, capsys)[1].startswith("## Supervisors compared\n")


def test_markdown_lists_what_is_undecided(capsys: pytest.CaptureFixture[str]) -> None:
    runs = [run_with_medians(4, 1000), run_with_medians(4.6, 1000, seed=2)]
    text = rendered("md", runs, capsys, "regression:12")[1]
    assert "Undecided, more trials would tell:" in text


def test_text_of_a_run_is_no_markup(capsys: pytest.CaptureFixture[str]) -> None:
    runs = [run_with_medians(4, 1000), run_with_medians(6, 1000, warnings=[HOSTILE])]
    for one in runs:
        one.run["contenders"][0]["title"] = HOSTILE
    text = rendered("md", [RunWithSamples(sanitize(one.run), one.samples) for one in runs], capsys)
    assert "<b>" not in text[1].replace("\\<b\\>", "") and "\x1b" not in text[1]


def test_json_has_every_change_and_no_figure_that_json_has_not(
    slower: list[RunWithSamples], capsys: pytest.CaptureFixture[str]
) -> None:
    slower[1].samples.latencies_ms[S6, "long"] = slower[1].samples.latencies_ms[S6, "none"]
    slower[1].samples.censored[S6, "long"] = 30
    code, text = rendered("json", slower, capsys, "regression:20")
    facts = json.loads(text, parse_constant=lambda name: pytest.fail(name))
    assert code == 1 and facts["failed"] is True and facts["fail_on"] == "regression:20"
    (comparison,) = facts["comparisons"]
    assert len(comparison["regressions"]) == 2
    assert len(comparison["changes"]) == len(compare(slower).items[0].changes)
    runit, s6 = (find(comparison["changes"], name) for name in (RUNIT, S6))
    assert runit["interval"][0] > 20 and runit["verdict"] == "slower" and runit["p"] < 0.05
    assert s6["percent"] is None and s6["verdict"] == "slower"
    no_gate = json.loads(rendered("json", slower, capsys)[1])
    assert no_gate["failed"] is None and no_gate["fail_on"] is None


def find(changes: list[dict[str, Any]], name: str) -> dict[str, Any]:
    """Return the change of a contender's restarts."""
    return next(
        one for one in changes if (one["contender"], one["metric"]) == (name, "restart_long")
    )


@pytest.mark.parametrize("form", FORMATS)
def test_runs_without_anything_in_common_are_rendered(
    form: str, capsys: pytest.CaptureFixture[str]
) -> None:
    run = run_with_medians(4, 1000)
    one, other = (changed(run, contenders=[item]) for item in run.run["contenders"])
    code, text = rendered(form, [one, other], capsys, "regression:10")
    assert code == 1
    assert form == "json" or "No figure of a contender is in both." in text


def test_an_unknown_format_is_refused_with_those_that_exist() -> None:
    with pytest.raises(Problem, match="no format of a comparison named 'csv'") as refused:
        check_format("csv")
    assert refused.value.usage and "terminal, md, json" in refused.value.known
