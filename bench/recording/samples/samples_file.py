"""The file of a run's samples, compressed or not, line by line."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from io import BufferedReader
from pathlib import Path
from typing import NamedTuple

from provision.errors import Problem

PLAIN, COMPRESSED = "samples.jsonl", "samples.jsonl.gz"


class SampleLine(NamedTuple):
    """One line of a file of samples. number: counted from 1."""

    path: Path
    number: int
    text: bytes


def samples_path(folder: Path) -> Path | None:
    """Return the file of a run's samples; None where there is none."""
    return next((folder / name for name in (PLAIN, COMPRESSED) if (folder / name).exists()), None)


def sample_lines(folder: Path, limit: int | None = None) -> Iterator[SampleLine]:
    """Yield each complete line of a run's samples; nothing without such a file.

    limit: of uncompressed bytes, where a line ends; None: all of them. Leaves out a last line that
    a kill cut short. Raises Problem for a damaged file.
    """
    path = samples_path(folder)
    if path is None:
        return
    position = 0
    for number, text in enumerate(raw_lines(path), 1):
        position += len(text)
        if limit is not None and position > limit:
            return
        if text.endswith(b"\n"):
            yield SampleLine(path, number, text)


def raw_lines(path: Path) -> Iterator[bytes]:
    """Yield each line of a file of samples, also a last one that a kill cut short.

    Raises Problem for a damaged file.
    """
    try:
        with _open(path) as stream:
            yield from stream
    except (OSError, EOFError, zlib.error) as failure:
        raise broken_samples(path, str(failure)) from failure


def broken_samples(path: Path, reason: str) -> Problem:
    """Return the error for a file of samples that reports/schema.json does not allow."""
    return Problem(
        f"{path} is broken: {reason}.",
        known="docs/results.md describes the file.",
        advice="Name another run; ./inv report without a name takes the latest.",
        usage=True,
    )


def _open(path: Path) -> gzip.GzipFile | BufferedReader:
    return gzip.open(path) if path.name == COMPRESSED else path.open("rb")
