"""What a run says of its instrument: calibration, host noise, and the kernel's trace."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.model.run_file import Run
from bench.recording.store import read_run
from reports.formats import markdown
from reports.model.tables.instrument import trace_agreement
from tests.support.samples import sample_runs
from tests.unit.reports.support import traced_runs
from tests.unit.reports.support.renderings import all_renderings, steady_article, terminal_text
from tests.unit.reports.support.traced_runs import traced_run, untraced_run


def test_a_calibration_is_in_every_rendering() -> None:
    for text in all_renderings(untraced_run(calibration=sample_runs.calibration())):
        assert "2026-11-22 11:00): 1 of 2 checks met" in text
        for words in ("floor against a bare loop", "1.31", "1.25", "missed: a goal"):
            assert words in text


def test_the_hosts_noise_is_a_picture() -> None:
    article = steady_article(untraced_run(calibration=sample_runs.calibration()))
    picture = markdown.picture_files(article)["lateness.svg"]
    assert "beside, up to more: 40 of 100" in picture


def test_a_sleeper_that_never_woke_up_has_no_picture() -> None:
    calibration = sample_runs.calibration()
    for histogram in calibration["noise"].values():
        histogram["counts"], histogram["late_us"] = [0, 0, 0], None
    pictures = markdown.picture_files(steady_article(untraced_run(calibration=calibration)))
    assert "lateness.svg" not in pictures


def test_a_check_that_must_be_met_and_is_not_has_failed() -> None:
    check = sample_runs.check("restarts invented", "1", "0", met=False, goal=False)
    run = untraced_run(calibration=sample_runs.calibration(checks=[check]))
    assert all("FAILED" in text for text in all_renderings(run))


def test_a_host_that_cannot_be_traced_gives_the_reason() -> None:
    run = untraced_run(calibration=sample_runs.calibration(untraced="tracing needs root"))
    assert all("tracing needs root" in text for text in all_renderings(run))


@pytest.mark.parametrize("run", [untraced_run(), untraced_run(calibration=None)])
def test_a_run_without_calibration_names_the_command(run: Run) -> None:
    assert all("not calibrated: ./inv calibrate" in text for text in all_renderings(run))
    assert "lateness.svg" not in markdown.picture_files(steady_article(run))


def test_a_run_of_several_hosts_has_no_calibration() -> None:
    hosts = {"a": sample_runs.host(), "b": sample_runs.host()}
    run = untraced_run(mixed=False, hosts=hosts)
    assert all("see the runs that this one is made of" in text for text in all_renderings(run))


def test_fewer_than_100_kills_show_the_largest_figure() -> None:
    run = sample_runs.run(trace=traced_runs.trace_agreement(p99=None))
    assert trace_agreement(run).endswith("it is 17.6 us (at most 31.0 us).")


@pytest.mark.parametrize("width", [80, 120])
def test_the_tables_fit_the_terminal(width: int) -> None:
    run = traced_run(calibration=sample_runs.calibration())
    run["contenders"][0]["doubts"] = [{"kind": "few", "text": "word " * 100}]
    assert max(map(len, terminal_text(run, width).splitlines())) <= width


def test_the_schema_has_all_of_it(tmp_path: Path) -> None:
    run = traced_run(calibration=sample_runs.calibration(), bound=360.0)
    contender = run["contenders"][0]
    contender["doubts"] = [{"kind": "few", "text": "6 trials are too few (bound 10)."}]
    contender["guests"] = [
        {"replica": 0, "least": 360.0, "phases": {"measure restart": 362.0, "stop": 1.1}}
    ]
    assert read_run(sample_runs.write_run(tmp_path / "run", run, [])) == run
