"""Source archives as tar reads them."""

from __future__ import annotations

import tarfile
import zipfile
from pathlib import Path

import pytest

from provision.errors import Problem
from provision.sources.archives import open_tar


def test_a_zip_file_is_repacked(tmp_path: Path) -> None:
    """PyPI has some old source distributions as zip files alone."""
    path = tmp_path / "zdaemon-4.1.0.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("zdaemon-4.1.0/", b"")
        archive.writestr("zdaemon-4.1.0/setup.py", b"setup()")
    with tarfile.open(fileobj=open_tar(path)) as repacked:
        assert repacked.getnames() == ["zdaemon-4.1.0", "zdaemon-4.1.0/setup.py"]
        content = repacked.extractfile("zdaemon-4.1.0/setup.py")
        assert content is not None and content.read() == b"setup()"


def test_another_archive_stays_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "supervisor-4.2.5.tar.gz"
    path.write_bytes(b"as it is")
    with open_tar(path) as file:
        assert file.read() == b"as it is"


@pytest.mark.probe("damage")
def test_a_damaged_zip_file_is_refused_with_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "zdaemon-4.1.0.zip"
    path.write_bytes(b"PK no more")
    with pytest.raises(Problem, match="cannot be read: File is not a zip file"):
        open_tar(path)
