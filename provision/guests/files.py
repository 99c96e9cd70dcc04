"""Files for guests, and the archive that brings several in one transfer."""

from __future__ import annotations

import io
import tarfile
import time
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class File:
    """A file of the guest: its absolute path, content and permissions."""

    path: str
    content: str | bytes
    mode: int = 0o644

    @property
    def data(self) -> bytes:
        """The content in bytes."""
        return self.content.encode() if isinstance(self.content, str) else self.content


def file_mode(content: str | bytes) -> int:
    """Return the mode of a file of the suite in guests: a script can be executed, all can be read.

    The file's mode in the checkout depends on the umask under which that was made.
    """
    return 0o755 if content[:2] in ("#!", b"#!") else 0o644


def pack_files(files: Iterable[File]) -> bytes:
    """Return a tar archive of those files, all root's."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        for file in files:
            entry = tarfile.TarInfo(file.path.lstrip("/"))
            entry.size, entry.mode, entry.mtime = len(file.data), file.mode, int(time.time())
            tar.addfile(entry, io.BytesIO(file.data))
    return archive.getvalue()
