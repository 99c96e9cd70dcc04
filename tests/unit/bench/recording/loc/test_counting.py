"""The rule decides which lines count, and a missing count says why."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.recording.loc import counting
from bench.recording.loc.counting import check_version, count_lines, run_cloc
from bench.recording.loc.rows import VersionCount
from bench.recording.loc.source_toml import CountingRule
from provision.errors import Problem
from tests.unit.bench.recording.loc.conftest import no_notes, write_archive, write_source_file


def test_only_what_the_rule_names_is_counted(folders: Path, tmp_path: Path) -> None:
    (row,) = count_lines([], tmp_path / "cache", no_notes)
    assert row.article.languages == {"C": 3, "C/C++ Header": 1}
    assert row.article.lines == 4
    assert row.article.version == "1"
    assert row.deviation == pytest.approx(-20)


def test_a_version_that_cannot_be_fetched_says_why(folders: Path, tmp_path: Path) -> None:
    (row,) = count_lines([], tmp_path / "cache", no_notes)
    assert row.today.lines is None
    assert row.today.lack.startswith("no checksum of http://127.0.0.1:1/small-2.tar.gz")
    assert not row.today.refused


def test_a_refused_archive_does_not_stop_the_other_counts(folders: Path, tmp_path: Path) -> None:
    hostile = write_archive(tmp_path / "hostile-1.tar.gz", {"../hostile-1/src/main.c": "int a;\n"})
    write_source_file(folders, "hostile", hostile)
    write_source_file(folders, "forged", hostile, sha256="0" * 64)
    write_source_file(folders, "gone", tmp_path / "gone.tar.gz", sha256="1" * 64)
    rows = {row.name: row for row in count_lines([], tmp_path / "cache", no_notes)}
    assert rows["hostile"].article.refused
    assert "hostile path" in rows["hostile"].article.lack
    assert rows["forged"].article.refused
    assert "bad checksum" in rows["forged"].article.lack
    assert not rows["gone"].article.refused
    assert "gone.tar.gz cannot be reached" in rows["gone"].article.lack
    assert rows["small"].article.lines == 4


def test_a_count_is_kept_by_checksum_and_rule(
    folders: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = tmp_path / "cache"
    first = count_lines([], cache, no_notes)
    (kept,) = (cache / "counts").glob("*.json")
    kept.write_text('{"C": 3, "C/C++')
    assert count_lines([], cache, no_notes) == first
    with monkeypatch.context() as patch:
        patch.setattr(counting, "run_cloc", lambda *_: pytest.fail("counted again"))
        assert count_lines([], cache, no_notes) == first
    path = folders / "small" / "source.toml"
    path.write_text(path.read_text().replace('"C", "C/C++ Header"', '"C"'))
    (row,) = count_lines([], cache, no_notes)
    assert row.article.lines == 3


def test_a_count_of_another_version_is_not_the_articles() -> None:
    count = VersionCount(version="2", lines=10, origin="Debian source package small")
    assert check_version(count, "2") is count
    other = check_version(count, "1")
    assert other.lines is None
    assert other.lack == "Debian source package small is 2 now, not 1"


def test_a_rule_that_does_not_fit_the_source_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x" / "src").mkdir(parents=True)
    with pytest.raises(Problem, match=r"'\*/source' matches 0 folders"):
        run_cloc(tmp_path, CountingRule(("*/source",), ("C",), (), ""))
    with pytest.raises(Problem, match="nothing to count: no C in"):
        run_cloc(tmp_path, CountingRule(("*/src",), ("C",), (), ""))


def test_an_unknown_supervisor_is_a_usage_error(folders: Path, tmp_path: Path) -> None:
    with pytest.raises(Problem, match="no supervisor named 'smal'") as problem:
        count_lines(["smal"], tmp_path, no_notes)
    assert problem.value.usage
    assert "'small'" in problem.value.advice


def test_a_missing_cloc_is_refused_with_the_command_that_installs_it(
    folders: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Problem, match="cloc is not installed") as problem:
        count_lines([], tmp_path, no_notes)
    assert problem.value.advice == "sudo apt-get install cloc"


def test_the_rules_give_the_articles_figures(tmp_path: Path) -> None:
    # From the real archives: this is what shows that the rule is the article's.
    daemontools, supervisord = count_lines(["daemontools", "supervisord"], tmp_path, no_notes)
    assert daemontools.article.lines == 3750, daemontools.article.lack
    assert supervisord.deviation is not None, supervisord.article.lack
    assert abs(supervisord.deviation) <= 0.2
