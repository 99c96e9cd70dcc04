"""Runs to compare, for tests."""

from __future__ import annotations

import io
import random
from collections.abc import Sequence
from typing import Any, cast

from rich.console import Console

from bench.model.run_file import MetricResult, Run
from bench.model.statistics import Metric
from reports.compare.changes import Change
from reports.compare.comparison import Comparisons, compare_runs
from reports.compare.limits import parse_fail_on
from reports.compare.render import render_comparisons
from reports.compare.runs import RunWithSamples
from reports.model.excerpt import find_excerpt
from reports.model.samples import samples_from
from tests.support.samples import sample_runs

RUNIT, S6 = "runit/runner/default/hosted", "s6/runner/default/hosted"


def run_with_medians(
    runit: float, s6: float, seed: int = 1, censored: int = 0, **other: Any
) -> RunWithSamples:
    """Return a run of runit and s6 with 30 latencies around a median each, in ms.

    other: more keys of run.json.
    """
    dice = random.Random(seed)
    latencies = {
        name: sorted(median * dice.lognormvariate(0, 0.1) for _ in range(30))
        for name, median in ((RUNIT, runit), (S6, s6))
    }
    contenders = [
        sample_runs.contender(name, values, censored=censored) for name, values in latencies.items()
    ]
    run = sample_runs.run(*contenders, **other)
    return RunWithSamples(run, samples_from(sample_runs.restart_samples(latencies)))


def run_with_figures(*figures: Metric, scenario: str = "footprint") -> RunWithSamples:
    """Return a run in which runit has those figures in a scenario, and no others there."""
    compared = run_with_medians(4, 1000)
    metrics: list[MetricResult] = [sample_runs.metric(figure) for figure in figures]
    compared.run["contenders"][0]["scenarios"][scenario] = sample_runs.measured(*metrics)
    return compared


def changed(compared: RunWithSamples, **other: Any) -> RunWithSamples:
    """Return the same with other values in run.json."""
    return RunWithSamples(cast(Run, {**compared.run, **other}), compared.samples)


def find_change(changes: Sequence[Change], name: str, metric: str = "restart_long") -> Change:
    """Return the change of one metric."""
    return next(item for item in changes if (item.contender, item.metric) == (name, metric))


def compare(
    runs: Sequence[RunWithSamples], fail_on: str = "", **part: Sequence[str]
) -> Comparisons:
    """Return a comparison of parts of runs; part: the options of find_excerpt."""
    named = find_excerpt([run.run for run in runs], **part)
    return compare_runs(runs, named, parse_fail_on(fail_on), fail_on)


def comparison_output(
    runs: Sequence[RunWithSamples],
    fail_on: str = "",
    width: int = 140,
    **part: Sequence[str],
) -> tuple[int, str]:
    """Return the exit code and the output of a comparison; part: the options of find_excerpt."""
    console = Console(file=io.StringIO(), record=True, width=width)
    code = render_comparisons("terminal", compare(runs, fail_on, **part), console)
    return code, console.export_text()
