"""A supervisor's source.toml: where its source code is, and what of it is counted."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema

from bench.model.run_file import RecordedCount
from provision.errors import Problem
from provision.sources.archives import ArchiveOrigin
from provision.sources.debian import Debian
from provision.sources.pypi import Pypi
from provision.sources.upstream import Upstream

SUPERVISORS = Path(__file__).parents[3] / "supervisors"
NAME = "source.toml"

_TEXT = {"type": "string", "minLength": 1}
_TEXTS = {"type": "array", "items": _TEXT}
_SHA256 = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
_SOURCE = {"debian": _TEXT, "pypi": _TEXT, "address": _TEXT, "sha256": _SHA256, "version": _TEXT}
_ONE_SOURCE = [
    {"required": ["debian"]},
    {"required": ["pypi", "sha256"]},
    {"required": ["address"]},
]


def _table(required: list[str], properties: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return the JSON Schema of a table that has those keys and no others."""
    return {
        "type": "object",
        "additionalProperties": False,
        "required": required,
        "properties": properties,
        **more,
    }


SCHEMA = _table(
    ["rule", "today", "article"],
    {
        "rule": _table(
            ["directories", "languages", "reason"],
            {
                "directories": {**_TEXTS, "minItems": 1},
                "languages": {**_TEXTS, "minItems": 1},
                "exclude_folders": _TEXTS,
                "exclude_files": _TEXT,
                "reason": _TEXT,
            },
        ),
        "today": _table([], _SOURCE, oneOf=_ONE_SOURCE),
        "article": _table(
            ["version", "lines", "difference"],
            {**_SOURCE, "lines": {"type": "integer", "minimum": 1}, "difference": _TEXT},
            oneOf=_ONE_SOURCE,
        ),
        "recorded": {
            "type": "array",
            "items": _table(
                ["version", "lines", "repository", "commit", "cloc", "date"],
                {
                    "version": _TEXT,
                    "lines": {"type": "integer", "minimum": 1},
                    "repository": _TEXT,
                    "commit": {"type": "string", "pattern": "^[0-9a-f]{40}$"},
                    "cloc": _TEXT,
                    "date": {"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"},
                    "note": _TEXT,
                },
            ),
        },
    },
)


@dataclass(frozen=True)
class CountingRule:
    """Which files of a source tree are counted.

    directories: patterns below the unpacked archive, one match each; languages: cloc's names;
    exclude_folders: folder names anywhere; exclude_files: a regular expression on file names.
    """

    directories: tuple[str, ...]
    languages: tuple[str, ...]
    exclude_folders: tuple[str, ...]
    exclude_files: str


@dataclass(frozen=True)
class SourceFile:
    """The content of a source.toml.

    reason: why the rule is as it is. difference: why the new count of the article's version
    differs from the article's. recorded: counts by the same rule, the oldest version first.
    """

    rule: CountingRule
    reason: str
    today: ArchiveOrigin
    article: ArchiveOrigin
    article_version: str
    article_lines: int
    difference: str
    recorded: tuple[RecordedCount, ...]


def source_files() -> dict[str, Path]:
    """Return each supervisor's source.toml by name, where there is one; sorted."""
    return {path.parent.name: path for path in sorted(SUPERVISORS.glob(f"*/{NAME}"))}


def read_source_file(path: Path) -> SourceFile:
    """Read a source.toml. Raises Problem where its content is invalid."""
    try:
        data = tomllib.loads(path.read_text())
        jsonschema.validate(data, SCHEMA)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Problem(f"{path} is not TOML: {error}") from error
    except jsonschema.ValidationError as error:
        raise Problem(f"{path}: {error.json_path}: {error.message}") from error
    rule, article = data["rule"], data["article"]
    return SourceFile(
        rule=CountingRule(
            directories=tuple(rule["directories"]),
            languages=tuple(rule["languages"]),
            exclude_folders=tuple(rule.get("exclude_folders", ())),
            exclude_files=rule.get("exclude_files", ""),
        ),
        reason=rule["reason"],
        today=_origin(data["today"]),
        article=_origin(article),
        article_version=article["version"],
        article_lines=article["lines"],
        difference=article["difference"],
        recorded=tuple(data.get("recorded", ())),
    )


def recorded_counts() -> dict[str, list[RecordedCount]]:
    """Return the counts that each source.toml records, by supervisor. Raises Problem."""
    return {name: list(read_source_file(path).recorded) for name, path in source_files().items()}


def _origin(table: Mapping[str, str]) -> ArchiveOrigin:
    if "debian" in table:
        return Debian(table["debian"])
    version, sha256 = table.get("version", ""), table.get("sha256", "")
    if "pypi" in table:
        return Pypi(table["pypi"], version, sha256)
    return Upstream(table["address"], version, sha256)
