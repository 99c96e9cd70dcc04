"""Lines of code: the article's column, counted again for its versions and for today's."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import tempfile
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import jsonschema
from rich.table import Table

from provision.cache import cache_folder, give_to_sudo_caller
from provision.errors import Problem
from provision.provider import Notify
from provision.sources.archives import Archive, ArchiveOrigin, ArchiveRejected
from provision.sources.debian import Debian
from provision.sources.pypi import Pypi
from provision.sources.unpacking import unpack
from provision.sources.upstream import Upstream
from provision.systems import unknown_name_error

FOLDERS = Path(__file__).parents[2] / "supervisors"
FACTS = "source.toml"
FOLDER, KEPT = "loc", "rows.json"

_TEXT = {"type": "string", "minLength": 1}
_TEXTS = {"type": "array", "items": _TEXT}
_SHA256 = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
_SOURCE = {"debian": _TEXT, "pypi": _TEXT, "address": _TEXT, "sha256": _SHA256, "version": _TEXT}
_ONE_SOURCE = [
    {"required": ["debian"]},
    {"required": ["pypi", "sha256"]},
    {"required": ["address"]},
]


def _closed(required: list[str], properties: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "additionalProperties": False,
        "required": required,
        "properties": properties,
        **more,
    }


SCHEMA = _closed(
    ["rule", "today", "article"],
    {
        "rule": _closed(
            ["directories", "languages", "reason"],
            {
                "directories": {**_TEXTS, "minItems": 1},
                "languages": {**_TEXTS, "minItems": 1},
                "exclude_folders": _TEXTS,
                "exclude_files": _TEXT,
                "reason": _TEXT,
            },
        ),
        "today": _closed([], _SOURCE, oneOf=_ONE_SOURCE),
        "article": _closed(
            ["version", "lines", "difference"],
            {**_SOURCE, "lines": {"type": "integer", "minimum": 1}, "difference": _TEXT},
            oneOf=_ONE_SOURCE,
        ),
    },
)


@dataclass(frozen=True)
class Rule:
    """What of a source tree is counted.

    directories: patterns below the unpacked archive, one match each; languages: cloc's names;
    exclude_folders: folder names anywhere; exclude_files: a regular expression on file names.
    """

    directories: tuple[str, ...]
    languages: tuple[str, ...]
    exclude_folders: tuple[str, ...]
    exclude_files: str


@dataclass(frozen=True)
class Facts:
    """One supervisor's source.toml."""

    rule: Rule
    reason: str
    today: ArchiveOrigin
    article: ArchiveOrigin
    article_version: str
    article_lines: int
    difference: str


@dataclass(frozen=True)
class Cell:
    """A version and its lines of code, or why there is no figure.

    languages: lines by cloc's language name, `lines` is their sum; refused: the archive was had,
    but was not what it should be. Where lines is None, lack says why.
    """

    version: str = ""
    lines: int | None = None
    languages: Mapping[str, int] | None = None
    origin: str = ""
    sha256: str = ""
    lack: str = ""
    refused: bool = False


@dataclass(frozen=True)
class Row:
    """One supervisor: what the article says, its version counted again, today's version counted."""

    name: str
    article_version: str
    article_lines: int
    article: Cell
    today: Cell
    reason: str
    difference: str

    @property
    def deviation(self) -> float | None:
        """By how many per cent the recount of the article's version differs from the article."""
        if self.article.lines is None:
            return None
        return 100 * (self.article.lines - self.article_lines) / self.article_lines


def count(names: Sequence[str], cache: Path, notify: Notify) -> list[Row]:
    """A row for each named supervisor, all of them for no name, in alphabetical order.

    What cannot be fetched, or is refused, says why in its cell. Raises Problem for an unknown name,
    a bad source.toml or a missing cloc.
    """
    known = sorted(path.parent.name for path in FOLDERS.glob(f"*/{FACTS}"))
    for name in names:
        if name not in known:
            raise unknown_name_error("supervisor", name, known)
    cloc = _cloc_version()
    rows = []
    for name in known:
        if names and name not in names:
            continue
        facts = read_facts(FOLDERS / name / FACTS)
        article = _cell(facts.article, facts.rule, cache, cloc, notify)
        rows.append(
            Row(
                name=name,
                article_version=facts.article_version,
                article_lines=facts.article_lines,
                article=_of_version(article, facts.article_version),
                today=_cell(facts.today, facts.rule, cache, cloc, notify),
                reason=facts.reason,
                difference=facts.difference,
            )
        )
    return rows


def count_and_keep(names: Sequence[str], notify: Notify) -> list[Row]:
    """Count, and keep the rows in the cache for the runs to come. Raises Problem."""
    cache = cache_folder() / FOLDER
    cache.mkdir(exist_ok=True)
    rows = count(names, cache, notify)
    keep(rows, cache)
    give_to_sudo_caller(cache)
    return rows


def keep(rows: Sequence[Row], cache: Path) -> None:
    """Keep rows for the runs to come; those of other supervisors stay."""
    merged = kept(cache) | {row.name: asdict(row) for row in rows}
    path = cache / KEPT
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps(merged))
    fresh.replace(path)


def kept(cache: Path) -> dict[str, Any]:
    """The rows counted before, by name, with the fields of Row; empty where nothing was."""
    try:
        rows = json.loads((cache / KEPT).read_text())
    except (OSError, ValueError):
        return {}
    return dict(rows)


