"""A comparison of runs on the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from reports.compare.changes import Change
from reports.compare.comparison import Comparison, Comparisons
from reports.compare.wording import describe_quantiles, format_interval, format_p, legend
from reports.formats.terminal_tables import ROOMY_WIDTH, plain_table
from reports.model.metrics import format_number


def print_comparisons(comparisons: Comparisons, console: Console) -> None:
    """Print each comparison, then what the gate says of all of them."""
    for comparison in comparisons.items:
        _print_one(comparison, console)
    for line in comparisons.unjudged:
        _print_line(console, f"not judged without --metric: {line}", "yellow")
    for line in comparisons.undecided:
        _print_line(console, f"undecided, more trials would tell: {line}", "yellow")
    for line in comparisons.regressions:
        _print_line(console, f"regression: {line}", "red")


def _print_one(comparison: Comparison, console: Console) -> None:
    before, after = comparison.before, comparison.after
    _print_line(console, f"{before.run['id']}, then {after.run['id']}", "bold")
    for caution in comparison.cautions:
        _print_line(console, f"CAUTION: {caution}", "bold red")
    _print_changes(comparison, console)
    for change in comparison.behaviour_changes:
        _print_line(console, str(change), "red" if change.worse else "")
    for line in comparison.missing_lines():
        _print_line(console, line)


def _print_changes(comparison: Comparison, console: Console) -> None:
    if comparison.listed:
        roomy = console.width >= ROOMY_WIDTH
        console.print(_changes_table(comparison.listed, roomy=roomy))
        for change in comparison.listed:
            if change.needs_quantiles:
                _print_line(console, describe_quantiles(change))
        _print_line(console, legend(comparison.listed, roomy=roomy))
    _print_line(console, comparison.count_line())


def _changes_table(changes: Sequence[Change], *, roomy: bool) -> Table:
    table = plain_table("What changed", roomy=roomy)
    table.add_column("contender")
    table.add_column("metric", no_wrap=True)
    headings = ("change", "interval, %", "p", "effect") if roomy else ("change",)
    for heading in ("before", "after", *headings):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("")
    for change in changes:
        unit = f", {change.unit}" if roomy and change.unit else ""
        table.add_row(
            Text(change.label),
            Text(f"{change.metric}{unit}"),
            format_number(change.before),
            format_number(change.after),
            *(_roomy_cells(change) if roomy else (_narrow_cell(change),)),
            change.verdict,
            style=_style(change),
        )
    return table


def _roomy_cells(change: Change) -> tuple[str, str, str, str]:
    interval = format_interval(change.interval) if change.interval else ""
    sampled = change.sampled
    if sampled is None:
        return change.percent_text, interval, "", ""
    p = sampled.shape_p if sampled.differs_in_shape else sampled.p
    return change.percent_text, interval, format_p(p), f"{sampled.effect:+.2f}"


def _narrow_cell(change: Change) -> str:
    """Return the change, and its interval in a line of its own."""
    if change.interval is None:
        return change.percent_text
    return f"{change.percent_text}\n{format_interval(change.interval)}"


def _style(change: Change) -> str:
    if not change.is_significant or not change.percent_worse:
        return ""
    return "red" if change.percent_worse > 0 else "green"


def _print_line(console: Console, text: str, style: str = "") -> None:
    console.print(text, style=style, highlight=False, markup=False)
