"""How far the figures can be trusted: the calibration, the host's noise, the quality issues."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from bench.model.run_file import Calibration, Histogram, Run
from bench.recording.quality.disturbances import disturbed_contenders
from reports.article.charts.lateness import lateness_chart
from reports.model.blocks import Block, Figure, Paragraph, Points, Section
from reports.model.caveats import TRUST, count_doubtful
from reports.model.metrics import format_number
from reports.model.reservations import KIND_MEANINGS
from reports.model.tables.instrument import calibration_summary, calibration_table
from reports.model.tables.quality_issues import quality_issues_table

_DOUBTS = (
    "Each doubtful figure has a footnote in the tables. Here is what was found of the contenders "
    "that this article tells of in detail, with the bound, and what those who measure again do "
    "about it. The kinds are:"
)


def trust_section(view: Run, run: Run) -> Section:
    """Return the section; every run has it.

    view: the run of one system, whose contenders are listed. run: that of all systems.
    """
    blocks: list[Block] = [Paragraph(_in_short(run)), Paragraph(f"{calibration_summary(run)}.")]
    if table := calibration_table(run):
        blocks.append(table)
    if calibration := run.get("calibration"):
        blocks += _lateness_figures(calibration)
    if issues := quality_issues_table(view):
        meanings = Points(tuple(_meanings(view)))
        blocks += [Paragraph(_DOUBTS), meanings, issues]
    else:
        blocks.append(Paragraph("No contender's latencies are doubtful by its own figures."))
    title, name = TRUST
    return Section(name, title, tuple(blocks))


def _in_short(run: Run) -> str:
    """Return in two sentences the kernel's check of the restarts, and the share of doubtful ones.

    A run without restarts, of inits alone, has no such share.
    """
    trace = run.get("trace")
    check = (
        f"The kernel's own trace of {trace['restarts']:,} restarts was compared with the figures: "
        f"{trace['missing']} were missing and {trace['invented']} invented."
        if trace
        else "No kernel trace was made of this run, so that nothing but the suite saw its restarts."
    )
    disturbed, (doubtful, measured) = len(disturbed_contenders(run)), count_doubtful(run)
    if not measured:
        return check
    by_load, for_any_reason = (
        f"{count} ({count / measured:.0%})" for count in (disturbed, doubtful)
    )
    return (
        f"{check} Other load on the host disturbed {by_load} of the {measured} contenders with a "
        f"restart figure, and {for_any_reason} have a doubtful figure for any reason."
    )


def _meanings(run: Run) -> Iterator[tuple[str, str]]:
    kinds = {issue["kind"] for item in run["contenders"] for issue in item.get("doubts", [])}
    for kind, meaning in KIND_MEANINGS.items():
        if kind in kinds:
            yield f"{kind}:", meaning


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
