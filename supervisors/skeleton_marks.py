"""The marks of `./inv new` in a supervisor's folder: what a person still has to fill in."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

# The skeleton of `./inv new` marks with it what only a person knows.
MARK = "FILL IN:"


class MarkedLine(NamedTuple):
    """A line with a mark. number: counted from 1. what: what to fill in."""

    path: Path
    number: int
    what: str


def marked_lines(folder: Path) -> Iterator[MarkedLine]:
    """Yield each line of a supervisor's folder that is still to be filled in."""
    for path in sorted(folder.rglob("*")):
        if not path.is_file() or path.suffix == ".pyc":
            continue
        for number, line in enumerate(path.read_text().splitlines(), 1):
            if MARK in line:
                yield MarkedLine(path, number, line.split(MARK, 1)[1].strip(' "#}'))


def is_filled_in(folder: Path) -> bool:
    """Tell whether nothing of the skeleton is left to fill in."""
    return next(marked_lines(folder), None) is None
