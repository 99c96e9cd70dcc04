"""A picture of where the time of restarts goes."""

from __future__ import annotations

from collections.abc import Sequence

from reports.article.charts.style import CHARACTER_WIDTH, COLOURS, contender_axis, draw_rows
from reports.model.metrics import format_number
from reports.model.restart_parts import PART_KINDS, RestartParts


def restart_parts_chart(rows: Sequence[RestartParts]) -> str:
    """Draw the share that each part has of a restart, a contender and uptime a row.

    Shares, because no axis has room for 0.1 ms and 1 s, and a logarithmic one does not stack.
    """
    names = [kind.heading.lower() for kind in PART_KINDS]
    labels = [_row_label(row) for row in rows]
    pieces = [
        {"contender": label, "part": name, "rank": rank, "share": time / sum(row.medians),
         "description":
             f"{label}, {name}: {format_number(time)} ms, {time / sum(row.medians):.1%}"}
        for label, row in zip(labels, rows, strict=True)
        for rank, (name, time) in enumerate(zip(names, row.medians, strict=True))
    ]  # fmt: skip
    totals = [
        {"contender": label, "text": f"{format_number(row.whole)} ms"}
        for label, row in zip(labels, rows, strict=True)
    ]
    y = contender_axis(labels)
    room = {"left": 2, "right": CHARACTER_WIDTH * max(len(total["text"]) for total in totals),
            "top": 2, "bottom": 2}  # fmt: skip
    bars = {
        "data": {"values": pieces}, "mark": {"type": "bar", "height": {"band": 0.75}},
        "encoding": {
            "x": {"field": "share", "type": "quantitative", "stack": "zero",
                  "title": "share of the restart's time", "scale": {"domain": [0, 1]},
                  "axis": {"format": ".0%", "tickCount": 5}},
            "y": y, "order": {"field": "rank"}, "description": {"field": "description"},
            "color": {"field": "part", "type": "nominal", "sort": names,
                      "legend": {"title": None, "direction": "horizontal"},
                      "scale": {"domain": names, "range": COLOURS[:len(names)]}}},
    }  # fmt: skip
    words = {
        "data": {"values": totals},
        "mark": {"type": "text", "align": "left", "dx": 6, "fontSize": 12,
                 "color": "currentColor", "aria": False},
        "encoding": {"x": {"datum": 1}, "y": y, "text": {"field": "text"}},
    }  # fmt: skip
    return draw_rows([bars, words], padding=room)


def _row_label(row: RestartParts) -> str:
    return f"{row.label}{', 0.3 s up' if row.uptime == 'short' else ''}"
