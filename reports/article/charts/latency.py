"""A picture of restart latencies: the share restarted within a time."""

from __future__ import annotations

from collections.abc import Sequence

from reports.article.charts.style import (
    COLOURS,
    FLOOR_COLOUR,
    draw,
    drawable_points,
    latency_axis,
)
from reports.article.distributions import Distribution
from reports.model.quantities import format_quantity

_PANEL_WIDTH, _PANEL_HEIGHT = 300, 170
# Points of a line that tell their value; each makes the page larger by 300 bytes.
_MARKS = 9


def share_chart(distributions: Sequence[Distribution], low: float, high: float) -> str:
    """Draw the share of restarts done within a time (ECDF), a line each, from low to high ms."""
    steps, points = [], []
    for item in distributions:
        name = f"{item.label}{', 0.3 s up' if item.short else ''}"
        n = len(item.values) + item.censored
        steps.append({"contender": name, "ms": low, "share": 0.0})
        steps += [
            {"contender": name, "ms": value, "share": rank / n}
            for rank, value in drawable_points(item.values)
        ]
        points += [
            {"contender": name, "ms": value, "share": rank / n,
             "description": f"{name}: {rank} of {n} within {format_quantity(value, 'ms')}"}
            for rank, value in drawable_points(item.values, _MARKS)
        ]  # fmt: skip
        last = len(item.values) / n if n else 0.0
        steps.append({"contender": name, "ms": high, "share": last})
    names = list(dict.fromkeys(str(step["contender"]) for step in steps))
    colour = {
        "field": "contender", "type": "nominal", "sort": names,
        "legend": {"title": None, "symbolType": "stroke"},
        "scale": {"domain": names, "range": _line_colours(distributions)},
    }  # fmt: skip
    dash = colour | {"scale": {"domain": names, "range": [
        [4, 3] if item.short else [1, 0] for item in distributions
    ]}}  # fmt: skip
    x = latency_axis(low, high)
    y = {"field": "share", "type": "quantitative", "title": "share restarted",
         "axis": {"format": ".0%", "tickCount": 4}, "scale": {"domain": [0, 1]}}  # fmt: skip
    line = {"type": "line", "interpolate": "step-after", "strokeWidth": 2, "aria": False}
    return draw({"width": _PANEL_WIDTH, "height": _PANEL_HEIGHT, "layer": [
        {"data": {"values": steps}, "mark": line,
         "encoding": {"x": x, "y": y, "color": colour, "strokeDash": dash}},
        {"data": {"values": points}, "mark": {"type": "circle", "size": 14, "opacity": 0.9},
         "encoding": {"x": x, "y": y, "color": colour,
                      "description": {"field": "description"}}},
    ]})  # fmt: skip


def _line_colours(distributions: Sequence[Distribution]) -> list[str]:
    """Return a colour for each: both uptimes of a contender share one, and the floor is grey."""
    labels = list(dict.fromkeys(item.label for item in distributions if not item.floor))
    return [
        FLOOR_COLOUR if item.floor else COLOURS[labels.index(item.label) % len(COLOURS)]
        for item in distributions
    ]
