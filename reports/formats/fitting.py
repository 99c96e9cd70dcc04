"""Tables that fit a terminal without a figure being cut or broken into lines."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

_GAP = 1  # columns between two cells
_HEADING_WIDTH = 14  # columns that a heading has without a line break
_PROSE_WIDTH = 24  # columns that prose has at least, and more than the longest figure


@dataclass(frozen=True)
class TextColumn:
    """A column of a terminal's table.

    right: its cells are right-aligned. key: it stays in every part of a table that is split.
    optional: where there is no room, it is left out, the highest number first; 0: never.
    prose: its words go to the next line as the width allows. In other columns only those of a cell
    do that has more characters than any figure.
    """

    heading: str
    right: bool = False
    key: bool = False
    optional: int = 0
    prose: bool = False


@dataclass(frozen=True)
class TextTable:
    """A table before it is fitted; styles: of the rows, or none."""

    title: str
    columns: Sequence[TextColumn]
    rows: Sequence[Sequence[str]]
    caption: str = ""
    styles: Sequence[str] = field(default=())

    def fit(self, width: int) -> Iterator[Table]:
        """Yield it as a table of at most that width, or as several with the columns that fit.

        A column that does not fit beside the keys stays as wide as it is: print_table lets the
        terminal break such a line.
        """
        chosen, left_out = self._leave_out(width)
        parts = self._split(chosen, width)
        for number, part in enumerate(parts):
            last = number == len(parts) - 1
            captions = [self.caption, _describe(left_out)] if last else []
            yield self._table(part, width, self.title if number == 0 else "", captions)

    def _leave_out(self, width: int) -> tuple[list[int], list[str]]:
        """Return the indices of columns that stay, and the headings of those that do not."""
        chosen = list(range(len(self.columns)))
        dispensable = sorted(
            (index for index in chosen if self.columns[index].optional),
            key=lambda index: -self.columns[index].optional,
        )
        left_out = []
        for index in dispensable:
            if self._width(chosen) <= width:
                break
            chosen.remove(index)
            left_out.append(index)
        return chosen, [self.columns[index].heading for index in sorted(left_out)]

    def _split(self, chosen: Sequence[int], width: int) -> list[list[int]]:
        keys = [index for index in chosen if self.columns[index].key]
        parts: list[list[int]] = [list(keys)]
        for index in chosen:
            if index in keys:
                continue
            if len(parts[-1]) > len(keys) and self._width([*parts[-1], index]) > width:
                parts.append(list(keys))
            parts[-1].append(index)
        return parts

    def _width(self, indices: Sequence[int]) -> int:
        return sum(self._least_width(index) for index in indices) + _GAP * (len(indices) - 1)

    def _least_width(self, index: int) -> int:
        natural = self._natural_width(index)
        return min(natural, _PROSE_WIDTH) if self.columns[index].prose else natural

    def _natural_width(self, index: int) -> int:
        return _text_width([self._heading(index), *self._cells(index)])

    def _cells(self, index: int) -> list[str]:
        return [self._cell(row, index) for row in self.rows]

    def _heading(self, index: int) -> str:
        """Return a heading; one that is wider than its cells has its words on several lines."""
        column = self.columns[index]
        if column.prose:
            return column.heading
        return _broken(column.heading, max(_text_width(self._cells(index)), _HEADING_WIDTH))

    def _cell(self, row: Sequence[str], index: int) -> str:
        """Return a cell; one that no figure is as long as has its words on several lines."""
        text = row[index]
        if self.columns[index].prose or all(len(line) <= _PROSE_WIDTH for line in text.split("\n")):
            return text
        return _broken(text, _PROSE_WIDTH)

    def _table(
        self, indices: Sequence[int], width: int, title: str, captions: Sequence[str]
    ) -> Table:
        natural = sum(map(self._natural_width, indices)) + _GAP * (len(indices) - 1)
        least = self._width(indices)
        gap = 2 * _GAP if natural + _GAP * (len(indices) - 1) <= width else _GAP
        caption = "\n".join(filter(None, captions))
        table = Table(
            title=title or None, title_justify="left", caption=caption or None,
            caption_justify="left", box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False,
            padding=(0, gap - 1, 0, 0), width=least if least > width else None,
        )  # fmt: skip
        for index in indices:
            column = self.columns[index]
            table.add_column(
                self._heading(index),
                justify="right" if column.right else "left",
                no_wrap=not column.prose,
                min_width=None if column.prose else self._natural_width(index),
            )
        for number, row in enumerate(self.rows):
            style = self.styles[number] if self.styles else ""
            table.add_row(*(Text(self._cell(row, index)) for index in indices), style=style)
        return table


def print_table(table: TextTable, console: Console) -> None:
    """Print a table as the console's width allows; no figure is cut."""
    for number, part in enumerate(table.fit(console.width)):
        if number:
            console.print()
        console.print(part, crop=False)


def _text_width(texts: Sequence[str]) -> int:
    lines = (line for text in texts for line in text.split("\n"))
    return max(map(cell_len, lines), default=0)


def _broken(text: str, width: int) -> str:
    """Return a text with its words on lines of that width; a word that is wider stays whole."""
    return textwrap.fill(text, width, break_long_words=False, break_on_hyphens=False)


def _describe(left_out: Sequence[str]) -> str:
    return f"No room for: {', '.join(left_out)}." if left_out else ""
