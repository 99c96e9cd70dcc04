"""A picture of the host's noise: how late a sleeper woke up."""

from __future__ import annotations

from collections.abc import Mapping

from bench.model.run_file import Histogram
from reports.article.charts.style import COLOURS, WIDTH, draw

_HEIGHT = 90


def lateness_chart(histograms: Mapping[str, Histogram]) -> str:
    """Draw a histogram for each name; all have the bins of the first."""
    bounds = next(iter(histograms.values()))["bounds_us"]
    bins = [*(f"{us:g} us" if us < 1000 else f"{us / 1000:g} ms" for us in bounds), "more"]
    bars = [
        {"histogram": name, "late": late, "share": count / sum(histogram["counts"]),
         "label": f"{count / sum(histogram['counts']):.2%}" if count else "",
         "description": f"{name}, up to {late}: {count:,} of {sum(histogram['counts']):,}"}
        for name, histogram in histograms.items()
        for late, count in zip(bins, histogram["counts"], strict=True)
    ]  # fmt: skip
    x = {"field": "late", "type": "ordinal", "sort": bins, "title": "late by up to",
         "axis": {"labelAngle": 0}}  # fmt: skip
    y = {"field": "share", "type": "quantitative", "title": None,
         "axis": {"format": ".0%", "tickCount": 4, "minExtent": 44},
         "scale": {"domain": [0, 1]}}  # fmt: skip
    row = {"field": "histogram", "type": "nominal", "sort": list(histograms), "title": None,
           "header": {"labelColor": "currentColor", "labelFontSize": 12, "labelOrient": "top",
                      "labelAnchor": "start"}}  # fmt: skip
    layers = [
        {"mark": {"type": "bar", "color": COLOURS[0]},
         "encoding": {"x": x, "y": y, "description": {"field": "description"}}},
        {"mark": {"type": "text", "baseline": "bottom", "dy": -2, "fontSize": 9,
                  "color": "currentColor", "aria": False},
         "encoding": {"x": x, "y": y, "text": {"field": "label"}}},
    ]  # fmt: skip
    spec = {"width": WIDTH, "height": _HEIGHT, "layer": layers}
    return draw({"data": {"values": bars}, "facet": {"row": row}, "spec": spec})
