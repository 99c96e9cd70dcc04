"""The pictures, as Vega-Lite specifications drawn to SVG: the same for the page and for Markdown.

Colours are told apart on white and on near-black alike; what is `currentColor` follows the text.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import vl_convert

from reports.model.view import number

FLOOR_COLOUR = "#808080"
COLOURS = ("#1F83C6", "#D55E00", "#009E73", "#BF6FA0", "#7B61FF", "#8A6D3B")
_GRID = {"gridColor": "#888888", "gridOpacity": 0.25, "domainColor": "#888888"}
_CONFIG = {
    "background": None,
    "font": "sans-serif",
    "view": {"stroke": None},
    "axis": {"labelColor": "currentColor", "titleColor": "currentColor", "labelFontSize": 12,
             "titleFontSize": 12, "titleFontWeight": "normal", "tickColor": "#888888", **_GRID},
    "legend": {"labelColor": "currentColor", "titleColor": "currentColor", "labelFontSize": 12,
               "labelLimit": 0, "orient": "bottom", "direction": "vertical",
               "columnPadding": 48},
}  # fmt: skip
_ROW, _WIDE = 22, 560
# As many points of one contender as differ on a picture of that width.
MOST = 280

Value = dict[str, Any]


@dataclass(frozen=True)
class Distribution:
    """A contender's restart latencies in ms, sorted. censored: trials that saw no restart.

    host: where it was measured, of a merged run; empty of any other.
    """

    label: str
    values: tuple[float, ...]
    censored: int
    median: float | None
    low: float | None
    high: float | None
    ratio: float | None
    floor: bool
    periodic: bool
    short: bool = False
    host: str = ""


def drawable(values: Sequence[float]) -> Iterator[tuple[int, float]]:
    """Rank (from 1) and value of as many as can be told apart, the first and the last among them.

    More than MOST would be drawn over each other, and drawing takes a tenth of a ms for each.
    """
    n = len(values)
    count = min(n, MOST)
    for index in range(count):
        place = index if n <= MOST else round(index * (n - 1) / (count - 1))
        yield place + 1, values[place]


def medians(found: Sequence[Distribution], floor: float | None) -> str:
    """The samples, the median and its interval, a contender a row, in that order."""
    rows = [each for each in found if each.values]
    order = [each.label for each in rows]
    ticks = [
        {"who": each.label, "ms": value} for each in rows for _, value in drawable(each.values)
    ]
    points = [
        {"who": each.label, "ms": each.median, "kind": _kind(each), "says": _median_words(each),
         "low": each.low or each.median, "high": each.high or each.median}
        for each in rows if each.median is not None
    ]  # fmt: skip
    y = _who(order)
    x = _within(
        min(each.values[0] for each in rows) / 1.5, max(each.values[-1] for each in rows) * 1.5
    )
    layers: list[Value] = [
        {"data": {"values": ticks}, "mark": {"type": "tick", "opacity": 0.6, "thickness": 1,
         "size": 15, "color": FLOOR_COLOUR, "aria": False},
         "encoding": {"x": x, "y": y}},
        {"data": {"values": points}, "mark": {"type": "rule", "strokeWidth": 3, "aria": False},
         "encoding": {"x": x | {"field": "low"}, "x2": {"field": "high"}, "y": y,
                      "color": _kinds()}},
        {"data": {"values": points}, "mark": {"type": "point", "filled": True, "size": 70,
         "opacity": 1},
         "encoding": {"x": x, "y": y, "color": _kinds(),
                      "description": {"field": "says"}}},
    ]  # fmt: skip
    if floor is not None:
        layers.append({"data": {"values": [{"ms": floor}]},
                       "mark": {"type": "rule", "strokeDash": [4, 4], "color": FLOOR_COLOUR,
                                "aria": False},
                       "encoding": {"x": x}})  # fmt: skip
    return _drawn({"width": _WIDE, "height": {"step": _ROW}, "layer": layers})


def ecdf(found: Sequence[Distribution], low: float, high: float) -> str:
    """The share of restarts that were done within a time, a line each."""
    steps, points = [], []
    for each in found:
        name = f"{each.label}{', 0.3 s up' if each.short else ''}"
        n = len(each.values) + each.censored
        steps.append({"who": name, "ms": low, "share": 0.0})
        for rank, value in drawable(each.values):
            steps.append({"who": name, "ms": value, "share": rank / n})
            points.append({"who": name, "ms": value, "share": rank / n, "says":
                           f"{name}: {rank} of {n} within {number(value)} ms"})  # fmt: skip
        last = len(each.values) / n if n else 0.0
        steps.append({"who": name, "ms": high, "share": last})
    names = list(dict.fromkeys(step["who"] for step in steps))
    colour = {
        "field": "who", "type": "nominal", "sort": names,
        "legend": {"title": None, "symbolType": "stroke"},
        "scale": {"domain": names, "range": _colours(found)},
    }  # fmt: skip
    x = _within(low, high)
    y = {"field": "share", "type": "quantitative", "title": "share restarted",
         "axis": {"format": ".0%", "tickCount": 4}, "scale": {"domain": [0, 1]}}  # fmt: skip
    line = {"type": "line", "interpolate": "step-after", "strokeWidth": 2, "aria": False}
    dash = colour | {"scale": {"domain": names, "range": [
        [4, 3] if each.short else [1, 0] for each in found
    ]}}  # fmt: skip
    return _drawn({"width": 300, "height": 170, "layer": [
        {"data": {"values": steps}, "mark": line,
         "encoding": {"x": x, "y": y, "color": colour, "strokeDash": dash}},
        {"data": {"values": points}, "mark": {"type": "circle", "size": 14, "opacity": 0.9},
         "encoding": {"x": x, "y": y, "color": colour, "description": {"field": "says"}}},
    ]})  # fmt: skip


def split(rows: Sequence[tuple[str, Sequence[float], float]], names: Sequence[str]) -> str:
    """The share that each part has of a restart, a row each: label, ms of the parts, ms in all.

    Shares, for no axis has room for 0.1 ms and 1 s, and a logarithmic one does not stack.
    """
    order = [label for label, _, _ in rows]
    pieces = [
        {"who": label, "part": name, "rank": rank, "share": value / sum(values),
         "says": f"{label}, {name}: {number(value)} ms, {value / sum(values):.1%}"}
        for label, values, _ in rows
        for rank, (name, value) in enumerate(zip(names, values, strict=True))
    ]  # fmt: skip
    totals = [{"who": label, "says": f"{number(whole)} ms"} for label, _, whole in rows]
    y = _who(order)
    room = {"left": 2, "right": 7.5 * max(len(each["says"]) for each in totals), "top": 2,
            "bottom": 2}  # fmt: skip
    return _drawn({"width": _WIDE, "height": {"step": _ROW}, "padding": room, "layer": [
        {"data": {"values": pieces}, "mark": {"type": "bar", "height": {"band": 0.75}},
         "encoding": {
             "x": {"field": "share", "type": "quantitative", "stack": "zero",
                   "title": "share of the restart's time", "scale": {"domain": [0, 1]},
                   "axis": {"format": ".0%", "tickCount": 5}},
             "y": y, "order": {"field": "rank"}, "description": {"field": "says"},
             "color": {"field": "part", "type": "nominal", "sort": list(names),
                       "legend": {"title": None, "direction": "horizontal"},
                       "scale": {"domain": list(names), "range": COLOURS[:len(names)]}}}},
        {"data": {"values": totals},
         "mark": {"type": "text", "align": "left", "dx": 6, "fontSize": 12,
                  "color": "currentColor", "aria": False},
         "encoding": {"x": {"datum": 1}, "y": y, "text": {"field": "says"}}},
    ]})  # fmt: skip


def lateness(found: Mapping[str, Sequence[int]], bounds: Sequence[float]) -> str:
    """How late a sleeper woke up, a histogram each: counts below each bound (us), and above all."""
    bins = [*(f"{us:g} us" if us < 1000 else f"{us / 1000:g} ms" for us in bounds), "more"]
    bars = [
        {"of": name, "late": late, "share": count / sum(counts),
         "label": f"{count / sum(counts):.2%}" if count else "",
         "says": f"{name}, up to {late}: {count:,} of {sum(counts):,}"}
        for name, counts in found.items() for late, count in zip(bins, counts, strict=True)
    ]  # fmt: skip
    x = {"field": "late", "type": "ordinal", "sort": bins, "title": "late by up to",
         "axis": {"labelAngle": 0}}  # fmt: skip
    y = {"field": "share", "type": "quantitative", "title": None,
         "axis": {"format": ".0%", "tickCount": 4, "minExtent": 44},
         "scale": {"domain": [0, 1]}}  # fmt: skip
    return _drawn({"data": {"values": bars}, "facet": {"row": {
        "field": "of", "type": "nominal", "sort": list(found), "title": None,
        "header": {"labelColor": "currentColor", "labelFontSize": 12, "labelOrient": "top",
                   "labelAnchor": "start"}}},
        "spec": {"width": _WIDE, "height": 90, "layer": [
            {"mark": {"type": "bar", "color": COLOURS[0]},
             "encoding": {"x": x, "y": y, "description": {"field": "says"}}},
            {"mark": {"type": "text", "baseline": "bottom", "dy": -2, "fontSize": 9,
                      "color": "currentColor", "aria": False},
             "encoding": {"x": x, "y": y, "text": {"field": "label"}}},
        ]}})  # fmt: skip


def memory(rows: Sequence[tuple[str, float, float]], few: int, many: int) -> str:
    """Memory with few and with many services in MiB, a contender a row: label, few, many."""
    order = [label for label, _, _ in rows]
    names = [_services(few), _services(many)]
    points = [
        {"who": label, "mib": value, "services": name,
         "says": f"{label}, {name}: {number(value)} MiB"}
        for label, *values in rows for name, value in zip(names, values, strict=True)
    ]  # fmt: skip
    spans = [{"who": label, "low": low, "high": high} for label, low, high in rows]
    y = _who(order)

    def x(field: str) -> Value:
        return {"field": field, "type": "quantitative", "scale": {"type": "log"},
                "title": "proportional memory (PSS) of the supervision tree, MiB",
                "axis": {"format": "~g", "tickCount": 6}}  # fmt: skip

    return _drawn({"width": _WIDE, "height": {"step": _ROW}, "layer": [
        {"data": {"values": spans},
         "mark": {"type": "rule", "strokeWidth": 3, "color": FLOOR_COLOUR, "aria": False},
         "encoding": {"x": x("low"), "x2": {"field": "high"}, "y": y}},
        {"data": {"values": points}, "mark": {"type": "point", "filled": True, "size": 70,
         "opacity": 1},
         "encoding": {"x": x("mib"), "y": y, "description": {"field": "says"},
                      "color": {"field": "services", "type": "nominal", "sort": names,
                                "legend": {"title": None, "direction": "horizontal"},
                                "scale": {"domain": names, "range": COLOURS[:2]}}}},
    ]})  # fmt: skip


def timeline(
    rows: Sequence[tuple[str, Sequence[float], Sequence[tuple[float, int]]]],
) -> str:
    """When a daemon that ends at once was started, in s since its first start; a row each.

    A row is a label, starts, and begin and number of starts of each second that has too many.
    """
    order = [label for label, _, _ in rows]
    starts = [
        {"who": label, "s": second, "says": f"{label}: a start after {number(second)} s"}
        for label, seconds, _ in rows for second in seconds
    ]  # fmt: skip
    crowds = [
        {"who": label, "s": max(0.0, second), "end": second + 1,
         "says": f"{label}: {count} starts in the second after {number(max(0.0, second))} s"}
        for label, _, seconds in rows for second, count in seconds
    ]  # fmt: skip
    x = {"field": "s", "type": "quantitative", "title": "seconds since the first start"}
    common = {"y": _who(order), "description": {"field": "says"}}
    return _drawn({"width": _WIDE, "height": {"step": _ROW}, "layer": [
        {"data": {"values": crowds},
         "mark": {"type": "bar", "height": 14, "color": COLOURS[0], "opacity": 1},
         "encoding": {"x": x, "x2": {"field": "end"}, **common}},
        {"data": {"values": starts},
         "mark": {"type": "tick", "thickness": 2, "size": 14, "color": COLOURS[0]},
         "encoding": {"x": x, **common}},
    ]})  # fmt: skip


def _drawn(spec: Value) -> str:
    whole = {"$schema": "https://vega.github.io/schema/vega-lite/v5.json", "config": _CONFIG,
             "padding": 2, **spec}  # fmt: skip
    return str(vl_convert.vegalite_to_svg(whole))


def _who(order: Sequence[str]) -> Value:
    # Whoever shows the picture may have a wider font than the one it was measured with.
    room = 7.5 * max(len(label) for label in order)
    return {"field": "who", "type": "nominal", "sort": list(order), "title": None,
            "axis": {"labelLimit": 0, "minExtent": room, "grid": True}}  # fmt: skip


def _within(low: float, high: float) -> Value:
    return {"field": "ms", "type": "quantitative", "title": "restart latency, ms (log)",
            "scale": {"type": "log", "domain": [low, high], "nice": False},
            "axis": {"format": "~g", "tickCount": 6}}  # fmt: skip


def _kind(each: Distribution) -> str:
    if each.floor:
        return "the floor"
    return "acts once a period" if each.periodic else "acts on events"


def _kinds() -> Value:
    names = ["acts on events", "acts once a period", "the floor"]
    return {
        "field": "kind", "type": "nominal",
        "legend": {"title": None, "direction": "horizontal"},
        "scale": {"domain": names, "range": [COLOURS[0], COLOURS[1], FLOOR_COLOUR]},
    }  # fmt: skip


def _median_words(each: Distribution) -> str:
    words = f"{each.label}: median {number(each.median)} ms"
    if each.low is not None and each.high is not None:
        words += f", 95 % interval {number(each.low)} to {number(each.high)} ms"
    return words + (f", {number(each.ratio)} x floor" if each.ratio else "")


def _services(count: int) -> str:
    return f"{count} service{'' if count == 1 else 's'}"


def _colours(found: Sequence[Distribution]) -> list[str]:
    """One a contender; its two uptimes share it, and the floor is grey."""
    named = list(dict.fromkeys(each.label for each in found if not each.floor))
    return [
        FLOOR_COLOUR if each.floor else COLOURS[named.index(each.label) % len(COLOURS)]
        for each in found
    ]
