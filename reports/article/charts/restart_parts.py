"""Charts of what the time of a restart is made of: one for restarts of about the same length."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from reports.article.charts.rows import Scale, bar, rows_figure
from reports.article.charts.style import COLOURS
from reports.model.blocks import ChartRow, Figure
from reports.model.quantities import format_quantity
from reports.model.tables.restart_parts import PART_KINDS, RestartParts

# A part that takes less of a restart has no label.
_MIN_SHARE = 0.02
# Restarts of 10 s and more are in one chart.
_LAST_POWER = 4
_LIMITS = {-2: "0.1 ms", -1: "1 ms", 0: "10 ms", 1: "100 ms", 2: "1 s", 3: "10 s"}
LEGEND = tuple(
    (colour, kind.heading.lower()) for colour, kind in zip(COLOURS, PART_KINDS, strict=False)
)


def restart_parts_figures(
    restarts: Sequence[RestartParts], name: str, suffix: str
) -> tuple[Figure, ...]:
    """Return a chart for each power of ten in ms; in each, a supervisor has one row.

    No axis has room for 0.1 ms and for 1 s, and what is stacked needs a linear one. restarts: in
    the article's order, all at the same uptime. suffix: what the titles end with.
    """
    groups: dict[int, list[RestartParts]] = {}
    for restart in _one_a_supervisor(restarts):
        groups.setdefault(_power(restart.whole), []).append(restart)
    return tuple(
        _figure(groups[power], power, f"{name}-{number}", suffix)
        for number, power in enumerate(sorted(groups), 1)
    )


def _one_a_supervisor(restarts: Sequence[RestartParts]) -> Iterator[RestartParts]:
    """Yield the first restart of each supervisor and power of ten."""
    seen = set()
    for restart in restarts:
        key = (restart.supervisor, _power(restart.whole))
        if key not in seen:
            seen.add(key)
            yield restart


def _power(ms: float) -> int:
    return max(-2, min(_LAST_POWER, math.floor(math.log10(ms))))


def _figure(restarts: Sequence[RestartParts], power: int, name: str, suffix: str) -> Figure:
    longest = max(max(sum(restart.medians), restart.whole) for restart in restarts)
    scale = Scale(0.0, longest * 1.02, "ms")
    limit = "more than 10 s" if power == _LAST_POWER else f"up to {_LIMITS[power]}"
    title = f"Restarts of {limit}{suffix}"
    return rows_figure(
        name,
        title,
        f"{title}: a bar for each supervisor, cut into the times that death, reaction, hold-off, "
        "child and spawn take. The figures are in the table below.",
        [_row(restart, scale) for restart in restarts],
        scale,
        LEGEND,
    )


def _row(restart: RestartParts, scale: Scale) -> ChartRow:
    track, words, begin = "", [], 0.0
    for time, (colour, name) in zip(restart.medians, LEGEND, strict=True):
        if time >= _MIN_SHARE * restart.whole:
            track += bar(scale.position(begin), scale.position(begin + time), colour)
            words.append(f"{name} {format_quantity(time, 'ms')}")
        begin += time
    note = ", ".join(words)
    return ChartRow(
        label=restart.label,
        figure=format_quantity(restart.whole, "ms"),
        track=track,
        words=f"{restart.label}: {note}",
        anchor=f"supervisor-{restart.supervisor}",
        note=note,
    )
