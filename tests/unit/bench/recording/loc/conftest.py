"""A folder of supervisors with a source.toml, and archives that it names."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest

from bench.recording.loc import source_toml
from provision.sources.archives import checksum

RULE = """
[rule]
directories = ["*/src"]
languages = ["C", "C/C++ Header"]
exclude_folders = ["tests"]
exclude_files = "^test-"
reason = "the program"
"""


def no_notes(_: str) -> None:
    pass


def write_archive(path: Path, files: dict[str, str]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w:gz") as tar:
        for name, text in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(text)
            tar.addfile(info, io.BytesIO(text.encode()))
    return path


@pytest.fixture
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A supervisors/ of one, `small`, whose article's release can be fetched."""
    files = {
        "small-1/src/main.c": "/* what */\n\nint a;\nint b;\nint c;\n",
        "small-1/src/main.h": "int d;\n",
        "small-1/src/test-main.c": "int e;\n",
        "small-1/src/tests/all.c": "int f;\n",
        "small-1/src/build.sh": "#!/bin/sh\ntrue\n",
        "small-1/doc/example.c": "int g;\n",
    }
    archive = write_archive(tmp_path / "small-1.tar.gz", files)
    folder = tmp_path / "supervisors"
    write_source_file(folder, "small", archive)
    monkeypatch.setattr(source_toml, "SUPERVISORS", folder)
    return folder


def write_source_file(
    folder: Path, name: str, archive: Path, sha256: str = "", more: str = ""
) -> Path:
    path = folder / name / "source.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    pinned = f'address = "file://{archive}"\nsha256 = "{sha256 or checksum(archive)}"\n'
    path.write_text(
        f'{RULE}[today]\naddress = "http://127.0.0.1:1/small-2.tar.gz"\n'
        f'[article]\nversion = "1"\nlines = 5\ndifference = "why"\n{pinned}{more}'
    )
    return path
