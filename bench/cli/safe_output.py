"""Printing of text that a guest or a file may have a part in."""

from __future__ import annotations

import sys
from typing import IO

from provision.text import replace_controls


def print_safely(
    text: object, *, end: str = "\n", file: IO[str] | None = None, flush: bool = False
) -> None:
    """Print a text as print() does, without characters that steer the terminal."""
    print(replace_controls(str(text)), end=end, file=file or sys.stdout, flush=flush)
