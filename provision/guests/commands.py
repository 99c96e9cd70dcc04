"""Commands in a guest: what one has printed, and the lines of a long one as they come, bounded."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass

from invoke.exceptions import ThreadException

from provision.errors import Problem

# Characters of a line, and of all lines, that are taken from a streamed command. A measurement of
# 2000 services prints a line of 2 million, and below 10 million in all.
MAX_LINE = 16 << 20
MAX_OUTPUT = 64 << 20


@dataclass(frozen=True)
class Output:
    """What a command in the guest printed, and its exit code."""

    stdout: str
    stderr: str
    code: int


class LineSplitter(io.TextIOBase):
    """A text stream that calls on_line for each line written to it."""

    def __init__(self, on_line: Callable[[str], None], guest: str) -> None:
        self._on_line = on_line
        self._guest = guest
        # Of the line that has no end yet.
        self._parts: list[str] = []
        self._length = 0
        self._total = 0

    def write(self, text: str) -> int:
        first, *others = text.split("\n")
        self._append(first)
        for part in others:
            line = "".join(self._parts)
            self._parts, self._length = [], 0
            self._on_line(line)
            self._append(part)
        return len(text)

    def _append(self, part: str) -> None:
        self._parts.append(part)
        self._length += len(part)
        self._total += len(part)
        if self._length > MAX_LINE:
            raise Problem(f"Guest {self._guest} printed a line of more than {MAX_LINE >> 20} MiB.")
        if self._total > MAX_OUTPUT:
            raise Problem(f"Guest {self._guest} printed more than {MAX_OUTPUT >> 20} MiB.")


def first_problem(failure: ThreadException) -> Exception:
    """Return the Problem that a thread raised; where none did, the first exception."""
    raised = [wrapper.value for wrapper in failure.exceptions]
    problems = (value for value in raised if isinstance(value, Problem))
    return next(problems, None) or raised[0]
