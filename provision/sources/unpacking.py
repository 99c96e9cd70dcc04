"""Unpacks source archives without trust in what they hold."""

from __future__ import annotations

import posixpath
import shutil
import tarfile
import zlib
from lzma import LZMAError
from pathlib import Path, PurePosixPath

from provision.errors import Problem
from provision.sources.archives import ArchiveRejected

BLOCK = 512
LARGEST = 1 << 30  # bytes, unpacked; the largest source counted (systemd) is a tenth of it


def unpack(archive: Path, into: Path) -> None:
    """Unpack the regular files of a tar archive below `into`, which must not exist yet.

    Raises ArchiveRejected for absolute names, `..`, links that lead outside, devices and pipes, a
    damaged or truncated archive, and more than LARGEST bytes. Every name is checked before
    anything is written.
    """
    if not archive.is_file():
        raise Problem(f"{archive.name} is missing from {archive.parent}")
    try:
        with tarfile.open(archive) as tar:
            members = _checked_members(tar, archive)
            _check_end(tar, archive)
            into.mkdir(parents=True)
            for member in members:
                _write(tar, member, into)
    except (tarfile.TarError, EOFError, LZMAError, zlib.error, OSError) as error:
        raise ArchiveRejected(f"{archive.name} is damaged or truncated: {error}") from error


def _checked_members(tar: tarfile.TarFile, archive: Path) -> list[tarfile.TarInfo]:
    members: list[tarfile.TarInfo] = []
    total = 0
    for member in tar:  # one header at a time: the content of a too large file is never read
        total += member.size
        if total > LARGEST:
            raise ArchiveRejected(f"{archive.name} unpacks to more than {LARGEST >> 20} MiB")
        _check_member(member, archive)
        members.append(member)
    return members


def _check_end(tar: tarfile.TarFile, archive: Path) -> None:
    # tarfile takes a header cut in half, or none at all, for the end: tar(5) ends in zeros.
    assert tar.fileobj is not None
    tar.fileobj.seek(tar.offset)
    if tar.fileobj.read(BLOCK) != bytes(BLOCK):
        raise ArchiveRejected(
            f"{archive.name} is damaged or truncated: it has no end-of-archive mark"
        )
    while tar.fileobj.read(1 << 20):
        pass  # to the end, where a compressed archive has its own checksum


def _check_member(member: tarfile.TarInfo, archive: Path) -> None:
    # Debian 12's own Python 3.11.2 has no tarfile.data_filter: these are its rules, and stricter.
    if not (member.isreg() or member.isdir() or member.issym() or member.islnk()):
        raise ArchiveRejected(f"{archive.name} holds a device or pipe: {member.name!r}")
    if _leads_outside(member.name) or ".." in PurePosixPath(member.name).parts:
        raise ArchiveRejected(f"hostile path in {archive.name}: {member.name!r}")
    # A symbolic link's target is relative to its own folder, a hard link's to the archive's root.
    start = posixpath.dirname(member.name) if member.issym() else ""
    if member.linkname and (
        member.linkname.startswith("/") or _leads_outside(f"{start}/{member.linkname}".lstrip("/"))
    ):
        raise ArchiveRejected(
            f"hostile link in {archive.name}: {member.name!r} leads to {member.linkname!r}"
        )


def _leads_outside(name: str) -> bool:
    return name.startswith("/") or posixpath.normpath(name).split("/")[0] == ".."


def _write(tar: tarfile.TarFile, member: tarfile.TarInfo, into: Path) -> None:
    # No link is ever made, so no member can lead a later one astray.
    path = into / member.name
    if member.isdir():
        path.mkdir(parents=True, exist_ok=True)
    content = tar.extractfile(member) if member.isreg() else None
    if content is None:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with content, path.open("wb") as file:
        shutil.copyfileobj(content, file)
