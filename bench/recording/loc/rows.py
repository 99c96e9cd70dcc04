"""Counted lines of code: a row for each supervisor, kept for later runs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from bench.model.run_file import LineCounts
from provision.cache import cache_folder

ROWS_FILE = "rows.json"


@dataclass(frozen=True)
class VersionCount:
    """The lines of code of one version, or why there is no figure.

    lines: the sum of languages, which are lines by cloc's name of the language. lack: why lines is
    None. refused: the archive was fetched, but is not the expected one. The fields are keys of
    run.json.
    """

    version: str = ""
    lines: int | None = None
    languages: Mapping[str, int] | None = None
    origin: str = ""
    sha256: str = ""
    lack: str = ""
    refused: bool = False


@dataclass(frozen=True)
class LocRow:
    """One supervisor: the article's figure, and new counts of its and today's version.

    The fields are keys of run.json.
    """

    name: str
    article_version: str
    article_lines: int
    article: VersionCount
    today: VersionCount
    reason: str
    difference: str

    @property
    def deviation(self) -> float | None:
        """Difference of the new count of the article's version from the article in %."""
        if self.article.lines is None:
            return None
        return 100 * (self.article.lines - self.article_lines) / self.article_lines


def loc_cache() -> Path:
    """Return the folder in the cache that holds archives, counts and rows."""
    return cache_folder() / "loc"


def keep_rows(rows: Sequence[LocRow], cache: Path) -> None:
    """Keep rows for later runs; rows of other supervisors stay."""
    merged = {**kept_rows(cache), **{row.name: asdict(row) for row in rows}}
    path = cache / ROWS_FILE
    new = path.with_suffix(".new")
    new.write_text(json.dumps(merged))
    new.replace(path)


def kept_rows(cache: Path) -> dict[str, LineCounts]:
    """Return the rows counted before, by supervisor; empty where there are none."""
    try:
        rows = json.loads((cache / ROWS_FILE).read_text())
    except (OSError, ValueError):
        return {}
    return dict(rows)
