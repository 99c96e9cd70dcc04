"""A run on the terminal: tables that fit, and text that is only text."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.model.run_file import Run
from bench.model.statistics import summarize
from bench.recording.store import read_run
from reports.model.metrics import SAME_PHASE
from tests.support.samples import sample_runs
from tests.unit.reports.support.renderings import HOSTILE, terminal_text


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return read_run(sample_runs.write_ordinary_run(tmp_path / "run"))


@pytest.fixture
def run_with_short_uptimes(run: Run) -> Run:
    """A run in which a poller and an event-driven runner were killed soon after a start, too."""
    for contender in run["contenders"]:
        if contender["supervisor"] in ("monit", "runit"):
            latencies = sample_runs.steady_latencies(654.0, 6)
            short = sample_runs.metric(summarize("restart_short", "ms", latencies))
            short["floor_ratio"] = 545.0
            contender["scenarios"]["restart"]["metrics"].append(short)
    return run


@pytest.mark.parametrize("width", [80, 100, 120])
def test_a_pollers_short_uptime_is_labelled_and_not_ranked(
    run_with_short_uptimes: Run, width: int
) -> None:
    lines = terminal_text(run_with_short_uptimes, width).splitlines()
    assert max(map(len, lines)) <= width
    monit, runit = (
        next(line for line in lines if line.startswith(name) and " short" in line)
        for name in ("monit", "runit")
    )
    assert " short* " in monit and "654" in monit and "545" not in monit
    assert " short " in runit and "545" in runit
    assert any(line.rstrip() == f"* {SAME_PHASE}" for line in lines)


def test_a_run_without_such_rows_has_no_such_label(run: Run) -> None:
    assert SAME_PHASE not in terminal_text(run)


@pytest.mark.parametrize("width", [80, 120])
def test_the_tables_fit(run: Run, width: int) -> None:
    lines = terminal_text(run, width).splitlines()
    assert max(map(len, lines)) <= width
    # Each contender and uptime takes a single line: no cell is broken.
    latency = lines[next(i for i, line in enumerate(lines) if "Restart latency" in line) :]
    assert sum("long" in line for line in latency) == 5
    assert any("s6, fast" in line and "5.00" in line for line in latency)


def test_lines_of_code_are_shown_once_they_are_counted(run: Run) -> None:
    assert "LOC" not in terminal_text(run)
    run["supervisors"]["runit"]["loc"] = {
        "article": {"version": "1", "lines": 1234, "lack": ""},
        "today": {"version": "2", "lines": 4321, "lack": ""},
        "reason": "",
        "difference": "",
    }
    lines = terminal_text(run).splitlines()
    assert any("VmPeak" in line and "LOC" in line for line in lines)
    assert any(line.startswith("runit") and line.rstrip().endswith("4,321") for line in lines)


def test_a_verified_mode_is_shown(run: Run) -> None:
    run["contenders"][0]["verified"] = {"mode": "it polls", "mode_shown_by": "'up'"}
    assert "Verified here: it polls." in terminal_text(run)


def test_a_ranking_that_means_nothing_is_printed_with_force_only(run: Run) -> None:
    run["warnings"] = ["This host is too noisy for a ranking: stop something."]
    assert "No ranking, because the host was too noisy" in terminal_text(run)
    assert "Restart latency, ms" not in terminal_text(run)
    assert "Restart latency, ms" in terminal_text(run, force=True)


def test_hostile_text_is_only_text(run: Run) -> None:
    contender = run["contenders"][0]
    contender["title"] = contender["version"] = HOSTILE
    run["warnings"] = [HOSTILE]
    text = terminal_text(run, 80)
    assert not set(text) & set("\x1b\x00\u202e")
    assert "[red]" in text
