"""Source archives: fetched once, checked, kept by checksum, unpacked without trust."""

from __future__ import annotations

import hashlib
import os
import posixpath
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import textwrap
import urllib.error
import urllib.request
import venv
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache as once
from lzma import LZMAError
from pathlib import Path, PurePosixPath
from typing import Protocol

from filelock import FileLock

from provision.bootstrap.debian import deb_lines
from provision.errors import Problem
from provision.systems import SYSTEMS

Progress = Callable[[str], None]

BLOCK = 512
LARGEST = 1 << 30  # bytes, unpacked; the largest source counted (systemd) is a tenth of it
SECONDS_TO_ANSWER = 30

KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
ORIGINAL = re.compile(r"^[^_]+_(?P<version>.+?)(\.orig)?\.tar\.\w+$")
OFFERED = re.compile(r"^'[^']+' (?P<file>\S+) \d+ SHA256:(?P<sha256>[0-9a-f]{64})$", re.MULTILINE)
# Only the file's name and the answer are told: the mirror is the host's own business.
ADDRESS = re.compile(r"\w+://\S*/")
NOT_FETCHED = re.compile(r"^E: Failed to fetch \S*/(\S+)\s+(.*?)(?:\s+\[IP.*)?$", re.MULTILINE)


class Refused(Problem):
    """An archive was had, but it is not what it should be, or not safe to unpack."""


@dataclass(frozen=True)
class Archive:
    """A source archive in the cache. version: upstream's; origin: where from, for a reader."""

    path: Path
    version: str
    sha256: str
    origin: str


class Source(Protocol):
    """Somewhere that a source archive comes from."""

    def fetch(self, cache: Path, progress: Progress) -> Archive:
        """The archive, from the cache where it is there. Raises Problem, Refused."""


@dataclass(frozen=True)
class Debian:
    """The pristine upstream archive of a Debian source package, in Debian 12."""

    package: str

    def fetch(self, cache: Path, progress: Progress) -> Archive:
        """The version that the index names, checked against the index's checksum."""
        progress(f"asking Debian's index for {self.package}")
        configuration = _apt((cache / "apt").absolute())
        file, sha256, version = _offered(self.package, configuration)
        origin = f"Debian source package {self.package}"
        path = _kept(cache, sha256, file)
        if path.exists():
            return Archive(_checked(path, sha256), version, sha256, origin)
        progress(f"fetching {file}")
        with _scratch(cache) as scratch:
            command = [*_source(configuration), "-qq", "--download-only", self.package]
            done = _run(command, cwd=scratch)
            if not (scratch / file).exists() or done.returncode:
                raise _not_fetched(done.stderr, file)
            _keep(scratch / file, sha256, path)
        return Archive(path, version, sha256, origin)


@dataclass(frozen=True)
class Pypi:
    """A source distribution, by pip and so by the package index that pip is set up for."""

    project: str
    version: str
    sha256: str

    def fetch(self, cache: Path, progress: Progress) -> Archive:
        """That version; pip and this program both check its checksum. Runs none of its code."""
        origin = f"PyPI {self.project} {self.version}"
        held = list((cache / "archives" / self.sha256).glob("*"))
        if held:
            return Archive(_checked(held[0], self.sha256), self.version, self.sha256, origin)
        progress(f"fetching {self.project} {self.version} by pip")
        with _scratch(cache) as scratch:
            got = self._download(scratch)
            path = _kept(cache, self.sha256, got.name)
            _keep(got, self.sha256, path)
        return Archive(path, self.version, self.sha256, origin)

    def _download(self, scratch: Path) -> Path:
        wanted = scratch / "requirements.txt"
        wanted.write_text(f"{self.project}=={self.version} --hash=sha256:{self.sha256}\n")
        command = [sys.executable, "-m", "pip", "--python", str(_bare_python(scratch, self))]
        command += ["--disable-pip-version-check", "download", "--quiet", "--no-deps"]
        command += ["--no-build-isolation", "--use-pep517", "--no-binary=:all:"]
        done = _run([*command, "--dest", "got", "--requirement", wanted.name], cwd=scratch)
        if "HASHES" in done.stderr:
            raise Refused(f"bad checksum: {self.project} {self.version} is not the file pinned")
        got = list((scratch / "got").glob("*"))
        if done.returncode or len(got) != 1:
            said = _last_line(done.stderr)
            raise Problem(f"pip cannot fetch {self.project} {self.version}: {said}")
        return got[0]


