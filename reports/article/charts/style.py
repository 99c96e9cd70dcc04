"""Colours, sizes and axes that the pictures share.

The colours differ from each other on white and on near-black alike; `currentColor` is the colour of
the text around a picture.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import vl_convert

FLOOR_COLOUR = "#808080"
COLOURS = ("#1F83C6", "#D55E00", "#009E73", "#BF6FA0", "#7B61FF", "#8A6D3B")
WIDTH = 560
# More points of one contender are drawn over each other on a picture of that width.
MAX_POINTS = 120
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

# A part of a Vega-Lite specification.
Spec = dict[str, Any]


def draw(spec: Spec) -> str:
    """Draw a Vega-Lite specification as SVG."""
    whole = {"$schema": "https://vega.github.io/schema/vega-lite/v5.json", "config": _CONFIG,
             "padding": 2, **spec}  # fmt: skip
    return str(vl_convert.vegalite_to_svg(whole))


def latency_axis(low: float, high: float) -> Spec:
    """Return a logarithmic axis of restart latencies between two values in ms."""
    return {"field": "ms", "type": "quantitative", "title": "restart latency, ms (log)",
            "scale": {"type": "log", "domain": [low, high], "nice": False},
            "axis": {"format": "~g", "tickCount": 6}}  # fmt: skip


def drawable_points(values: Sequence[float]) -> Iterator[tuple[int, float]]:
    """Yield rank (from 1) and value of at most MAX_POINTS values, first and last among them.

    Drawing takes a tenth of a ms for each.
    """
    n = len(values)
    count = min(n, MAX_POINTS)
    for index in range(count):
        place = index if n <= MAX_POINTS else round(index * (n - 1) / (count - 1))
        yield place + 1, values[place]
