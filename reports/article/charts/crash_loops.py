"""A chart of crash loops: when a daemon that ends at once was started."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from provision.errors.text import count_words
from reports.article.charts.rows import Scale, bar, rows_figure, tick_marks
from reports.article.charts.style import COLOURS
from reports.model.blocks import ChartRow, Figure


@dataclass(frozen=True)
class CrashLoop:
    """The starts of one contender's daemon, in s since its first start.

    busy_seconds: begin and number of starts of each second that has too many for single ones.
    """

    label: str
    starts: Sequence[float]
    busy_seconds: Sequence[tuple[float, int]]

    @property
    def count(self) -> int:
        """All starts that were seen, single ones and those of busy seconds."""
        return len(self.starts) + sum(count for _, count in self.busy_seconds)


def crash_loops_figure(rows: Sequence[CrashLoop]) -> Figure:
    """Return the chart: a tick for each start and a bar for each busy second."""
    last = max(
        max((*row.starts, *(begin + 1 for begin, _ in row.busy_seconds)), default=0.0)
        for row in rows
    )
    scale = Scale(0.0, max(last, 1.0), "s")
    return rows_figure(
        "crashloop",
        "When a daemon that ends at once was started, and how often",
        "A row for each contender, a tick for each start of a daemon that ends at once, over the "
        "time since its first start, in the first of its guests; a bar where there are too many "
        "starts for ticks. Beside each name stands the number of starts.",
        [_row(row, scale) for row in rows],
        scale,
    )


def _row(row: CrashLoop, scale: Scale) -> ChartRow:
    bars = "".join(
        bar(scale.position(max(0.0, begin)), scale.position(begin + 1), COLOURS[0])
        for begin, _ in row.busy_seconds
    )
    ticks = tick_marks(map(scale.position, row.starts), COLOURS[0], opacity=1)
    words = f"{row.label}: {count_words(row.count, 'start')}"
    return ChartRow(row.label, f"{row.count:,}", bars + ticks, words)
