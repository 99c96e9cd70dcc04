"""Rows of an overlay are marked, with the digest of the build, in every rendering."""

from __future__ import annotations

import io

import pytest

from bench.model.run_file import Run
from reports.compare.behaviour_changes import compare_behaviour
from reports.compare.changes import compare_metrics
from reports.compare.runs import RunWithSamples, comparison_cautions
from reports.formats.csv_table import write_csv
from reports.formats.pyperf_suite import write_pyperf
from reports.model.contenders import contender_label, describe_version
from reports.model.samples import samples_from
from tests.support.samples import sample_runs
from tests.unit.reports.support.judged_runs import judged, verdict
from tests.unit.reports.support.renderings import all_renderings

RUNIT = "runit/runner/default/hosted"
ONE, OTHER = "1a2b3c4d" * 8, "5e6f7a8b" * 8


def run_of_build(digest: str, latency: float = 4.0) -> Run:
    """Return a run in which runit is an overlay, and s6 is the system's own."""
    latencies = sample_runs.steady_latencies(latency)
    runit = sample_runs.contender(RUNIT, latencies)
    if digest:
        runit["source"] = {
            "kind": "overlay",
            "text": "overlay /b",
            "folder": "/b",
            "sha256": digest,
        }
    s6 = sample_runs.contender("s6/runner/default/hosted", latencies)
    return sample_runs.run(runit, s6)


def with_samples(run: Run) -> RunWithSamples:
    latencies = {item["name"]: sample_runs.steady_latencies(4.0) for item in run["contenders"]}
    return RunWithSamples(run, samples_from(sample_runs.restart_samples(latencies)))


def test_every_rendering_marks_the_build() -> None:
    marked, plain = all_renderings(run_of_build(ONE)), all_renderings(run_of_build(""))
    assert all("build 1a2b3c4d" in text for text in marked)
    assert not any("build 1a2b3c4d" in text for text in plain)


def test_only_the_rows_of_the_overlay_are_marked() -> None:
    runit, s6 = run_of_build(ONE)["contenders"]
    assert contender_label(runit) == "runit (build 1a2b3c4d)"
    assert describe_version(runit) == "1.2.3, build 1a2b3c4d"
    assert (contender_label(s6), describe_version(s6)) == ("s6", "1.2.3")


def test_a_build_without_a_version_number_is_named_once() -> None:
    runit, _ = run_of_build(ONE)["contenders"]
    runit["version"] = "build 1a2b3c4d"
    assert describe_version(runit) == "build 1a2b3c4d"


def test_csv_and_pyperf_have_the_whole_digest() -> None:
    run = run_of_build(ONE)
    table, suite = io.StringIO(), io.StringIO()
    write_csv(run, table)
    write_pyperf(run, with_samples(run).samples, suite)
    header, *rows = table.getvalue().splitlines()
    place = header.split(",").index("build")
    builds = {row.split(",")[2]: row.split(",")[place] for row in rows}
    assert builds == {"runit": ONE, "s6": ""}
    assert ONE in suite.getvalue()


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        (ONE, OTHER, "build 1a2b3c4d, then build 5e6f7a8b"),
        ("", OTHER, "as packaged, then build 5e6f7a8b"),
        (ONE, "", "build 1a2b3c4d, then as packaged"),
    ],
)
def test_a_comparison_names_both_builds_of_one_version(before: str, after: str, words: str) -> None:
    old, new = (with_samples(run_of_build(digest)) for digest in (before, after))
    for compared, judgement in ((old, verdict("exit 0", "yes")), (new, verdict("exit 0", "no"))):
        compared.run["contenders"][0]["scenarios"]["deaths"] = judged(judgement)
    labels = {item.label for item in compare_metrics(old, new)}
    assert labels == {f"runit ({words})", "s6"}
    assert [item.label for item in compare_behaviour(old, new)] == [f"runit ({words})"]
    (caution,) = comparison_cautions(old, new)
    assert caution.startswith("Different builds of runit: 1.2.3")


def test_one_build_is_compared_without_a_caution() -> None:
    old, new = (with_samples(run_of_build(ONE)) for _ in range(2))
    assert comparison_cautions(old, new) == []
    assert {item.label for item in compare_metrics(old, new)} == {"runit (build 1a2b3c4d)", "s6"}
