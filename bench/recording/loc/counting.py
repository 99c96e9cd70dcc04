"""Counting lines of code with cloc, in archives that are fetched and checked."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from bench.recording.loc.rows import LocRow, VersionCount, keep_rows, loc_cache
from bench.recording.loc.source_toml import CountingRule, read_source_file, source_files
from provision.errors import Problem
from provision.host.tools import install_missing_tools
from provision.provider import Notify
from provision.scratch import scratch_folder
from provision.sources.archives import Archive, ArchiveOrigin, ArchiveRejected
from provision.sources.unpacking import unpack
from provision.systems import unknown_name_error


@dataclass(frozen=True)
class _Counter:
    """What every count needs. cloc: its version."""

    cache: Path
    cloc: str
    notify: Notify


def count_and_keep(names: Sequence[str], notify: Notify) -> list[LocRow]:
    """Count, and keep the rows in the cache for later runs. Raises Problem."""
    cache = loc_cache()
    cache.mkdir(exist_ok=True)
    rows = count_lines(names, cache, notify)
    keep_rows(rows, cache)
    return rows


def count_lines(names: Sequence[str], cache: Path, notify: Notify) -> list[LocRow]:
    """Count the code of the named supervisors, or of all; rows are sorted by name.

    Where an archive cannot be fetched or is refused, its count says why. Raises Problem for an
    unknown name, an invalid source.toml or a missing cloc.
    """
    files = source_files()
    for name in names:
        if name not in files:
            raise unknown_name_error("supervisor", name, list(files))
    install_missing_tools("loc")
    counter = _Counter(cache, _cloc_version(), notify)
    return [_row(name, path, counter) for name, path in files.items() if not names or name in names]


def _row(name: str, path: Path, counter: _Counter) -> LocRow:
    source = read_source_file(path)
    article = _count_version(source.article, source.rule, counter)
    return LocRow(
        name=name,
        article_version=source.article_version,
        article_lines=source.article_lines,
        article=check_version(article, source.article_version),
        today=_count_version(source.today, source.rule, counter),
        reason=source.reason,
        difference=source.difference,
    )


def check_version(count: VersionCount, version: str) -> VersionCount:
    """Return the count, or an empty one where it is of another version."""
    # An archive's index moves on to later versions.
    if not count.version or count.version == version:
        return count
    return VersionCount(lack=f"{count.origin} is {count.version} now, not {version}")


def _count_version(origin: ArchiveOrigin, rule: CountingRule, counter: _Counter) -> VersionCount:
    try:
        archive = origin.fetch(counter.cache, counter.notify)
        languages = _count_archive(archive, rule, counter)
    except Problem as problem:
        return VersionCount(lack=problem.what, refused=isinstance(problem, ArchiveRejected))
    return VersionCount(
        version=archive.version,
        lines=sum(languages.values()),
        languages=languages,
        origin=archive.origin,
        sha256=archive.sha256,
    )


def _count_archive(archive: Archive, rule: CountingRule, counter: _Counter) -> dict[str, int]:
    """Return lines by language, from the cache where they were counted before."""
    key = json.dumps([archive.sha256, asdict(rule), counter.cloc], sort_keys=True)
    kept = counter.cache / "counts" / f"{hashlib.sha256(key.encode()).hexdigest()}.json"
    try:
        return {str(name): int(lines) for name, lines in json.loads(kept.read_text()).items()}
    except (OSError, ValueError, AttributeError):
        pass  # Not counted yet, or cut short by a full disk: count.
    counter.notify(f"counting {archive.path.name}")
    kept.parent.mkdir(parents=True, exist_ok=True)
    with scratch_folder(counter.cache, "count") as scratch:
        tree = scratch / "tree"
        unpack(archive.path, tree)
        languages = run_cloc(tree, rule)
        counts = scratch / "counts.json"
        counts.write_text(json.dumps(languages))
        counts.replace(kept)
    return languages


def run_cloc(tree: Path, rule: CountingRule) -> dict[str, int]:
    """Return lines of code by language in a source tree.

    Raises Problem where the rule does not fit the tree.
    """
    # Neither the user's own cloc settings nor a slow machine may change a figure.
    command = ["cloc", "--config=/dev/null", "--timeout=0", "--json", "--quiet"]
    command.append(f"--include-lang={','.join(rule.languages)}")
    if rule.exclude_folders:
        command.append(f"--exclude-dir={','.join(rule.exclude_folders)}")
    if rule.exclude_files:
        command.append(f"--not-match-f={rule.exclude_files}")
    folders = [str(_only_match(tree, pattern)) for pattern in rule.directories]
    cloc = subprocess.run([*command, *folders], capture_output=True, text=True, check=False)
    # It leaves out what it cannot read, says so, and exits 0.
    if cloc.returncode or cloc.stderr.strip():
        raise Problem(f"cloc failed with exit code {cloc.returncode}: {cloc.stderr.strip()}")
    counts = json.loads(cloc.stdout)
    if not counts:
        raise Problem(f"nothing to count: no {', '.join(rule.languages)} in {rule.directories}")
    return {name: counts[name]["code"] for name in rule.languages if name in counts}


def _only_match(tree: Path, pattern: str) -> Path:
    matches = [path for path in tree.glob(pattern) if path.is_dir()]
    if len(matches) != 1:
        raise Problem(
            f"the rule's directory {pattern!r} matches {len(matches)} folders, expected 1"
        )
    return matches[0]


def _cloc_version() -> str:
    if not shutil.which("cloc"):
        raise Problem(
            "cloc is not installed, and it is what counts the lines.",
            advice="sudo apt-get install cloc",
        )
    cloc = subprocess.run(["cloc", "--version"], capture_output=True, text=True, check=True)
    return cloc.stdout.strip()
