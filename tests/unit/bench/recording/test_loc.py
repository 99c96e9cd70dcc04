"""Lines of code: the rule of each supervisor, the article's figures, cells that say why."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path

import pytest
from rich.console import Console

from bench.recording import loc
from bench.recording.loc import Rule
from provision.errors import Problem
from provision.sources.archives import checksum
from supervisors import supervisors

RULE = """
[rule]
directories = ["*/src"]
languages = ["C", "C/C++ Header"]
exclude_folders = ["tests"]
exclude_files = "^test-"
reason = "the program"
"""


def quiet(_: str) -> None:
    pass


def put(path: Path, files: dict[str, str]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w:gz") as tar:
        for name, text in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(text)
            tar.addfile(info, io.BytesIO(text.encode()))
    return path


@pytest.fixture
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A supervisors/ of one supervisor, `small`, whose article's release is there to be fetched."""
    files = {
        "small-1/src/main.c": "/* what */\n\nint a;\nint b;\nint c;\n",
        "small-1/src/main.h": "int d;\n",
        "small-1/src/test-main.c": "int e;\n",
        "small-1/src/tests/all.c": "int f;\n",
        "small-1/src/build.sh": "#!/bin/sh\ntrue\n",
        "small-1/doc/example.c": "int g;\n",
    }
    archive = put(tmp_path / "small-1.tar.gz", files)
    folder = tmp_path / "supervisors"
    write(folder, "small", archive)
    monkeypatch.setattr(loc, "FOLDERS", folder)
    return folder


def write(folder: Path, name: str, archive: Path, sha256: str = "", more: str = "") -> Path:
    path = folder / name / "source.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    pinned = f'address = "file://{archive}"\nsha256 = "{sha256 or checksum(archive)}"\n'
    path.write_text(
        f'{RULE}[today]\naddress = "http://127.0.0.1:1/small-2.tar.gz"\n'
        f'[article]\nversion = "1"\nlines = 5\ndifference = "why"\n{pinned}{more}'
    )
    return path


def test_counts_what_the_rule_names_and_nothing_else(folders: Path, tmp_path: Path) -> None:
    (row,) = loc.count([], tmp_path / "cache", quiet)
    assert row.article.languages == {"C": 3, "C/C++ Header": 1}
    assert row.article.lines == 4
    assert row.article.version == "1"
    assert row.deviation == pytest.approx(-20)


def test_what_cannot_be_had_says_why_in_its_cell(folders: Path, tmp_path: Path) -> None:
    (row,) = loc.count([], tmp_path / "cache", quiet)
    assert row.today.lines is None
    assert row.today.lack.startswith("no checksum of http://127.0.0.1:1/small-2.tar.gz")
    assert not row.today.refused


def test_a_refused_archive_leaves_the_other_supervisors_alone(
    folders: Path, tmp_path: Path
) -> None:
    evil = put(tmp_path / "evil-1.tar.gz", {"../evil-1/src/main.c": "int a;\n"})
    write(folders, "evil", evil)
    write(folders, "forged", evil, sha256="0" * 64)
    write(folders, "gone", tmp_path / "gone.tar.gz", sha256="1" * 64)
    rows = {row.name: row for row in loc.count([], tmp_path / "cache", quiet)}
    assert rows["evil"].article.refused
    assert "hostile path" in rows["evil"].article.lack
    assert rows["forged"].article.refused
    assert "bad checksum" in rows["forged"].article.lack
    assert not rows["gone"].article.refused
    assert "gone.tar.gz cannot be reached" in rows["gone"].article.lack
    assert rows["small"].article.lines == 4


