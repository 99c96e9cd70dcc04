"""Debian's source packages, from a small archive made for the test."""

from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path

import pytest

from provision.errors import Problem
from provision.provider import ignore_message
from provision.sources import debian
from provision.sources.archives import Archive, ArchiveRejected, checksum
from provision.sources.debian import Debian
from tests.support.stand_ins.tarballs import member, write_archive


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small archive of Debian source packages that holds `thing` 1:2.5-3."""
    folder = tmp_path / "repository"
    folder.mkdir()
    original = write_archive(folder / "thing_2.5.orig.tar.gz", member("thing-2.5/main.c"))
    patches = write_archive(folder / "thing_2.5-3.debian.tar.gz", member("debian/rules"))
    files = {path.name: path.read_bytes() for path in (original, patches)}
    sums = "".join(
        f" {hashlib.sha256(data).hexdigest()} {len(data)} {name}\n" for name, data in files.items()
    )
    (folder / "thing_2.5-3.dsc").write_text(f"Source: thing\nChecksums-Sha256:\n{sums}")
    (folder / "Sources").write_text(
        "Package: thing\nFormat: 3.0 (quilt)\nBinary: thing\nVersion: 1:2.5-3\n"
        f"Directory: .\nChecksums-Sha256:\n{sums}\n"
    )
    monkeypatch.setattr(debian, "source_lines", lambda _: [f"deb file:{folder} ./"])
    monkeypatch.setattr(debian, "_signed_by", lambda: "[trusted=yes] ")
    return folder


def test_the_index_names_version_and_checksum(tmp_path: Path, repository: Path) -> None:
    fetched = Debian("thing").fetch(tmp_path / "cache", ignore_message)
    original = repository / "thing_2.5.orig.tar.gz"
    assert fetched == Archive(
        tmp_path / "cache" / "archives" / checksum(original) / original.name,
        "2.5",
        checksum(original),
        "Debian source package thing",
    )
    assert fetched.path.read_bytes() == original.read_bytes()


def test_a_file_that_differs_from_the_index_is_not_cached(tmp_path: Path, repository: Path) -> None:
    path = repository / "thing_2.5.orig.tar.gz"
    path.write_bytes(bytes(reversed(path.read_bytes())))
    with pytest.raises(ArchiveRejected, match=r"bad checksum: thing_2.5.orig.tar.gz"):
        Debian("thing").fetch(tmp_path / "cache", ignore_message)
    assert not list((tmp_path / "cache").rglob("*.orig.tar.gz"))


def test_a_listed_file_that_the_archive_lacks_is_named(tmp_path: Path, repository: Path) -> None:
    (repository / "thing_2.5.orig.tar.gz").unlink()
    with pytest.raises(Problem, match=r"lists thing_2.5.orig.tar.gz but answers File not found"):
        Debian("thing").fetch(tmp_path / "cache", ignore_message)


def test_a_package_that_debian_lacks_is_named(tmp_path: Path, repository: Path) -> None:
    with pytest.raises(Problem, match="no source package upstart in Debian 12"):
        Debian("upstart").fetch(tmp_path / "cache", ignore_message)


def test_a_missing_index_is_not_a_missing_package(tmp_path: Path, repository: Path) -> None:
    (repository / "Sources").unlink()
    with pytest.raises(Problem, match="cannot fetch the index of Debian's source packages"):
        Debian("thing").fetch(tmp_path / "cache", ignore_message)


def test_apt_writes_below_the_cache_and_runs_no_hook_of_the_host(
    tmp_path: Path, repository: Path
) -> None:
    Debian("thing").fetch(tmp_path / "cache", ignore_message)
    home = tmp_path / "cache" / "apt"
    command = ["apt-config", "-c", str(home / "apt.conf"), "dump"]
    dump = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    settings = dict(line.split(" ", 1) for line in dump.splitlines() if " " in line)
    for key in ("Dir::State", "Dir::Cache", "Dir::Etc::sourcelist", "Dir::Etc::sourceparts"):
        assert settings[key].startswith(f'"{home}/')
    assert not [key for key in settings if key.startswith("APT::Update::")]
