"""Charts of rows that fit any width: positions are shares of it, in % of a track.

The page draws each row by itself, with its name and its figure as text; files for Markdown have all
rows in one picture. Colours are those of `style`; `currentColor` is the colour of the text around.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

from reports.article.charts.style import FLOOR_COLOUR
from reports.model.blocks import ChartRow, Figure, RowChart
from reports.model.quantities import format_quantity

TRACK_HEIGHT = 18
_MIDDLE = TRACK_HEIGHT / 2
_STEPS = 1000  # positions that a track tells apart
# A file has no reader's font to measure, so its columns are wide enough for any.
_FILE_WIDTH, _LABEL_WIDTH, _FIGURE_WIDTH, _ROW_HEIGHT, _HEAD = 840, 250, 90, 24, 26


# What a log axis names, by its unit: round numbers in the units that a reader sees.
_LOG_TICKS = {
    "ms": (0.01, 0.1, 1, 10, 100, 1e3, 1e4, 6e4, 6e5, 6e6),
    "kB": (1, 10, 100, 1024, 10 * 1024, 100 * 1024, 1024**2),
}


@dataclass(frozen=True)
class Scale:
    """An axis from low to high, in a unit that format_quantity knows; log or linear."""

    low: float
    high: float
    unit: str
    log: bool = False

    def position(self, value: float) -> float:
        """Return where a value stands, in % of the width."""
        low, high, value = (map(math.log10, (self.low, self.high, max(value, self.low)))
                            if self.log else (self.low, self.high, value))  # fmt: skip
        return round(100 * min(1.0, max(0.0, (value - low) / (high - low))), 2)

    def ticks(self) -> tuple[tuple[float, str], ...]:
        """Return the position and the words of each tick."""
        return tuple((self.position(value), self._words(value)) for value in self._values())

    def _words(self, value: float) -> str:
        number, _, unit = format_quantity(value, self.unit).partition(" ")
        short = number.rstrip("0").rstrip(".") if "." in number else number
        return f"{short} {unit}".strip()

    def _values(self) -> Iterable[float]:
        if self.log:
            return (value for value in _LOG_TICKS[self.unit] if self.low <= value <= self.high)
        step = _round_step((self.high - self.low) / 5)
        count = math.floor((self.high - self.low) / step + 1e-9)
        return (self.low + step * number for number in range(count + 1))


def _round_step(step: float) -> float:
    """Return the next of 1, 2 and 5 times a power of ten."""
    power: float = 10.0 ** math.floor(math.log10(step))
    return next(power * factor for factor in (1, 2, 5, 10) if power * factor >= step * 0.999)


def dot(position: float, colour: str) -> str:
    """Return a point on a track."""
    return f'<circle cx="{position}%" cy="{_MIDDLE:g}" r="5" fill="{colour}"/>'


def span(start: float, end: float, colour: str, width: float = 3) -> str:
    """Return a line along a track; width: its thickness in px."""
    return (
        f'<line x1="{start}%" x2="{end}%" y1="{_MIDDLE:g}" y2="{_MIDDLE:g}" stroke="{colour}" '
        f'stroke-width="{width:g}"/>'
    )


def bar(start: float, end: float, colour: str) -> str:
    """Return a bar on a track; it is never too thin to see."""
    width = max(round(end - start, 2), 0.15)
    return (
        f'<rect x="{start}%" width="{width}%" y="3" height="{TRACK_HEIGHT - 6}" fill="{colour}"/>'
    )


def dashed(position: float) -> str:
    """Return a line across a track."""
    return (
        f'<line x1="{position}%" x2="{position}%" y1="0" y2="{TRACK_HEIGHT}" '
        f'stroke="{FLOOR_COLOUR}" stroke-dasharray="4 3"/>'
    )


def tick_marks(positions: Iterable[float], colour: str, opacity: float = 0.6) -> str:
    """Return a thin mark at each position; those that coincide are drawn once."""
    places = sorted({round(position * _STEPS / 100) for position in positions})
    if not places:
        return ""
    path = "".join(f"M{place} 2v14" for place in places)
    return (
        f'<svg width="100%" height="{TRACK_HEIGHT}" viewBox="0 0 {_STEPS} {TRACK_HEIGHT}" '
        f'preserveAspectRatio="none"><path d="{path}" stroke="{colour}" opacity="{opacity:g}" '
        'vector-effect="non-scaling-stroke" fill="none"/></svg>'
    )


def rows_figure(
    name: str,
    title: str,
    alt: str,
    rows: Sequence[ChartRow],
    scale: Scale,
    legend: Sequence[tuple[str, str]] = (),
) -> Figure:
    """Return a chart of rows. legend: colours and what they mean."""
    chart = RowChart(tuple(rows), scale.ticks(), tuple(legend))
    return Figure(name=name, title=title, alt=alt, svg=_draw_file(chart), rows=chart)


def _draw_file(chart: RowChart) -> str:
    """Return the whole chart as one picture."""
    left = _LABEL_WIDTH + _FIGURE_WIDTH + 20
    width = _FILE_WIDTH - left - 20
    bottom = _HEAD + _ROW_HEIGHT * len(chart.rows)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_FILE_WIDTH}" height="{bottom + 24}" '
        f'viewBox="0 0 {_FILE_WIDTH} {bottom + 24}" font-family="sans-serif" font-size="12" '
        'fill="currentColor">'
    ]
    x = 0.0
    for colour, words in chart.legend:
        parts.append(f'<rect x="{x:g}" y="4" width="11" height="11" fill="{colour}"/>')
        parts.append(f'<text x="{x + 16:g}" y="14">{escape(words)}</text>')
        x += 40 + 7 * len(words)
    for number, row in enumerate(chart.rows):
        y = _HEAD + _ROW_HEIGHT * number
        parts.append(f'<text x="0" y="{y + 14}">{escape(row.label)}</text>')
        parts.append(f'<text x="{left - 20}" y="{y + 14}" text-anchor="end">'
                     f"{escape(row.figure)}</text>")  # fmt: skip
        parts.append(f'<svg x="{left}" y="{y}" width="{width}" height="{TRACK_HEIGHT}" '
                     f'overflow="visible">{_grid(chart)}{row.track}</svg>')  # fmt: skip
    for position, words in chart.ticks:
        parts.append(f'<text x="{left + width * position / 100:g}" y="{bottom + 14}" '
                     f'text-anchor="middle">{escape(words)}</text>')  # fmt: skip
    return "".join([*parts, "</svg>"])


def _grid(chart: RowChart) -> str:
    """Return the lines of the axis' ticks on one track."""
    return "".join(
        f'<line x1="{position}%" x2="{position}%" y1="-3" y2="{TRACK_HEIGHT + 3}" stroke="#888" '
        'opacity=".25"/>'
        for position, _ in chart.ticks
    )