@dataclass(frozen=True)
class Upstream:
    """A release at its project's own address; without a known checksum it is not fetched."""

    address: str
    version: str
    sha256: str

    def fetch(self, cache: Path, progress: Progress) -> Archive:
        """That file and no other: one whose checksum differs is refused."""
        if not self.sha256:
            raise Problem(f"no checksum of {self.address} is known, so it is not fetched")
        path = _kept(cache, self.sha256, self.address.rsplit("/", 1)[-1])
        if path.exists():
            _checked(path, self.sha256)
            return Archive(path, self.version, self.sha256, self.address)
        progress(f"fetching {self.address}")
        with _scratch(cache) as scratch:
            got = scratch / path.name
            self._download(got)
            _keep(got, self.sha256, path)
        return Archive(path, self.version, self.sha256, self.address)

    def _download(self, into: Path) -> None:
        try:
            with (
                urllib.request.urlopen(self.address, timeout=SECONDS_TO_ANSWER) as answer,
                into.open("wb") as file,
            ):
                shutil.copyfileobj(answer, file)
        except urllib.error.HTTPError as error:
            raise Problem(f"{self.address} answers {error.code} {error.reason}") from error
        except (OSError, ValueError) as error:
            reason = getattr(error, "reason", error)
            said = getattr(reason, "strerror", None) or reason
            raise Problem(f"{self.address} cannot be reached: {said}") from error


def unpack(archive: Path, into: Path) -> None:
    """Unpack the regular files of a tar archive below `into`, which must not exist yet.

    Refused: absolute names, `..`, links that lead outside, devices and pipes, a damaged or
    truncated archive, more than LARGEST bytes. Every name is checked before anything is written.
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
        raise Refused(f"{archive.name} is damaged or truncated: {error}") from error


def _checked_members(tar: tarfile.TarFile, archive: Path) -> list[tarfile.TarInfo]:
    members: list[tarfile.TarInfo] = []
    total = 0
    for member in tar:  # One header at a time: what is too large is not even read over.
        total += member.size
        if total > LARGEST:
            raise Refused(f"{archive.name} unpacks to more than {LARGEST >> 20} MiB")
        _check_member(member, archive)
        members.append(member)
    return members


def _check_end(tar: tarfile.TarFile, archive: Path) -> None:
    # tarfile takes a header cut in half, or none at all, for the end: tar(5) ends in zeros.
    assert tar.fileobj is not None
    tar.fileobj.seek(tar.offset)
    if tar.fileobj.read(BLOCK) != bytes(BLOCK):
        raise Refused(f"{archive.name} is damaged or truncated: it has no end-of-archive mark")
    while tar.fileobj.read(1 << 20):
        pass  # To the end, where a compressed archive has its own checksum.


def _check_member(member: tarfile.TarInfo, archive: Path) -> None:
    # Debian 12's own Python 3.11.2 has no tarfile.data_filter: these are its rules, and stricter.
    if not (member.isreg() or member.isdir() or member.issym() or member.islnk()):
        raise Refused(f"{archive.name} holds a device or pipe: {member.name!r}")
    if _leads_outside(member.name) or ".." in PurePosixPath(member.name).parts:
        raise Refused(f"hostile path in {archive.name}: {member.name!r}")
    # A symbolic link's target is seen from its own folder, a hard link's from the archive's root.
    start = posixpath.dirname(member.name) if member.issym() else ""
    if member.linkname and (
        member.linkname.startswith("/") or _leads_outside(f"{start}/{member.linkname}".lstrip("/"))
    ):
        raise Refused(
            f"hostile link in {archive.name}: {member.name!r} leads to {member.linkname!r}"
        )


def _leads_outside(name: str) -> bool:
    return name.startswith("/") or posixpath.normpath(name).split("/")[0] == ".."


def _write(tar: tarfile.TarFile, member: tarfile.TarInfo, into: Path) -> None:
    # No link is ever made, so no later member can be led astray by an earlier one.
    path = into / member.name
    if member.isdir():
        path.mkdir(parents=True, exist_ok=True)
    content = tar.extractfile(member) if member.isreg() else None
    if content is None:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with content, path.open("wb") as file:
        shutil.copyfileobj(content, file)


def checksum(path: Path) -> str:
    """The SHA-256 of a file, in lower-case hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _checked(path: Path, sha256: str) -> Path:
    got = checksum(path)
    if got != sha256:
        advice = f"If it lies in the cache, remove it and try again: {path}"
        raise Refused(
            f"bad checksum: {path.name} has sha256 {got}, expected {sha256}", advice=advice
        )
    return path


def _kept(cache: Path, sha256: str, name: str) -> Path:
    return cache / "archives" / sha256 / name


