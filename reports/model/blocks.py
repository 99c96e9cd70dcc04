"""The parts of an article, the same for every format. All text in them is plain text."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from reports.model.metrics import format_number


@dataclass(frozen=True)
class Cell:
    """A cell of a table.

    text: lines, as shown.
    order: the number that its column is sorted by; None: the text.
    note: a line of smaller print below the text.
    anchor: the name of a section that the text links to.
    footnote: a sentence below the table, which a number beside the text points at.
    """

    text: str
    order: float | None = None
    note: str = ""
    anchor: str = ""
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
    """A column of a table; numeric: the order of its cells is a number."""

    heading: str
    numeric: bool = False


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
class Figure:
    """A picture.

    name: of its file, without suffix.
    alt: the description for readers who do not see it.
    """

    name: str
    title: str
    alt: str
    svg: str


@dataclass(frozen=True)
class Panels:
    """Small pictures of the same kind, side by side where there is room."""

    figures: tuple[Figure, ...]


@dataclass(frozen=True)
class Paragraph:
    """Running text; aside: it only explains the text before it."""

    text: str
    aside: bool = False


@dataclass(frozen=True)
class Points:
    """A list; each item is a lead, set in bold, and its text."""

    items: tuple[tuple[str, str], ...]


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
    warnings: tuple[str, ...]
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


Block = Table | Figure | Panels | Paragraph | Points | Code | Section
