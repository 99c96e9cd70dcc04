"""The suite's own files in every guest, embedded or not."""

from __future__ import annotations

from pathlib import Path

from provision.guests.files import File, file_mode

ROOTFS = Path(__file__).parent / "rootfs"


def suite_files() -> list[File]:
    """Return the files that the suite puts into every guest."""
    return files_below(ROOTFS)


def files_below(folder: Path) -> list[File]:
    """Return the files below a folder, at their paths there."""
    contents = {
        path.relative_to(folder): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
    return [File(f"/{path}", content, file_mode(content)) for path, content in contents.items()]
