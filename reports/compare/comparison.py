"""A comparison of runs on the terminal, and the exit code that a gate needs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table
from rich.text import Text

from bench.model.run_file import ContenderResult
from provision.errors import Problem
from reports.compare.behaviour_changes import BehaviourChange, compare_behaviour
from reports.compare.changes import Change, compare_metrics
from reports.compare.runs import RunWithSamples, comparison_cautions, contenders_only_in
from reports.compare.significance import SIGNIFICANT
from reports.formats.terminal_tables import ROOMY_WIDTH, plain_table
from reports.model.contenders import has_measurements
from reports.model.metrics import format_number

# Smaller changes are counted, not listed, unless a test finds them significant.
MIN_LISTED_PERCENT = 10.0
_LEGEND = (
    f"chance: no more difference than chance gives (p of {SIGNIFICANT:g} or more by Mann-Whitney's "
    "U test, corrected by Holm's method; where no p is given, 95 % intervals that overlap). "
    "single: one figure each, or too few for an interval: no test of significance is possible, so "
    "the percentage alone counts. effect: Cliff's delta, -1 where every sample became lower, 1 "
    "where every one became higher."
)
_FAIL_ON = re.compile(r"^regression:(\d+(?:\.\d+)?)%?$")


@dataclass(frozen=True)
class Comparison:
    """All changes from one run to another."""

    before: RunWithSamples
    after: RunWithSamples
    changes: list[Change]
    behaviour_changes: list[BehaviourChange]
    only_before: list[ContenderResult]
    only_after: list[ContenderResult]

    def regressions(self, limit: float) -> Iterator[str]:
        """Yield a line for each regression; limit: by how many percent a figure may get worse.

        A regression is, too, what was measured or done before and is missing now.
        """
        for change in self.changes:
            if change.is_regression(limit):
                untested = ", one figure each: no test of significance"
                suffix = "" if change.is_tested else untested
                yield f"{change.contender} {change.metric} {change.percent_text}{suffix}"
        for behaviour in self.behaviour_changes:
            if behaviour.worse:
                yield f"{behaviour.contender} {behaviour.what}: {behaviour.after}"
        for contender in self.only_before:
            if has_measurements(contender):
                yield f"{contender['name']} is not in {self.after.run['id']}"


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
    limit = _parse_fail_on(fail_on)
    if len(runs) < 2:
        raise Problem(
            f"A comparison needs two runs or more, and {len(runs)} was given.",
            advice="./inv compare RUN RUN",
            usage=True,
        )
    first, *others = runs
    min_percent = MIN_LISTED_PERCENT if limit is None else min(limit, MIN_LISTED_PERCENT)
    regressions: list[str] = []
    for other in others:
        comparison = compare_runs(first, other)
        _print_one(comparison, min_percent, console)
        if limit is not None:
            regressions += comparison.regressions(limit)
    for line in regressions:
        _print_line(console, f"regression: {line}", "red")
    return 1 if regressions else 0


def _parse_fail_on(fail_on: str) -> float | None:
    """Return the percentage of --fail-on; None where the option is empty. Raises Problem."""
    if not fail_on:
        return None
    match = _FAIL_ON.match(fail_on)
    if match is None:
        raise Problem(
            f"--fail-on={fail_on} is not understood.",
            known="It takes regression:PERCENT.",
            advice="For example --fail-on=regression:10",
            usage=True,
        )
    return float(match.group(1))


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
        console.print(_changes_table(listed, roomy=console.width >= ROOMY_WIDTH))
        _print_line(console, _LEGEND)
    console.print(
        f"{len(changes) - len(listed)} {'other ' if listed else ''}figures changed by less than "
        f"{min_percent:g} %.",
        highlight=False,
    )


def _changes_table(changes: Sequence[Change], *, roomy: bool) -> Table:
    table = plain_table("What changed", roomy=roomy)
    table.add_column("contender")
    table.add_column("metric", no_wrap=True)
    for heading in ("before", "after", "change", *(["p"] if roomy else []), "effect"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("")
    for change in changes:
        unit = f", {change.unit}" if roomy and change.unit else ""
        table.add_row(
            Text(change.label),
            f"{change.metric}{unit}",
            format_number(change.before),
            format_number(change.after),
            change.percent_text,
            *([_format_p(change.p)] if roomy else []),
            "" if change.effect is None else f"{change.effect:+.2f}",
            change.verdict,
            style=_style(change),
        )
    return table


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
