"""The lines of a run's samples on disk, compressed or not."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from io import BufferedReader
from pathlib import Path

from provision.errors import Problem

PLAIN, COMPRESSED = "samples.jsonl", "samples.jsonl.gz"


def lines(folder: Path) -> Iterator[tuple[Path, int, bytes]]:
    """Each whole line of a run's samples, its file and its number; none where there is no file.

    A last line cut short by the end of a run is left out. Raises Problem.
    """
    path = next((folder / name for name in (PLAIN, COMPRESSED) if (folder / name).exists()), None)
    if path is None:
        return
    try:
        with _opened(path) as stream:
            for number, raw in enumerate(stream, 1):
                if raw.endswith(b"\n"):
                    yield path, number, raw
    except (OSError, EOFError, zlib.error) as failure:
        raise broken(path, str(failure)) from failure


def broken(path: Path, why: str) -> Problem:
    """The error for samples that are not what reports/schema.json says."""
    return Problem(
        f"{path} is broken: {why}.",
        known="docs/results.md describes the file.",
        advice="Name another run; ./inv report without a name takes the latest.",
        usage=True,
    )


def _opened(path: Path) -> gzip.GzipFile | BufferedReader:
    return gzip.open(path) if path.name == COMPRESSED else path.open("rb")