def _keep(got: Path, sha256: str, path: Path) -> None:
    _checked(got, sha256)
    path.parent.mkdir(parents=True, exist_ok=True)
    got.replace(path)


@contextmanager
def _scratch(cache: Path) -> Iterator[Path]:
    # Inside the cache, so that a file checked is moved into place and never copied.
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="fetch-", dir=cache) as scratch:
        yield Path(scratch)


def _run(command: list[str], cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "LC_ALL": "C"}
    try:
        return subprocess.run(
            command, cwd=cwd, env=environment, capture_output=True, text=True, check=False
        )
    except FileNotFoundError as error:
        raise Problem(f"{command[0]} is not installed, so there is no source from it") from error


@once
def _apt(home: Path) -> Path:
    """A private apt that knows Debian 12's source packages only; gives its configuration file.

    Neither the host's configuration nor its state is touched: its own update hooks are left out.
    """
    for folder in ("state/lists/partial", "cache/archives/partial"):
        (home / folder).mkdir(parents=True, exist_ok=True)
    configuration = home / "apt.conf"
    with FileLock(home / "lock"):
        configuration.write_text(
            textwrap.dedent(f"""\
                #clear APT::Update;
                APT::Sandbox::User "root";
                Dir::Etc::sourcelist "{home}/sources.list";
                Dir::Etc::sourceparts "{home}/none";
                Dir::State "{home}/state";
                Dir::Cache "{home}/cache";
                """)
        )
        lines = [line.replace("deb ", f"deb-src {_signed_by()}", 1) for line in _suites()]
        (home / "sources.list").write_text("\n".join(lines) + "\n")
        done = _run(["apt-get", "-qq", "-c", str(configuration), "update"])
        if not list((home / "state" / "lists").glob("*_Sources*")):
            said = _last_line(done.stderr)
            raise Problem(f"the index of Debian's source packages cannot be had: {said}")
    return configuration


def _suites() -> list[str]:
    lines = deb_lines(SYSTEMS["debian"].release)
    if not lines:
        raise Problem("no Debian mirror is known here: apt has read no index; run apt-get update")
    return lines


def _signed_by() -> str:
    return f"[signed-by={KEYRING}] " if KEYRING.exists() else ""


def _source(configuration: Path) -> list[str]:
    return ["apt-get", "-c", str(configuration), "source", "--only-source", "--tar-only"]


def _offered(package: str, configuration: Path) -> tuple[str, str, str]:
    done = _run([*_source(configuration), "-qq", "--print-uris", package])
    for file, sha256 in OFFERED.findall(done.stdout):
        match = ORIGINAL.match(file)
        if match:
            return file, sha256, match["version"]
    raise Problem(f"there is no source package {package} in Debian 12")


def _not_fetched(errors: str, file: str) -> Problem:
    if "Hash Sum mismatch" in errors:
        return Refused(f"bad checksum: {file} is not what Debian's index lists")
    found = NOT_FETCHED.search(errors)
    if found:
        said = " ".join(found[2].split())
        return Problem(f"Debian's archive lists {found[1]} but answers {said}")
    return Problem(f"apt-get cannot fetch {file}: {_last_line(errors)}")


def _last_line(errors: str) -> str:
    lines = errors.strip().splitlines() or ["no reason given"]
    return ADDRESS.sub("", lines[-1])


# pip asks a source distribution for its metadata before it keeps the file, which runs a foreign
# setup.py (and fails with one of Python 2). This backend answers instead of setuptools.
BACKEND = """\
from pathlib import Path


class Backend:
    def get_requires_for_build_wheel(self, settings=None):
        return []

    def prepare_metadata_for_build_wheel(self, directory, settings=None):
        folder = Path(directory, "{project}-{version}.dist-info")
        folder.mkdir()
        text = "Metadata-Version: 2.1\\nName: {project}\\nVersion: {version}\\n"
        folder.joinpath("METADATA").write_text(text)
        return folder.name


__legacy__ = Backend()
"""


def _bare_python(scratch: Path, wanted: Pypi) -> Path:
    """A Python with no package but a setuptools that knows just what is wanted."""
    home = scratch / "python"
    venv.create(home, with_pip=False, symlinks=True)
    (packages,) = home.glob("lib/python*/site-packages")
    (packages / "setuptools").mkdir()
    (packages / "setuptools" / "__init__.py").touch()
    text = BACKEND.format(project=wanted.project, version=wanted.version)
    (packages / "setuptools" / "build_meta.py").write_text(text)
    return home / "bin" / "python"
