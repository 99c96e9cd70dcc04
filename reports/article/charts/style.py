"""Colours, sizes and axes that the pictures share.

The colours differ from each other on white and on near-black alike; `currentColor` is the colour of
the text around a picture.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

import vl_convert

FLOOR_COLOUR = "#808080"
COLOURS = ("#1F83C6", "#D55E00", "#009E73", "#BF6FA0", "#7B61FF", "#8A6D3B")
WIDTH = 560
# More points of one contender are drawn over each other on a picture of that width.
MAX_POINTS = 120
_GRID = {"gridColor": "#888888", "gridOpacity": 0.25, "domainColor": "#888888"}
# Figures in words have no more than three digits, and keep them.
_LONG_NUMBER = re.compile(r"\d+\.\d{5,}")
# Empty areas, and what screen readers would say beside the labels ("circle").
_NEEDLESS = re.compile(
    r'<path class="(?:background|foreground)"[^>]*/>| aria-roledescription="[^"]*"'
)
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
    # Places with more digits than a screen can show make up half of a picture.
    picture = _LONG_NUMBER.sub(_shorten, str(vl_convert.vegalite_to_svg(whole)))
    return _NEEDLESS.sub("", picture)


def _shorten(number: re.Match[str]) -> str:
    return f"{float(number[0]):.2f}"


def latency_axis(low: float, high: float) -> Spec:
    """Return a logarithmic axis of restart latencies between two values in ms."""
    powers = [10.0**power for power in range(-3, 8) if low <= 10.0**power <= high]
    return {"field": "ms", "type": "quantitative", "title": "restart latency, ms (log)",
            "scale": {"type": "log", "domain": [low, high], "nice": False},
            "axis": {"format": "~g", "values": powers}}  # fmt: skip


def drawable_points(values: Sequence[float], most: int = MAX_POINTS) -> Iterator[tuple[int, float]]:
    """Yield rank (from 1) and value of at most that many values, first and last among them.

    Drawing takes a tenth of a ms for each.
    """
    n = len(values)
    count = min(n, most)
    for index in range(count):
        place = index if n <= most else round(index * (n - 1) / (count - 1))
        yield place + 1, values[place]