def read_facts(path: Path) -> Facts:
    """What a source.toml says. Raises Problem where it says it wrongly."""
    try:
        data = tomllib.loads(path.read_text())
        jsonschema.validate(data, SCHEMA)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Problem(f"{path} is not TOML: {error}") from error
    except jsonschema.ValidationError as error:
        raise Problem(f"{path}: {error.json_path}: {error.message}") from error
    rule, article = data["rule"], data["article"]
    return Facts(
        rule=Rule(
            directories=tuple(rule["directories"]),
            languages=tuple(rule["languages"]),
            exclude_folders=tuple(rule.get("exclude_folders", ())),
            exclude_files=rule.get("exclude_files", ""),
        ),
        reason=rule["reason"],
        today=_source(data["today"]),
        article=_source(article),
        article_version=article["version"],
        article_lines=article["lines"],
        difference=article["difference"],
    )


def _source(table: Mapping[str, str]) -> ArchiveOrigin:
    if "debian" in table:
        return Debian(table["debian"])
    version, sha256 = table.get("version", ""), table.get("sha256", "")
    if "pypi" in table:
        return Pypi(table["pypi"], version, sha256)
    return Upstream(table["address"], version, sha256)


def _of_version(cell: Cell, version: str) -> Cell:
    # An archive's index moves on; a figure of another version is not the article's.
    if not cell.version or cell.version == version:
        return cell
    return Cell(lack=f"{cell.origin} is {cell.version} now, not {version}")


def _cell(source: ArchiveOrigin, rule: Rule, cache: Path, cloc: str, notify: Notify) -> Cell:
    try:
        archive = source.fetch(cache, notify)
        languages = _counted(archive, rule, cache, cloc, notify)
    except Problem as problem:
        return Cell(lack=problem.what, refused=isinstance(problem, ArchiveRejected))
    return Cell(
        version=archive.version,
        lines=sum(languages.values()),
        languages=languages,
        origin=archive.origin,
        sha256=archive.sha256,
    )


def _counted(
    archive: Archive, rule: Rule, cache: Path, cloc: str, notify: Notify
) -> dict[str, int]:
    """Lines by language, from the cache where this archive was counted by this rule before."""
    key = json.dumps([archive.sha256, asdict(rule), cloc], sort_keys=True)
    kept = cache / "counts" / f"{hashlib.sha256(key.encode()).hexdigest()}.json"
    try:
        return {str(name): int(lines) for name, lines in json.loads(kept.read_text()).items()}
    except (OSError, ValueError, AttributeError):
        pass  # Not counted yet, or cut short by a full disk: count.
    notify(f"counting {archive.path.name}")
    kept.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="count-", dir=cache) as scratch:
        tree = Path(scratch) / "tree"
        unpack(archive.path, tree)
        languages = run_cloc(tree, rule)
        written = Path(scratch) / "counts.json"
        written.write_text(json.dumps(languages))
        written.replace(kept)
    return languages


def run_cloc(tree: Path, rule: Rule) -> dict[str, int]:
    """Lines of code by language in a source tree. Raises Problem where the rule does not fit."""
    # Neither the user's own cloc settings nor a slow machine may change a figure.
    command = ["cloc", "--config=/dev/null", "--timeout=0", "--json", "--quiet"]
    command.append(f"--include-lang={','.join(rule.languages)}")
    if rule.exclude_folders:
        command.append(f"--exclude-dir={','.join(rule.exclude_folders)}")
    if rule.exclude_files:
        command.append(f"--not-match-f={rule.exclude_files}")
    folders = [str(_only_match(tree, pattern)) for pattern in rule.directories]
    done = subprocess.run([*command, *folders], capture_output=True, text=True, check=False)
    # It leaves out what it cannot read, says so, and exits 0.
    if done.returncode or done.stderr.strip():
        raise Problem(f"cloc failed with exit code {done.returncode}: {done.stderr.strip()}")
    counted = json.loads(done.stdout)
    if not counted:
        raise Problem(f"nothing to count: no {', '.join(rule.languages)} in {rule.directories}")
    return {name: counted[name]["code"] for name in rule.languages if name in counted}


def _only_match(tree: Path, pattern: str) -> Path:
    found = [path for path in tree.glob(pattern) if path.is_dir()]
    if len(found) != 1:
        raise Problem(f"the rule's directory {pattern!r} matches {len(found)} folders, expected 1")
    return found[0]


def _cloc_version() -> str:
    if not shutil.which("cloc"):
        raise Problem(
            "cloc is not installed, and it is what counts the lines.",
            advice="sudo apt-get install cloc",
        )
    done = subprocess.run(["cloc", "--version"], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def table(rows: Sequence[Row]) -> Table:
    """The rows for a terminal."""
    drawn = Table(title="Lines of code", show_lines=True)
    drawn.add_column("supervisor")
    drawn.add_column("2012", no_wrap=True)
    drawn.add_column("article", justify="right")
    drawn.add_column("counted again", overflow="fold")
    drawn.add_column("today")
    drawn.add_column("lines today", overflow="fold")
    drawn.add_column("difference")
    for row in rows:
        again = _figure(row.article)
        if row.deviation is not None:
            again += f" ({row.deviation:+.2f} %)"
        drawn.add_row(
            row.name,
            row.article_version,
            str(row.article_lines),
            again,
            row.today.version,
            _figure(row.today),
            row.difference,
        )
    return drawn


def _figure(cell: Cell) -> str:
    if cell.lines is not None:
        return str(cell.lines)
    return f"refused: {cell.lack}" if cell.refused else f"not counted: {cell.lack}"


def as_json(rows: Sequence[Row]) -> str:
    """The rows for a program: a list of objects with the fields of Row, and `deviation`."""
    return json.dumps([{**asdict(row), "deviation": row.deviation} for row in rows], indent=2)
