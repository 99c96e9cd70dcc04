"""The versions that this host's apt knows, kept until the lists change that apt has."""

from __future__ import annotations

import contextlib
import hashlib
import json
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import msgspec

from provision.cache import cache_folder

# What apt's answer depends on: its lists, and which of them it reads.
LISTS = (Path("/var/lib/apt/lists"), Path("/etc/apt"))
_KEPT = "apt-versions.json"


class _Answer(msgspec.Struct):
    """What apt said. key: of the question and of the lists. listing: as `madison` prints it."""

    key: str
    listing: str


def apt_versions(
    releases: Iterable[str], packages: Sequence[str], lists: Sequence[Path] = LISTS
) -> dict[str, dict[str, str]]:
    """Return by release the versions of packages, without revisions.

    A release is empty where apt has no list of it, or where the host has no apt.
    """
    versions: dict[str, dict[str, str]] = {release: {} for release in releases}
    for line in _madison(packages, lists).splitlines():
        package, version, archive = (part.strip() for part in line.split("|"))
        for release, known in versions.items():
            if f" {release}/" in archive:
                known.setdefault(package, upstream_version(version))
    return versions


def _madison(packages: Sequence[str], lists: Sequence[Path]) -> str:
    """Return what apt says of packages; asks it only once for the same lists.

    Without a cache of its own, as in a container, apt reads every list for each answer.
    """
    if shutil.which("apt-cache") is None:
        return ""
    key = _key(packages, lists)
    with contextlib.suppress(OSError, msgspec.DecodeError, UnicodeDecodeError):
        answer = msgspec.json.decode((cache_folder() / _KEPT).read_bytes(), type=_Answer)
        if answer.key == key:
            return answer.listing
    command = ["apt-cache", "madison", *packages]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        with contextlib.suppress(OSError):  # where it cannot be kept, apt is asked again
            (cache_folder() / _KEPT).write_bytes(msgspec.json.encode(_Answer(key, done.stdout)))
    return done.stdout


def _key(packages: Sequence[str], lists: Sequence[Path]) -> str:
    return hashlib.sha256(json.dumps([*packages, *_states(lists)]).encode()).hexdigest()


def _states(folders: Iterable[Path]) -> Iterator[tuple[str, int, int]]:
    """Yield path, size and time of the last change of every file below some folders."""
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            with contextlib.suppress(OSError):  # apt may be at work
                state = path.stat()
                yield str(path), state.st_size, state.st_mtime_ns


def upstream_version(version: str) -> str:
    """Return a package's version without epoch and revision."""
    return version.strip().split(":", 1)[-1].rsplit("-", 1)[0]
