"""A comparison of runs on the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console

from reports.compare.changes import Change
from reports.compare.comparison import Comparison, Comparisons
from reports.compare.wording import describe_quantiles, format_interval, format_p, legend
from reports.formats.fitting import TextColumn, TextTable, print_table
from reports.model.metrics import format_number

# A narrower terminal has no columns for intervals and tests.
_ROOMY_WIDTH = 100


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
        roomy = console.width >= _ROOMY_WIDTH
        print_table(_changes_table(comparison.listed, roomy=roomy), console)
        for change in comparison.listed:
            if change.needs_quantiles:
                _print_line(console, describe_quantiles(change))
        _print_line(console, legend(comparison.listed, roomy=roomy))
    _print_line(console, comparison.count_line())


def _changes_table(changes: Sequence[Change], *, roomy: bool) -> TextTable:
    """Return the table; where there is little room, an interval is a line of its own."""
    headings = ("change", "interval, %", "p", "effect") if roomy else ("change",)
    columns = (
        TextColumn("contender", key=True, prose=not roomy),
        TextColumn("metric", key=True),
        *(TextColumn(heading, right=True) for heading in ("before", "after", *headings)),
        TextColumn(""),
    )
    return TextTable(
        "What changed",
        columns,
        [_cells(change, roomy=roomy) for change in changes],
        styles=[_style(change) for change in changes],
    )


def _cells(change: Change, *, roomy: bool) -> tuple[str, ...]:
    unit = f", {change.unit}" if change.unit else ""
    return (
        change.label,
        f"{change.metric}{unit}",
        format_number(change.before),
        format_number(change.after),
        *(_roomy_cells(change) if roomy else (_narrow_cell(change),)),
        change.verdict,
    )


def _roomy_cells(change: Change) -> tuple[str, str, str, str]:
    interval = format_interval(change.interval) if change.interval else ""
    effect = "" if change.effect is None else f"{change.effect:+.2f}"
    return change.percent_text, interval, format_p(change.shown_p), effect


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
