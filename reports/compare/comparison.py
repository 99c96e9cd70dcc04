"""A comparison of runs on the terminal, and the exit code that a gate needs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table
from rich.text import Text

from bench.model.run_file import ContenderResult
from provision.errors import Problem
from reports.compare.behaviour_changes import BehaviourChange, compare_behaviour
from reports.compare.changes import Change, compare_metrics
from reports.compare.gate import Gate, parse_fail_on
from reports.compare.runs import RunWithSamples, comparison_cautions, contenders_only_in
from reports.compare.verdict import DIRECTION_WORDS, VERDICT_MEANINGS
from reports.compare.wording import describe_quantiles, format_interval
from reports.formats.terminal_tables import ROOMY_WIDTH, plain_table
from reports.model.metrics import format_number

# Smaller changes are counted, not listed, unless they are more than chance.
MIN_LISTED_PERCENT = 10.0
_CHANGE = (
    "change: of restart latencies, the median ratio of one sample after to one before; else of the "
    "medians. p and intervals are corrected for the number of tests."
)
_EFFECT = "effect: Cliff's delta, -1 where every sample became lower, 1 where every one higher."


@dataclass(frozen=True)
class Comparison:
    """All changes from one run to another."""

    before: RunWithSamples
    after: RunWithSamples
    changes: list[Change]
    behaviour_changes: list[BehaviourChange]
    only_before: list[ContenderResult]
    only_after: list[ContenderResult]

    def gate(self, limit: float) -> Gate:
        """Return the judgement of a gate; limit: by how many percent a figure may get worse."""
        return Gate(limit, self.changes, self.behaviour_changes, self.only_before, self.after.run)


def compare_runs(before: RunWithSamples, after: RunWithSamples) -> Comparison:
    """Return all changes from one run to another."""
    return Comparison(
        before,
        after,
        compare_metrics(before, after),
        compare_behaviour(before, after),
        contenders_only_in(before, after),
        contenders_only_in(after, before),
    )


def print_comparison(runs: Sequence[RunWithSamples], fail_on: str, console: Console) -> int:
    """Print each later run against the first; return 1 where fail_on finds a regression, else 0.

    fail_on: empty, or regression:PERCENT. Raises Problem for anything else, and for fewer than two
    runs.
    """
    limit = parse_fail_on(fail_on)
    if len(runs) < 2:
        raise Problem(
            f"A comparison needs two runs or more, and {len(runs)} was given.",
            advice="./inv compare RUN RUN",
            usage=True,
        )
    first, *others = runs
    min_percent = MIN_LISTED_PERCENT if limit is None else min(limit, MIN_LISTED_PERCENT)
    regressions: list[str] = []
    undecided: list[str] = []
    for other in others:
        comparison = compare_runs(first, other)
        _print_one(comparison, min_percent, console)
        if limit is not None:
            gate = comparison.gate(limit)
            regressions += gate.regressions()
            undecided += gate.undecided()
    for line in undecided:
        _print_line(console, f"undecided, more trials would tell: {line}", "yellow")
    for line in regressions:
        _print_line(console, f"regression: {line}", "red")
    return 1 if regressions else 0


def _print_one(comparison: Comparison, min_percent: float, console: Console) -> None:
    before, after = comparison.before, comparison.after
    _print_line(console, f"{before.run['id']}, then {after.run['id']}", "bold")
    for caution in comparison_cautions(before, after):
        _print_line(console, f"CAUTION: {caution}", "bold red")
    _print_changes(comparison.changes, min_percent, console)
    for change in comparison.behaviour_changes:
        _print_line(console, str(change), "red" if change.worse else "")
    for time, contenders in (("before", comparison.only_before), ("after", comparison.only_after)):
        if contenders:
            names = ", ".join(contender["name"] for contender in contenders)
            _print_line(console, f"Only {time}: {names}.")


def _print_changes(changes: Sequence[Change], min_percent: float, console: Console) -> None:
    if not changes:
        console.print("No figure of a contender is in both.")
        return
    listed = [change for change in changes if change.is_listed(min_percent)]
    if listed:
        roomy = console.width >= ROOMY_WIDTH
        console.print(_changes_table(listed, roomy=roomy))
        for change in listed:
            if change.needs_quantiles:
                _print_line(console, describe_quantiles(change))
        _print_line(console, _legend(listed, roomy=roomy))
    console.print(
        f"{len(changes) - len(listed)} {'other ' if listed else ''}figures changed by less than "
        f"{min_percent:g} %.",
        highlight=False,
    )


def _legend(changes: Sequence[Change], *, roomy: bool) -> str:
    """Return what the words and columns of a table mean."""
    verdicts = {change.verdict for change in changes}
    if not verdicts.isdisjoint(DIRECTION_WORDS):
        verdicts.add("slower")
    meanings = [
        f"{meaning}." for verdict, meaning in VERDICT_MEANINGS.items() if verdict in verdicts
    ]
    if any(change.is_tested for change in changes):
        meanings += [_CHANGE, _EFFECT] if roomy else [_CHANGE]
    return " ".join(meanings)


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
            f"{change.metric}{unit}",
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
    return change.percent_text, interval, _format_p(p), f"{sampled.effect:+.2f}"


def _narrow_cell(change: Change) -> str:
    """Return the change, and its interval in a line of its own."""
    if change.interval is None:
        return change.percent_text
    return f"{change.percent_text}\n{format_interval(change.interval)}"


def _format_p(p: float | None) -> str:
    if p is None:
        return ""
    return "<0.001" if p < 0.001 else f"{p:.3f}"


def _style(change: Change) -> str:
    if not change.is_significant or not change.percent_worse:
        return ""
    return "red" if change.percent_worse > 0 else "green"


def _print_line(console: Console, text: str, style: str = "") -> None:
    console.print(text, style=style, highlight=False, markup=False)
