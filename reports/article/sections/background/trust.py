"""How far the figures can be trusted: the calibration, the host's noise, the quality issues."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from bench.model.run_file import Calibration, Histogram, Run
from reports.article.charts.lateness import lateness_chart
from reports.model.blocks import Block, Figure, Paragraph, Section
from reports.model.metrics import format_number
from reports.model.tables.instrument import calibration_summary, calibration_table
from reports.model.tables.quality_issues import quality_issues_table


def trust_section(run: Run) -> Section:
    """Return the section; every run has it."""
    blocks: list[Block] = [Paragraph(f"{calibration_summary(run)}.")]
    if table := calibration_table(run):
        blocks.append(table)
    if calibration := run.get("calibration"):
        blocks += _lateness_figures(calibration)
    issues = quality_issues_table(run)
    nothing = "No contender's latencies are doubtful by its own figures."
    blocks.append(issues or Paragraph(nothing))
    return Section("trust", "How far the figures can be trusted", tuple(blocks))


def _lateness_figures(calibration: Calibration) -> Iterator[Figure]:
    """Yield the picture of the host's noise, where the sleeper woke up at all."""
    histograms = {
        name: histogram for name, histogram in calibration["noise"].items() if histogram["late_us"]
    }
    if histograms:
        yield Figure(
            name="lateness",
            title="How late a sleeper wakes up on this host: alone, and beside the trials",
            alt="Histograms of how late a process that sleeps a millisecond at a time was. "
            f"{_describe(histograms)}.",
            svg=lateness_chart(histograms),
        )


def _describe(histograms: Mapping[str, Histogram]) -> str:
    return "; ".join(
        f"{name}: median {format_number(late['median'])} us, "
        f"p99 {format_number(late['p99'])} us, at most {format_number(late['max'])} us"
        for name, histogram in histograms.items()
        if (late := histogram["late_us"])
    )
