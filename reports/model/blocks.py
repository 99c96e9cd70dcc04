"""The parts of an article, the same for every format. All text in them is plain text."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from reports.model.metrics import format_number

_WEB_ADDRESS = re.compile(r"https?://[A-Za-z0-9][A-Za-z0-9.:/_~%#?&=+-]*")


@dataclass(frozen=True)
class Cell:
    """A cell of a table.

    text: lines, as shown.
    order: the number that its column is sorted by; None: the text.
    note: a line of smaller print below the text.
    anchor: what the text links to.
    hint: what the text stands for, for readers who point at it.
    footnote: a sentence below the table, which a number beside the text points at.
    """

    text: str
    order: float | None = None
    note: str = ""
    anchor: str = ""
    hint: str = ""
    footnote: str = ""

    @property
    def sort_key(self) -> str:
        """The sort key as text; `inf`, which sorts last, where there is no figure."""
        if self.order is None:
            return self.text
        return f"{self.order:.9g}" if math.isfinite(self.order) else "inf"


def number_cell(value: float | None) -> Cell:
    """Return a cell with a figure, or an empty one that sorts last."""
    return Cell(format_number(value), math.inf if value is None else value)


@dataclass(frozen=True)
class Column:
    """A column of a table.

    numeric: the order of its cells is a number. hint: what the heading means. key: its name in the
    address of a page that is sorted by it.
    """

    heading: str
    numeric: bool = False
    hint: str = ""
    key: str = ""


@dataclass(frozen=True)
class Table:
    """A table; the first cell of each row is the row's heading."""

    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: str = ""

    @property
    def footnotes(self) -> list[str]:
        """The footnotes of all cells, each once; the first has the number 1."""
        cells = (cell for row in self.rows for cell in row)
        return list(dict.fromkeys(cell.footnote for cell in cells if cell.footnote))


@dataclass(frozen=True)
class ChartRow:
    """A row of a chart.

    figure: the figure that matters, as text. track: SVG elements whose positions are in % of the
    width. words: what the track shows. anchor: the section that the label links to. note: a line of
    smaller print.
    """

    label: str
    figure: str
    track: str
    words: str = ""
    anchor: str = ""
    note: str = ""


@dataclass(frozen=True)
class RowChart:
    """A chart of rows on one axis, for any width.

    ticks: position in % and words of each. legend: colours and what they mean.
    """

    rows: tuple[ChartRow, ...]
    ticks: tuple[tuple[float, str], ...]
    legend: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Figure:
    """A picture.

    name: of its file, without suffix.
    alt: the description for readers who do not see it.
    svg: the picture as a file. rows: the same in a form that fits any width, where it has one.
    """

    name: str
    title: str
    alt: str
    svg: str
    rows: RowChart | None = None


@dataclass(frozen=True)
class Panels:
    """Small pictures of the same kind, side by side where there is room."""

    figures: tuple[Figure, ...]


@dataclass(frozen=True)
class Paragraph:
    """Running text.

    aside: it only explains the text before it. link: the title of a section that it ends with a
    link to; anchor: the name of that section. page_text: how the page is used, which follows the
    text there and nowhere else. address: of a web page, which the text ends with.
    """

    text: str
    aside: bool = False
    link: str = ""
    anchor: str = ""
    page_text: str = ""
    address: str = ""

    @property
    def web_link(self) -> str:
        """The address where it is safe to follow; empty otherwise: a run may hold any text."""
        return self.address if _WEB_ADDRESS.fullmatch(self.address) else ""


@dataclass(frozen=True)
class Points:
    """A list; each item is a lead, set in bold, and its text.

    names: where links lead to an item, the anchor of each.
    """

    items: tuple[tuple[str, str], ...]
    names: tuple[str, ...] = ()


@dataclass(frozen=True)
class Choice:
    """A question of a chooser. name: its key in the address; options: value and words of each.

    usual: the value at first. at_most: whether a value is a number that a row must not exceed;
    otherwise it is a word that a row must have. The empty value excludes nothing.
    """

    name: str
    question: str
    options: tuple[tuple[str, str], ...]
    usual: str = ""
    at_most: bool = False


@dataclass(frozen=True)
class Chooser:
    """A table with questions that leave some of its rows; without scripts, all are shown.

    traits: of each row, by the name of the question, its words or its number.
    """

    choices: tuple[Choice, ...]
    table: Table
    traits: tuple[dict[str, str], ...]


@dataclass(frozen=True)
class Code:
    """Commands to type, or a file with its path as the title."""

    title: str
    text: str


@dataclass(frozen=True)
class Section:
    """A section. name: its anchor; folded: closed at first, where the format can do that."""

    name: str
    title: str
    blocks: tuple[Block, ...]
    folded: bool = False


@dataclass(frozen=True)
class Article:
    """A whole article.

    facts: one line that says what was measured where.
    warnings: what a reader must know before believing the figures.
    """

    title: str
    facts: str
    warnings: tuple[Paragraph, ...]
    sections: tuple[Section, ...]

    @property
    def figures(self) -> tuple[Figure, ...]:
        """Every picture, in the order of the text."""
        return tuple(_figures(self.sections))


def _figures(blocks: Iterable[Block]) -> Iterator[Figure]:
    for block in blocks:
        match block:
            case Figure():
                yield block
            case Panels():
                yield from block.figures
            case Section():
                yield from _figures(block.blocks)


Block = Table | Chooser | Figure | Panels | Paragraph | Points | Code | Section
