"""A comparison of runs as Markdown, for the comment on a change or the summary of a CI job."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from provision.errors.text import count_words
from reports.compare.changes import Change
from reports.compare.comparison import Comparison, Comparisons
from reports.compare.wording import describe_quantiles, format_interval, format_p, legend
from reports.formats.markdown import escape, render_table
from reports.model.blocks import Cell, Column, Table
from reports.model.metrics import format_number

_COLUMNS = (
    Column("Contender"),
    Column("Metric"),
    Column("Before", numeric=True),
    Column("After", numeric=True),
    Column("Change", numeric=True),
    Column("Interval, %", numeric=True),
    Column("p", numeric=True),
    Column(""),
)


def render_comparisons(comparisons: Comparisons) -> str:
    """Return the comparison; what the gate says comes first."""
    parts = [
        *_gate_parts(comparisons),
        *(part for item in comparisons.items for part in _comparison_parts(item)),
    ]
    return "\n\n".join(parts) + "\n"


def _gate_parts(comparisons: Comparisons) -> Iterator[str]:
    if not comparisons.fail_on:
        yield "## Supervisors compared"
        return
    count = len(comparisons.regressions)
    outcome = count_words(count, "regression") if count else "no regression"
    yield f"## Supervisors compared: {outcome}"
    yield f"Gate: `--fail-on={comparisons.fail_on}`"
    if comparisons.regressions:
        yield _points(comparisons.regressions)
    if comparisons.undecided:
        yield "Undecided, more trials would tell:"
        yield _points(comparisons.undecided)
    if comparisons.unjudged:
        yield "Not judged without `--metric`:"
        yield _points(comparisons.unjudged)


def _comparison_parts(comparison: Comparison) -> Iterator[str]:
    before, after = comparison.before.run["id"], comparison.after.run["id"]
    yield f"### {escape(before)}, then {escape(after)}"
    for caution in comparison.cautions:
        yield f"> **Caution:** {escape(caution)}"
    if comparison.listed:
        yield render_table(_table(comparison.listed))
        notes = [describe_quantiles(one) for one in comparison.listed if one.needs_quantiles]
        if notes:
            yield _points(notes)
        yield escape(legend(comparison.listed, roomy=False))
    yield escape(comparison.count_line())
    if comparison.behaviour_changes:
        yield _points([str(change) for change in comparison.behaviour_changes])
    yield from map(escape, comparison.missing_lines())


def _table(changes: Sequence[Change]) -> Table:
    return Table("What changed", _COLUMNS, tuple(map(_row, changes)))


def _row(change: Change) -> tuple[Cell, ...]:
    unit = f", {change.unit}" if change.unit else ""
    return tuple(
        map(
            Cell,
            (
                change.label,
                f"{change.metric}{unit}",
                format_number(change.before),
                format_number(change.after),
                change.percent_text,
                format_interval(change.interval) if change.interval else "",
                format_p(change.shown_p),
                change.verdict,
            ),
        )
    )


def _points(lines: Sequence[str]) -> str:
    return "\n".join(f"- {escape(line)}" for line in lines)
