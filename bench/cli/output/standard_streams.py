"""Standard streams that may go away at any time: a closed pipe, a full disk, a dropped terminal."""

from __future__ import annotations

import contextlib
import errno
import io
import os
import sys
from typing import TextIO

from bench.engine.interrupt import interrupt, output_lost

# The reader has ended on purpose, as in `./inv list | head`.
READER_ENDED = os.strerror(errno.EPIPE)


def guard_streams() -> None:
    """Have standard output end the command where it takes no more, and standard error be quiet.

    Streams that the caller closed are opened, so that no file gets their numbers.
    """
    for number, mode in enumerate((os.O_RDONLY, os.O_RDONLY, os.O_WRONLY)):
        _open_closed(number, mode)
    if sys.stdout is sys.__stdout__:  # and not a test's
        sys.stdout = GuardedOutput(1, _encoding_of(sys.__stdout__))
    if sys.stderr is sys.__stderr__:
        sys.stderr = QuietErrors(2, _encoding_of(sys.__stderr__))


def _open_closed(number: int, mode: int) -> None:
    """Open /dev/null where that stream is closed; standard output then still fails at a write."""
    try:
        os.fstat(number)
    except OSError:
        null = os.open(os.devnull, mode)
        if null != number:
            os.dup2(null, number)
            os.close(null)


def _encoding_of(stream: TextIO | None) -> tuple[str, str]:
    """The encoding and error handler of a stream."""
    if stream is None:
        return "utf-8", "backslashreplace"
    return stream.encoding, stream.errors or "strict"


class _Stream(io.TextIOWrapper):
    """A text stream over a file descriptor, which stays open when the stream is dropped."""

    def __init__(self, number: int, like: tuple[str, str]) -> None:
        raw = io.FileIO(number, "w", closefd=False)
        encoding, errors = like
        super().__init__(io.BufferedWriter(raw), encoding, errors, line_buffering=os.isatty(number))

    def write(self, text: str) -> int:
        """Write the text, or lose it."""
        try:
            return super().write(text)
        except OSError as failure:
            self.discard_output(failure)
        return len(text)

    def flush(self) -> None:
        """Write what is buffered, or lose it."""
        try:
            super().flush()
        except OSError as failure:
            self.discard_output(failure)

    def discard_output(self, failure: OSError) -> None:
        """Let everything from now on go nowhere, so that no later flush fails again."""
        with contextlib.suppress(OSError):
            null = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, self.fileno())
            os.close(null)


class QuietErrors(_Stream):
    """Standard error: there is no place to say that it takes no more."""


class GuardedOutput(_Stream):
    """Standard output: where it takes no more, the command ends, whichever thread wrote."""

    def discard_output(self, failure: OSError) -> None:
        """Let everything go nowhere, and raise Interrupted in the main thread."""
        super().discard_output(failure)
        interrupt(output_lost(failure.strerror or READER_ENDED))
