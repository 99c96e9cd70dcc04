"""A folder with a user's own build, laid over a guest in place of an installation."""

from __future__ import annotations

import hashlib
import io
import os
import platform
import stat
import struct
import tarfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from provision.errors import Problem
from provision.errors.text import escape_surrogates, name_of_build, replace_controls
from provision.sources.packages import PackageSource
from provision.systems import System

if TYPE_CHECKING:
    from provision.guests.guest import Guest

# Folders of every system: an overlay may add to them, but not replace them.
_FOLDERS = frozenset(
    {"etc", "usr", "usr/bin", "usr/lib", "usr/share", "usr/local", "var", "run", "tmp", "root",
     "home", "opt", "srv", "dev", "proc", "sys"}
)  # fmt: skip
# elf(5): class, byte order and machine of a program, by uname's name of the processor.
_MACHINES = {
    "x86_64": (2, 1, 62), "aarch64": (2, 1, 183), "i686": (1, 1, 3), "armv7l": (1, 1, 40),
    "riscv64": (2, 1, 243), "ppc64le": (2, 1, 21), "s390x": (2, 2, 22), "loongarch64": (2, 1, 258),
}  # fmt: skip


# A file of an overlay that may say in its first line what was built, and from where.
ORIGIN = "usr/share/build-origin"
_LONGEST_ORIGIN = 300  # characters

# How many links the kernel follows in one path before it gives up.
_MOST_LINKS = 40


class _UnusableError(Exception):
    """A folder cannot lie over a guest: why, and what would help."""

    def __init__(self, why: str, advice: str) -> None:
        super().__init__(why)
        self.advice = advice


@dataclass(frozen=True)
class Overlay(PackageSource):
    """A folder that lies over the guest's root, e.g. with usr/sbin/perpd in it.

    digest: of every name, mode, link and content in it. A changed build is another overlay.
    """

    kind = "overlay"
    folder: Path
    digest: str

    @classmethod
    def load(cls, folder: Path, system: System, option: str = "--overlay") -> Overlay:
        """The overlay in that folder, for guests of that system here.

        option: what names the folder on the command line. Raises Problem.
        """
        try:
            _check(folder, system)
        except _UnusableError as fault:
            raise Problem(
                f"{option}={folder} cannot be used: {fault}.", advice=fault.advice, usage=True
            ) from fault
        return cls(folder.resolve(), _digest(folder))

    def __str__(self) -> str:
        return f"overlay {self.folder} ({self.digest[:12]})"

    @property
    def key(self) -> str:
        """Its content, whatever the folder's name."""
        return f"overlay {self.digest}"

    def holds(self, program: str, system: System) -> bool:
        """Tell whether that absolute path is in it, with the system's own links followed."""
        path = _resolve_inside(self.folder, PurePosixPath(program), system)
        return path is not None and stat.S_ISREG(path.lstat().st_mode)

    def check_same(self) -> None:
        """Raise Problem unless this host has the folder as it was when the run began."""
        if not self.folder.is_dir():
            raise Problem(
                f"There is no folder {self.folder} on {platform.node()}.",
                advice="Copy it there from the host that started this run, under the same path.",
            )
        if _digest(self.folder) != self.digest:
            raise Problem(
                f"{self.folder} has changed since this run began.",
                advice="Run the same command again once the build is done.",
            )

    def install(self, guest: Guest) -> None:
        """Lay it over the guest, everything owned by the guest's root. Raises Problem."""
        self.check_same()
        archive = io.BytesIO()
        with tarfile.open(fileobj=archive, mode="w") as tar:
            for path in _entries(self.folder):
                tar.add(path, _relative(self.folder, path), recursive=False, filter=_as_root)
        archive.seek(0)
        guest.unpack(archive, "overlay.tar")
        guest.run("ldconfig")

    def installed_version(self, guest: Guest, program: str) -> str:
        """A name by its content: the build has no version number."""
        return name_of_build(self.digest)

    def record(self) -> dict[str, str]:
        record = {**super().record(), "folder": str(self.folder), "sha256": self.digest}
        origin = _origin(self.folder / ORIGIN)
        return {**record, "origin": origin} if origin else record


def _origin(path: Path) -> str:
    """Return what the overlay says of itself; empty where it does not, in text of one line."""
    if path.is_symlink() or not path.is_file():
        return ""
    with path.open(encoding="utf-8", errors="replace") as file:
        return replace_controls(file.readline(_LONGEST_ORIGIN)).strip()