def test_a_count_is_kept_by_checksum_and_rule(
    folders: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = tmp_path / "cache"
    first = loc.count([], cache, quiet)
    (kept,) = (cache / "counts").glob("*.json")
    kept.write_text('{"C": 3, "C/C++')
    assert loc.count([], cache, quiet) == first
    with monkeypatch.context() as patch:
        patch.setattr(loc, "run_cloc", lambda *_: pytest.fail("counted again"))
        assert loc.count([], cache, quiet) == first
    path = folders / "small" / "source.toml"
    path.write_text(path.read_text().replace('"C", "C/C++ Header"', '"C"'))
    (row,) = loc.count([], cache, quiet)
    assert row.article.lines == 3


def test_another_version_than_the_articles_is_not_its_figure() -> None:
    cell = loc.Cell(version="2", lines=10, origin="Debian source package small")
    assert loc._of_version(cell, "2") is cell
    other = loc._of_version(cell, "1")
    assert other.lines is None
    assert other.lack == "Debian source package small is 2 now, not 1"


def test_a_rule_that_does_not_fit_the_source_says_so(tmp_path: Path) -> None:
    (tmp_path / "x" / "src").mkdir(parents=True)
    with pytest.raises(Problem, match=r"'\*/source' matches 0 folders"):
        loc.run_cloc(tmp_path, Rule(("*/source",), ("C",), (), ""))
    with pytest.raises(Problem, match="nothing to count: no C in"):
        loc.run_cloc(tmp_path, Rule(("*/src",), ("C",), (), ""))


def test_an_unknown_name_is_the_readers_mistake(folders: Path, tmp_path: Path) -> None:
    with pytest.raises(Problem, match="no supervisor named 'smal'") as problem:
        loc.count(["smal"], tmp_path, quiet)
    assert problem.value.usage
    assert "'small'" in problem.value.advice


def test_a_missing_cloc_names_the_command(
    folders: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Problem, match="cloc is not installed") as problem:
        loc.count([], tmp_path, quiet)
    assert problem.value.advice == "sudo apt-get install cloc"


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("surprise = 1\n", "surprise"),
        ('debian = "small"\n', "valid under each of"),
        ("[broken\n", "is not TOML"),
    ],
)
def test_a_bad_source_toml_is_named(folders: Path, tmp_path: Path, more: str, said: str) -> None:
    path = write(folders, "small", tmp_path / "small-1.tar.gz", more=more)
    with pytest.raises(Problem, match=said) as problem:
        loc.count([], tmp_path / "cache", quiet)
    assert str(path) in problem.value.what


def test_renderings_hold_every_row(folders: Path, tmp_path: Path) -> None:
    rows = loc.count([], tmp_path / "cache", quiet)
    console = Console(width=200, file=io.StringIO(), record=True)
    console.print(loc.table(rows))
    drawn = console.export_text()
    assert "4 (-20.00 %)" in drawn
    assert "not counted: no checksum" in drawn
    (row,) = json.loads(loc.as_json(rows))
    assert row["article"]["lines"] == 4
    assert row["today"]["lack"]
    assert row["deviation"] == pytest.approx(-20)


def test_every_supervisor_of_the_article_has_a_rule_with_its_reason() -> None:
    article = {
        "sysvinit": 6562, "upstart": 11054, "systemd": 87419, "daemontools": 3750, "runit": 5685,
        "s6": 3851, "perp": 6823, "supervisord": 7211, "restartd": 373, "monit": 33891, "god": 3978,
    }  # fmt: skip
    found = {path.parent.name: loc.read_facts(path) for path in loc.FOLDERS.glob("*/source.toml")}
    assert {name: facts.article_lines for name, facts in found.items()} == article
    assert all(facts.reason and facts.difference for facts in found.values())


def test_source_toml_and_the_supervisors_class_tell_the_same_of_the_article() -> None:
    for name, supervisor in supervisors().items():
        if supervisor.article is None:
            continue
        facts = loc.read_facts(loc.FOLDERS / name / loc.FACTS)
        assert facts.article_version == supervisor.article.version
        assert facts.article_lines == supervisor.article.loc


def test_the_articles_daemontools_and_supervisord_come_out(tmp_path: Path) -> None:
    # From the real archives: this is what shows that the rule is the article's.
    daemontools, supervisord = loc.count(["daemontools", "supervisord"], tmp_path, quiet)
    assert daemontools.article.lines == 3750, daemontools.article.lack
    assert supervisord.deviation is not None, supervisord.article.lack
    assert abs(supervisord.deviation) <= 0.2
