"""A picture of crash loops: when a daemon that ends at once was started."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from reports.article.charts.style import COLOURS, contender_axis, draw_rows
from reports.model.metrics import format_number


@dataclass(frozen=True)
class CrashLoop:
    """The starts of one contender's daemon, in s since its first start.

    busy_seconds: begin and number of starts of each second that has too many for single ones.
    """

    label: str
    starts: Sequence[float]
    busy_seconds: Sequence[tuple[float, int]]


def crash_loops_chart(rows: Sequence[CrashLoop]) -> str:
    """Draw a tick for each start and a bar for each busy second, a contender a row."""
    ticks = [
        {"contender": row.label, "s": second,
         "description": f"{row.label}: a start after {format_number(second)} s"}
        for row in rows for second in row.starts
    ]  # fmt: skip
    bars = [
        {"contender": row.label, "s": max(0.0, begin), "end": begin + 1,
         "description": f"{row.label}: {count} starts in the second after "
                        f"{format_number(max(0.0, begin))} s"}
        for row in rows for begin, count in row.busy_seconds
    ]  # fmt: skip
    x = {"field": "s", "type": "quantitative", "title": "seconds since the first start"}
    common = {
        "y": contender_axis([row.label for row in rows]), "description": {"field": "description"}
    }  # fmt: skip
    return draw_rows([
        {"data": {"values": bars},
         "mark": {"type": "bar", "height": 14, "color": COLOURS[0], "opacity": 1},
         "encoding": {"x": x, "x2": {"field": "end"}, **common}},
        {"data": {"values": ticks},
         "mark": {"type": "tick", "thickness": 2, "size": 14, "color": COLOURS[0]},
         "encoding": {"x": x, **common}},
    ])  # fmt: skip
