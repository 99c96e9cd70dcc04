"""A chart of memory with few and with many services."""

from __future__ import annotations

from collections.abc import Sequence

from provision.errors.text import count_words
from reports.article.charts.rows import Scale, dot, rows_figure, span
from reports.article.charts.style import COLOURS, FLOOR_COLOUR
from reports.model.blocks import ChartRow, Figure
from reports.model.quantities import format_quantity


def memory_figure(rows: Sequence[tuple[str, float, float]], few: int, many: int) -> Figure:
    """Return the chart: a row's label, and its kB with few and with many services."""
    scale = Scale(
        min(low for _, low, _ in rows) / 1.3, max(high for _, _, high in rows) * 1.3, "kB", log=True
    )
    fewer, more = (count_words(count, "service") for count in (few, many))
    return rows_figure(
        "memory",
        f"Private memory with {fewer} and with {more}",
        "Private memory of each contender's processes together, with one service and with ten, on "
        "a log axis. The figure beside each name is that with one; all are in the table below.",
        [_row(label, low, high, scale) for label, low, high in rows],
        scale,
        ((COLOURS[0], fewer), (COLOURS[1], more)),
    )


def _row(label: str, few: float, many: float, scale: Scale) -> ChartRow:
    start, end = scale.position(few), scale.position(many)
    return ChartRow(
        label=label,
        figure=format_quantity(few, "kB"),
        track=span(start, end, FLOOR_COLOUR) + dot(end, COLOURS[1]) + dot(start, COLOURS[0]),
        words=f"{label}: {format_quantity(few, 'kB')}, then {format_quantity(many, 'kB')}",
    )
