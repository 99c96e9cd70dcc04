"""Source distributions are fetched by pip, checked, and never run."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest

from provision.errors import Problem
from provision.provider import ignore_message
from provision.sources.archives import ArchiveRejected, checksum
from provision.sources.pypi import Pypi


@pytest.fixture
def sdist(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A source distribution whose setup.py leaves a mark when it runs; pip sees no other."""
    setup = f"open({str(tmp_path / 'ran')!r}, 'w')\nraise SystemExit('only Python 2')\n".encode()
    (tmp_path / "links").mkdir()
    path = tmp_path / "links" / "oldthing-1.0a2.tar.gz"
    with tarfile.open(path, "w:gz") as tar:
        info = tarfile.TarInfo("oldthing-1.0a2/setup.py")
        info.size = len(setup)
        tar.addfile(info, io.BytesIO(setup))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(path.parent))
    return path


def test_a_distribution_is_fetched_without_running_it(tmp_path: Path, sdist: Path) -> None:
    source = Pypi("oldthing", "1.0a2", checksum(sdist))
    fetched = source.fetch(tmp_path / "cache", ignore_message)
    assert fetched.path.read_bytes() == sdist.read_bytes()
    assert not (tmp_path / "ran").exists()
    sdist.unlink()
    assert source.fetch(tmp_path / "cache", ignore_message) == fetched


def test_a_distribution_with_a_bad_checksum_is_refused(tmp_path: Path, sdist: Path) -> None:
    with pytest.raises(ArchiveRejected, match=r"bad checksum: oldthing 1.0a2"):
        Pypi("oldthing", "1.0a2", "0" * 64).fetch(tmp_path / "cache", ignore_message)
    assert not (tmp_path / "ran").exists()


def test_a_version_that_pip_does_not_find_is_named(tmp_path: Path, sdist: Path) -> None:
    with pytest.raises(Problem, match=r"pip cannot fetch oldthing 9: .*oldthing==9"):
        Pypi("oldthing", "9", checksum(sdist)).fetch(tmp_path / "cache", ignore_message)


@pytest.mark.parametrize("other", ["1.0a2.1", "1.0a2.dev3"])
def test_a_cached_file_of_another_version_is_not_taken(
    tmp_path: Path, sdist: Path, other: str
) -> None:
    cached = tmp_path / "cache" / "archives" / ("0" * 64) / f"oldthing-{other}.tar.gz"
    cached.parent.mkdir(parents=True)
    cached.write_text("another version")
    fetched = Pypi("oldthing", "1.0a2").fetch(tmp_path / "cache", ignore_message)
    assert fetched.path.read_bytes() == sdist.read_bytes()
    sdist.unlink()
    assert Pypi("oldthing", "1.0a2").fetch(tmp_path / "cache", ignore_message) == fetched
