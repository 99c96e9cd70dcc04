"""Every source.toml is valid, and agrees with the supervisor's class."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.recording.loc.counting import count_lines
from bench.recording.loc.source_toml import read_source_file, recorded_counts, source_files
from provision.errors import Problem
from supervisors import supervisors
from tests.unit.bench.recording.loc.conftest import no_notes, write_source_file


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ("surprise = 1\n", "surprise"),
        ('debian = "small"\n', "valid under each of"),
        ("[broken\n", "is not TOML"),
    ],
)
def test_an_invalid_source_toml_is_refused_with_its_path(
    folders: Path, tmp_path: Path, more: str, reason: str
) -> None:
    path = write_source_file(folders, "small", tmp_path / "small-1.tar.gz", more=more)
    with pytest.raises(Problem, match=reason) as problem:
        count_lines([], tmp_path / "cache", no_notes)
    assert str(path) in problem.value.what


def test_every_supervisor_of_the_article_has_a_rule_with_its_reason() -> None:
    article = {
        "sysvinit": 6562, "upstart": 11054, "systemd": 87419, "daemontools": 3750, "runit": 5685,
        "s6": 3851, "perp": 6823, "supervisord": 7211, "restartd": 373, "monit": 33891, "god": 3978,
    }  # fmt: skip
    sources = {name: read_source_file(path) for name, path in source_files().items()}
    assert {name: source.article_lines for name, source in sources.items()} == article
    assert all(source.reason and source.difference for source in sources.values())


def test_source_toml_and_the_supervisors_class_agree_about_the_article() -> None:
    for name, supervisor in supervisors().items():
        if supervisor.article is None:
            continue
        source = read_source_file(source_files()[name])
        assert source.article_version == supervisor.article.version
        assert source.article_lines == supervisor.article.loc


def test_a_recorded_count_of_the_articles_version_is_close_to_the_articles() -> None:
    compared = 0
    for path in source_files().values():
        source = read_source_file(path)
        for count in source.recorded:
            if count["version"] == source.article_version:
                compared += 1
                assert abs(count["lines"] - source.article_lines) <= 5
    assert compared >= 5


def test_what_no_archive_may_give_has_a_recorded_count() -> None:
    recorded = recorded_counts()
    assert {name for name, counts in recorded.items() if counts} >= {
        "sysvinit", "upstart", "runit", "s6", "perp", "monit", "god"
    }  # fmt: skip


def test_a_record_without_its_commit_is_refused(folders: Path, tmp_path: Path) -> None:
    more = '[[recorded]]\nversion = "1"\nlines = 5\ncloc = "1.96"\ndate = "2026-11-29"\n'
    path = write_source_file(folders, "small", tmp_path / "small-1.tar.gz", more=more)
    with pytest.raises(Problem, match="is a required property"):
        read_source_file(path)
