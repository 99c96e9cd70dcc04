"""The parts of a restart: which contender spends its time where."""

from __future__ import annotations

import pytest

from bench.model.run_file import RESTART_PARTS
from reports.formats import markdown
from reports.model.tables.restart_parts import restart_parts
from tests.support.samples import sample_runs
from tests.unit.reports.support.renderings import all_renderings, steady_article
from tests.unit.reports.support.traced_runs import PERP, trace_agreement, traced_run, untraced_run


def test_each_uptime_has_its_parts() -> None:
    rows = {(row.label, row.uptime): row for row in restart_parts(traced_run())}
    perp, daemontools = rows["perp", "short"], rows["daemontools", "short"]
    assert perp.medians[RESTART_PARTS.index("child")] == max(perp.medians)
    assert daemontools.medians[RESTART_PARTS.index("reaction")] == max(daemontools.medians)
    assert perp.whole == pytest.approx(700)
    assert len(rows) == 4


def test_a_part_that_was_not_seen_leaves_no_row() -> None:
    run = traced_run()
    metrics = run["contenders"][0]["scenarios"]["restart"]["metrics"]
    metrics[:] = [metric for metric in metrics if metric["metric"] != "restart_child_short"]
    assert ("perp", "short") not in {(row.label, row.uptime) for row in restart_parts(run)}


def test_the_parts_are_in_every_rendering() -> None:
    for text in all_renderings(traced_run()):
        assert "What a restart is made of" in text
        assert "697" in text or "698" in text
        assert "9 restarts 0 are missing" in text


def test_the_picture_names_parts_and_totals() -> None:
    picture = markdown.picture_files(steady_article(traced_run()))["split-1.svg"]
    assert "4.00 ms" in picture and "perp" in picture and "hold-off" in picture


def test_a_chart_is_in_absolute_time_and_has_a_row_for_each_supervisor() -> None:
    run = traced_run()
    run["contenders"].append(
        sample_runs.add_restart_parts(
            sample_runs.contender("perp/runner/fast/hosted", sample_runs.steady_latencies(400)),
            [0.05, 390, 1.8, 1.7, 0.3], [0.05, 0.15, 1.8, 697.7, 0.3],
        )
    )  # fmt: skip
    figures = [item for item in steady_article(run).figures if item.name.startswith("split")]
    assert [figure.title for figure in figures] == [
        "Restarts of up to 10 ms", "Restarts of up to 1 s"
    ]  # fmt: skip
    first, second = (figure.rows for figure in figures)
    assert first and second
    assert [(row.label, row.figure) for row in first.rows] == [
        ("perp", "4.00 ms"), ("daemontools", "3.00 ms")
    ]  # fmt: skip
    assert [row.note for row in second.rows] == ["reaction 390 ms"]
    assert [words for _, words in first.ticks][:2] == ["0 ms", "1 ms"]


def test_without_a_trace_there_are_no_parts() -> None:
    run = untraced_run()
    assert "split" not in [section.name for section in steady_article(run).sections]
    assert not any("is made of" in text for text in all_renderings(run))


def test_each_separate_host_has_its_own_picture() -> None:
    contenders = [
        sample_runs.add_restart_parts(
            sample_runs.contender(PERP, sample_runs.steady_latencies(4.0)), [0.1] * 5, [0.1] * 5
        )
        for _ in range(2)
    ]
    for host, contender in zip("ab", contenders, strict=True):
        contender["name"], contender["title"] = f"{PERP}@{host}", f"perp on {host}"
        contender["host"] = host
    hosts = {"a": sample_runs.host(), "b": sample_runs.host()}
    run = sample_runs.run(*contenders, trace=trace_agreement(), hosts=hosts, mixed=False)
    names = [figure.name for figure in steady_article(run).figures]
    assert [name for name in names if name.startswith("split")] == ["split-1", "split-2-1"]
    run["mixed"] = True
    names = [figure.name for figure in steady_article(run).figures]
    assert [name for name in names if name.startswith("split")] == ["split-1"]
