"""Source archives: fetched once, checked, and kept in the cache by checksum."""

from __future__ import annotations

import hashlib
import io
import os
import re
import shlex
import subprocess
import tarfile
import time
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Protocol

from provision.errors import Problem
from provision.provider import Notify

# A reader sees the file's name and the server's answer: the mirror is the host's own business.
_ADDRESS = re.compile(r"\w+://\S*/")
# Seconds after which a program that fetches is given up: a slow line needs minutes for pm2.
FETCH_SECONDS = 900


class ArchiveRejected(Problem):
    """A fetched archive is not the expected one, or not safe to unpack."""


@dataclass(frozen=True)
class Archive:
    """A source archive in the cache.

    version: upstream's; sha256: of the file; origin: where it comes from, for a reader.
    """

    path: Path
    version: str
    sha256: str
    origin: str


class ArchiveOrigin(Protocol):
    """A place that a source archive is fetched from."""

    def fetch(self, cache: Path, notify: Notify) -> Archive:
        """The archive, from the cache where it is there. Raises Problem, ArchiveRejected.

        notify: receives a phrase before each step that may take long.
        """


def checksum(path: Path) -> str:
    """The SHA-256 of a file, in lower-case hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def open_tar(path: Path) -> IO[bytes]:
    """Open a source archive as tar reads it; what is a zip file is repacked. Raises Problem."""
    if path.suffix != ".zip":
        return path.open("rb")
    repacked = io.BytesIO()
    try:
        with zipfile.ZipFile(path) as source, tarfile.open(fileobj=repacked, mode="w") as target:
            for member in source.infolist():
                entry = tarfile.TarInfo(member.filename)
                entry.type = tarfile.DIRTYPE if member.is_dir() else tarfile.REGTYPE
                entry.size, entry.mode = member.file_size, 0o755
                entry.mtime = int(time.time())
                target.addfile(entry, source.open(member))
    except (zipfile.BadZipFile, OSError, EOFError) as failure:
        raise Problem(f"{path.name} cannot be read: {failure}") from failure
    repacked.seek(0)
    return repacked


def verify(path: Path, sha256: str) -> None:
    """Check a file's checksum. Raises ArchiveRejected."""
    actual = checksum(path)
    if actual != sha256:
        raise ArchiveRejected(
            f"bad checksum: {path.name} has sha256 {actual}, expected {sha256}",
            advice=f"If it lies in the cache, remove it and try again: {path}",
        )


def archive_path(cache: Path, sha256: str, name: str) -> Path:
    """Where the cache keeps an archive."""
    return cache / "archives" / sha256 / name


def store(download: Path, sha256: str, path: Path) -> None:
    """Move a download to its place in the cache. Raises ArchiveRejected for a wrong checksum."""
    verify(download, sha256)
    path.parent.mkdir(parents=True, exist_ok=True)
    download.replace(path)


def run_fetcher(command: list[str], cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run a program that fetches, with English messages.

    Raises Problem where it is missing, or still runs after FETCH_SECONDS.
    """
    environment = {**os.environ, "LC_ALL": "C"}
    try:
        return subprocess.run(
            command,
            cwd=cwd,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=FETCH_SECONDS,
        )
    except FileNotFoundError as error:
        raise Problem(f"{command[0]} is not installed, so there is no source from it") from error
    except subprocess.TimeoutExpired as error:
        raise Problem(
            f"{Path(command[0]).name} did not end within {FETCH_SECONDS} s.",
            known=shlex.join(command[:3]),
            advice="Try the same command again where the server can be reached.",
        ) from error


def last_line(errors: str) -> str:
    """The last line of a program's errors, without the address of the server."""
    lines = errors.strip().splitlines() or ["no reason given"]
    return _ADDRESS.sub("", lines[-1])