def _as_root(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = "root"
    return entry


def _entries(folder: Path) -> list[Path]:
    """List everything below the folder, each directory before its content; follow no link.

    It does not recurse, since a folder may be nested as deep as its maker likes.
    """
    entries: list[Path] = []
    pending = [folder]
    while pending:
        with os.scandir(pending.pop()) as scan:
            for entry in scan:
                path = Path(entry.path)
                entries.append(path)
                if entry.is_dir(follow_symlinks=False):
                    pending.append(path)
    return sorted(entries)


def _resolve_inside(folder: Path, path: PurePosixPath, system: System) -> Path | None:
    """Follow links as the guest will, whose root the folder lies over; None where nothing is.

    Never on the host: there an absolute link would lead to the host's own files.
    """
    pending = list(reversed(PurePosixPath(system.real_path(str(path))).parts))
    resolved = PurePosixPath()
    followed = 0
    while pending:
        part = pending.pop()
        if part == "..":
            resolved = resolved.parent
            continue
        candidate = folder / resolved / part
        try:
            mode = candidate.lstat().st_mode
        except (FileNotFoundError, NotADirectoryError):
            return None
        if not stat.S_ISLNK(mode):
            resolved /= part
            continue
        followed += 1
        if followed > _MOST_LINKS:
            return None
        target = PurePosixPath(candidate.readlink())
        if target.is_absolute():
            resolved, target = PurePosixPath(), PurePosixPath(system.real_path(str(target)))
        pending += reversed(target.parts)
    return folder / resolved


def _relative(folder: Path, path: Path) -> str:
    return str(path.relative_to(folder))


def _digest(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in _entries(folder):
        mode = path.lstat().st_mode
        digest.update(f"{_relative(folder, path)}\0{mode:o}\0".encode())
        if stat.S_ISLNK(mode):
            digest.update(str(path.readlink()).encode())
        elif stat.S_ISREG(mode):
            with path.open("rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()


def _check(folder: Path, system: System) -> None:
    """Raise _UnusableError where the folder cannot lie over guests of that system."""
    if not folder.is_dir():
        what = "is no folder" if folder.exists() else "does not exist"
        raise _UnusableError(f"it {what}", "Name the prefix that holds usr/, etc/ and so on.")
    _check_places(folder, system)
    _check_machine(folder, platform.machine())


def _check_places(folder: Path, system: System) -> None:
    for path in _entries(folder):
        name, mode = _relative(folder, path), path.lstat().st_mode
        _check_name(name)
        if name in system.links:
            target = system.links[name]
            raise _UnusableError(
                f"/{name} is a link to /{target} on {system.title}, and this would shadow it",
                f"Move what it holds to {target}/ in the overlay.",
            )
        if name in _FOLDERS and not stat.S_ISDIR(mode):
            raise _UnusableError(f"/{name} is a folder, not a file or link", f"Remove {path}.")
        if not (stat.S_ISDIR(mode) or stat.S_ISREG(mode) or stat.S_ISLNK(mode)):
            raise _UnusableError(f"{name} is a device, pipe or socket", f"Remove {path}.")


def _check_name(name: str) -> None:
    if shown := escape_surrogates(name):
        raise _UnusableError(f"the name {shown} is not UTF-8", "Rename that file.")


def _check_machine(folder: Path, machine: str) -> None:
    expected = _MACHINES.get(machine)
    for path in _entries(folder):
        if path.is_symlink() or not path.is_file():
            continue
        actual = _elf_machine(path)
        if expected and actual and actual != expected:
            names = {numbers: name for name, numbers in _MACHINES.items()}
            built_for = names.get(actual, f"ELF machine {actual}")
            raise _UnusableError(
                f"{_relative(folder, path)} is built for {built_for}, and the guests are {machine}",
                f"Build it for {machine}.",
            )


def _elf_machine(path: Path) -> tuple[int, int, int] | None:
    """Class, byte order and machine of an ELF file; None for any other file."""
    with path.open("rb") as file:
        header = file.read(20)
    if len(header) < 20 or header[:4] != b"\x7fELF":
        return None
    order = ">" if header[5] == 2 else "<"
    return header[4], header[5], struct.unpack_from(f"{order}H", header, 18)[0]


def missing_program_error(name: str, folder: Path, program: str, system: System) -> Problem:
    """The error for an overlay without the program of the supervisor that it is for."""
    expected = PurePosixPath(system.real_path(program))
    content = ", ".join(sorted(entry.name for entry in folder.iterdir()))
    return Problem(
        f"--overlay={name}={folder} does not hold {name}: there is no {expected} in it.",
        known=f"It holds: {content or 'nothing'}.",
        advice=f"Install the build below it, so that {folder / expected} exists.",
        usage=True,
    )
