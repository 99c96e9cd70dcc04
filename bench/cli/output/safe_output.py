"""Printing of text that a guest or a file may have a part in."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from typing import IO, TYPE_CHECKING

from provision.errors.text import replace_controls

if TYPE_CHECKING:
    from rich.console import Console


def print_safely(
    text: object, *, end: str = "\n", file: IO[str] | None = None, flush: bool = False
) -> None:
    """Print a text as print() does, without characters that steer the terminal."""
    print(replace_controls(str(text)), end=end, file=file or sys.stdout, flush=flush)


def open_console() -> Console:
    """Return a console, wide enough for the tables where the output is no terminal."""
    from bench.cli.output.safe_console import SafeConsole

    console = SafeConsole()
    return console if console.is_terminal else SafeConsole(width=140)


def plain_printer(console: Console) -> Callable[[str], None]:
    """Print lines as they are: words of others may have brackets that look like rich's markup."""
    return partial(console.print, highlight=False, markup=False, emoji=False)
