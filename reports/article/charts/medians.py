"""A chart of median restart latencies, a contender a row."""

from __future__ import annotations

from collections.abc import Sequence

from reports.article.charts.rows import Scale, dashed, dot, rows_figure, span, tick_marks
from reports.article.charts.style import COLOURS, FLOOR_COLOUR, drawable_points
from reports.article.distributions import Distribution
from reports.model.blocks import ChartRow, Figure
from reports.model.quantities import format_quantity, format_span

_EVENTS, _PERIODIC = COLOURS[0], COLOURS[1]
_LEGEND = (
    (_EVENTS, "acts on events"),
    (_PERIODIC, "acts once a period"),
    (FLOOR_COLOUR, "the floor, and single restarts"),
)


def medians_figure(
    distributions: Sequence[Distribution], floor: float | None, name: str, title: str
) -> Figure:
    """Return the chart of samples, median and interval, in the order given.

    floor: the floor's median in ms, for a dashed line; None: no line.
    """
    rows = [item for item in distributions if item.values and item.median is not None]
    low = min((item.values[0] for item in rows), default=1.0) / 1.3
    high = max((item.values[-1] for item in rows), default=10.0) * 1.3
    scale = Scale(low, high, "ms", log=True)
    line = ", the floor as a dashed line" if floor else ""
    return rows_figure(
        name,
        title,
        "Median time from the kill of a daemon to its successor's first instruction, with the 95 % "
        f"interval, a row for each contender, on a log axis, every restart as a tick{line}. The "
        "figures are in the table of restart latency.",
        [_row(item, scale, floor) for item in rows],
        scale,
        _LEGEND,
    )


def _row(item: Distribution, scale: Scale, floor: float | None) -> ChartRow:
    median = item.median or 0.0
    colour = FLOOR_COLOUR if item.floor else _PERIODIC if item.periodic else _EVENTS
    low, high = (scale.position(end or median) for end in (item.low, item.high))
    points = (scale.position(value) for _, value in drawable_points(item.values))
    return ChartRow(
        label=item.label,
        figure=format_quantity(median, "ms"),
        track="".join((
            tick_marks(points, FLOOR_COLOUR),
            dashed(scale.position(floor)) if floor else "",
            span(low, high, colour),
            dot(scale.position(median), colour),
        )),
        words=_describe(item),
        anchor=item.anchor,
    )  # fmt: skip


def _describe(item: Distribution) -> str:
    text = f"{item.label}: median {format_quantity(item.median, 'ms')}"
    if interval := format_span(item.low, item.high, "ms"):
        text += f", 95 % interval {interval}"
    return text + (f", {item.ratio:.3g} times the floor" if item.ratio and not item.floor else "")
