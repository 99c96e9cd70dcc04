"""A picture of memory with few and with many services."""

from __future__ import annotations

from collections.abc import Sequence

from reports.article.charts.style import COLOURS, FLOOR_COLOUR, Spec, contender_axis, draw_rows
from reports.model.metrics import format_number


def memory_chart(rows: Sequence[tuple[str, float, float]], few: int, many: int) -> str:
    """Draw memory in MiB, a contender a row: its label, and MiB with few and with many services."""
    names = [_services(few), _services(many)]
    points = [
        {"contender": label, "mib": value, "services": name,
         "description": f"{label}, {name}: {format_number(value)} MiB"}
        for label, *values in rows for name, value in zip(names, values, strict=True)
    ]  # fmt: skip
    spans = [{"contender": label, "low": low, "high": high} for label, low, high in rows]
    y = contender_axis([label for label, _, _ in rows])
    colour = {"field": "services", "type": "nominal", "sort": names,
              "legend": {"title": None, "direction": "horizontal"},
              "scale": {"domain": names, "range": COLOURS[:2]}}  # fmt: skip
    return draw_rows([
        {"data": {"values": spans},
         "mark": {"type": "rule", "strokeWidth": 3, "color": FLOOR_COLOUR, "aria": False},
         "encoding": {"x": _memory_axis("low"), "x2": {"field": "high"}, "y": y}},
        {"data": {"values": points},
         "mark": {"type": "point", "filled": True, "size": 70, "opacity": 1},
         "encoding": {"x": _memory_axis("mib"), "y": y,
                      "description": {"field": "description"}, "color": colour}},
    ])  # fmt: skip


def _memory_axis(field: str) -> Spec:
    return {"field": field, "type": "quantitative", "scale": {"type": "log"},
            "title": "private memory of the supervision tree, MiB",
            "axis": {"format": "~g", "tickCount": 6}}  # fmt: skip


def _services(count: int) -> str:
    return f"{count} service{'' if count == 1 else 's'}"
