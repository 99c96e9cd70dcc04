"""Every source.toml is valid, and agrees with the supervisor's class."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.recording.loc.counting import count_lines
from bench.recording.loc.source_toml import read_source_file, source_files
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
