"""Small tar archives for tests, hostile ones among them."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

CONTENT = b"int main(void) { return 0; }\n"


def member(name: str, kind: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
    """The header of a member; a regular file's content is CONTENT."""
    info = tarfile.TarInfo(name)
    info.type = kind
    info.linkname = link
    info.size = len(CONTENT) if kind == tarfile.REGTYPE else 0
    return info


def write_archive(path: Path, *members: tarfile.TarInfo) -> Path:
    """Write an archive of those members, compressed where the name ends in .gz."""
    with tarfile.open(path, "w:gz" if path.suffix == ".gz" else "w") as tar:
        for info in members:
            tar.addfile(info, io.BytesIO(CONTENT) if info.isreg() else None)
    return path
