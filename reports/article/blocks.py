"""What an article consists of, whatever it is rendered to. All text is plain text."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Cell:
    """text: lines, as shown; order: what a column is sorted by, the text where it is None."""

    text: str
    order: float | None = None
    note: str = ""
    anchor: str = ""

    @property
    def key(self) -> str:
        """What it is sorted by, as text; what has no figure comes last."""
        if self.order is None:
            return self.text
        return f"{self.order:.9g}" if math.isfinite(self.order) else "inf"


@dataclass(frozen=True)
class Column:
    """numeric: its cells carry an order that is a number."""

    heading: str
    numeric: bool = False


@dataclass(frozen=True)
class Table:
    """A table; the first cell of each row is its heading."""

    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: str = ""


@dataclass(frozen=True)
class Figure:
    """A picture. name: of its file; alt: what it shows, for who does not see it."""

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
    """Running text; aside: what explains the text before it."""

    text: str
    aside: bool = False


@dataclass(frozen=True)
class Points:
    """A list; lead: the words that each begins with, set apart."""

    items: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Code:
    """Lines to type, or a file, whose path is the title."""

    title: str
    text: str


@dataclass(frozen=True)
class Section:
    """name: its anchor. folded: long, and not for everyone: closed at first where that can be."""

    name: str
    title: str
    blocks: tuple[Block, ...]
    folded: bool = False


@dataclass(frozen=True)
class Article:
    """facts: one line on where this comes from; warnings: what to know before believing it."""

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
