"""Pictures of restart latencies: medians in rows, and shares restarted within a time."""

from __future__ import annotations

from collections.abc import Sequence

from reports.article.charts.style import (
    COLOURS,
    FLOOR_COLOUR,
    Spec,
    contender_axis,
    draw,
    draw_rows,
    drawable_points,
    latency_axis,
)
from reports.article.distributions import Distribution
from reports.model.metrics import format_number

_PANEL_WIDTH, _PANEL_HEIGHT = 300, 170


def medians_chart(distributions: Sequence[Distribution], floor: float | None) -> str:
    """Draw samples, median and interval, a contender a row, in the order given.

    floor: the floor's median in ms, for a dashed line; None: no line.
    """
    rows = [item for item in distributions if item.values]
    y = contender_axis([item.label for item in rows])
    x = latency_axis(
        min(item.values[0] for item in rows) / 1.5, max(item.values[-1] for item in rows) * 1.5
    )
    layers = [_sample_ticks(rows, x, y), *_median_points(rows, x, y)]
    if floor is not None:
        layers.append({"data": {"values": [{"ms": floor}]},
                       "mark": {"type": "rule", "strokeDash": [4, 4], "color": FLOOR_COLOUR,
                                "aria": False},
                       "encoding": {"x": x}})  # fmt: skip
    return draw_rows(layers)


def _sample_ticks(rows: Sequence[Distribution], x: Spec, y: Spec) -> Spec:
    ticks = [
        {"contender": item.label, "ms": value}
        for item in rows
        for _, value in drawable_points(item.values)
    ]
    return {"data": {"values": ticks},
            "mark": {"type": "tick", "opacity": 0.6, "thickness": 1, "size": 15,
                     "color": FLOOR_COLOUR, "aria": False},
            "encoding": {"x": x, "y": y}}  # fmt: skip


def _median_points(rows: Sequence[Distribution], x: Spec, y: Spec) -> list[Spec]:
    points = [
        {"contender": item.label, "ms": item.median, "kind": _kind(item),
         "description": _describe_median(item),
         "low": item.low or item.median, "high": item.high or item.median}
        for item in rows if item.median is not None
    ]  # fmt: skip
    colour = _kind_colours()
    return [
        {"data": {"values": points}, "mark": {"type": "rule", "strokeWidth": 3, "aria": False},
         "encoding": {"x": x | {"field": "low"}, "x2": {"field": "high"}, "y": y,
                      "color": colour}},
        {"data": {"values": points},
         "mark": {"type": "point", "filled": True, "size": 70, "opacity": 1},
         "encoding": {"x": x, "y": y, "color": colour, "description": {"field": "description"}}},
    ]  # fmt: skip


def _kind(distribution: Distribution) -> str:
    if distribution.floor:
        return "the floor"
    return "acts once a period" if distribution.periodic else "acts on events"


def _kind_colours() -> Spec:
    kinds = ["acts on events", "acts once a period", "the floor"]
    return {
        "field": "kind", "type": "nominal",
        "legend": {"title": None, "direction": "horizontal"},
        "scale": {"domain": kinds, "range": [COLOURS[0], COLOURS[1], FLOOR_COLOUR]},
    }  # fmt: skip


def _describe_median(distribution: Distribution) -> str:
    low, high = distribution.low, distribution.high
    text = f"{distribution.label}: median {format_number(distribution.median)} ms"
    if low is not None and high is not None:
        text += f", 95 % interval {format_number(low)} to {format_number(high)} ms"
    ratio = distribution.ratio
    return text + (f", {format_number(ratio)} x floor" if ratio else "")


def share_chart(distributions: Sequence[Distribution], low: float, high: float) -> str:
    """Draw the share of restarts done within a time (ECDF), a line each, from low to high ms."""
    steps, points = [], []
    for item in distributions:
        name = f"{item.label}{', 0.3 s up' if item.short else ''}"
        n = len(item.values) + item.censored
        steps.append({"contender": name, "ms": low, "share": 0.0})
        for rank, value in drawable_points(item.values):
            point = {"contender": name, "ms": value, "share": rank / n}
            steps.append(point)
            words = f"{name}: {rank} of {n} within {format_number(value)} ms"
            points.append(point | {"description": words})
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
