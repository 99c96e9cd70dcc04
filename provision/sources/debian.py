"""Source archives from Debian's source packages, fetched by an apt of the suite's own."""

from __future__ import annotations

import functools
import re
import textwrap
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock

from provision.bootstrap.debian import source_lines
from provision.errors import Problem
from provision.provider import Notify
from provision.scratch import scratch_folder
from provision.sources.archives import (
    Archive,
    ArchiveRejected,
    archive_path,
    last_line,
    run_fetcher,
    store,
    verify,
)
from provision.systems import SYSTEMS

_KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
_ORIGINAL = re.compile(r"^[^_]+_(?P<version>.+?)(\.orig)?\.tar\.\w+$")
_OFFERED = re.compile(r"^'[^']+' (?P<file>\S+) \d+ SHA256:(?P<sha256>[0-9a-f]{64})$", re.MULTILINE)
_NOT_FETCHED = re.compile(r"^E: Failed to fetch \S*/(\S+)\s+(.*?)(?:\s+\[IP.*)?$", re.MULTILINE)


@dataclass(frozen=True)
class _Offer:
    """What Debian's index says of a package's upstream archive."""

    file: str
    sha256: str
    version: str


@dataclass(frozen=True)
class Debian:
    """The pristine upstream archive of a Debian source package, in Debian 12."""

    package: str

    def fetch(self, cache: Path, notify: Notify) -> Archive:
        """The version in the index. Raises Problem, and ArchiveRejected for a wrong checksum."""
        notify(f"asking Debian's index for {self.package}")
        configuration = _configure_apt((cache / "apt").absolute())
        offer = _find_offer(self.package, configuration)
        origin = f"Debian source package {self.package}"
        path = archive_path(cache, offer.sha256, offer.file)
        if path.exists():
            verify(path, offer.sha256)
            return Archive(path, offer.version, offer.sha256, origin)
        notify(f"fetching {offer.file}")
        with scratch_folder(cache, "fetch") as scratch:
            command = [*_apt_source(configuration), "-qq", "--download-only", self.package]
            done = run_fetcher(command, cwd=scratch)
            if not (scratch / offer.file).exists() or done.returncode:
                raise _fetch_error(done.stderr, offer.file)
            store(scratch / offer.file, offer.sha256, path)
        return Archive(path, offer.version, offer.sha256, origin)


@functools.cache
def _configure_apt(home: Path) -> Path:
    """Set up an apt that knows Debian 12's source packages only; returns its configuration file.

    It uses neither the host's state nor the host's configuration, which may have update hooks.
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
        lines = [line.replace("deb ", f"deb-src {_signed_by()}", 1) for line in _host_deb_lines()]
        (home / "sources.list").write_text("\n".join(lines) + "\n")
        done = run_fetcher(["apt-get", "-qq", "-c", str(configuration), "update"])
        if not list((home / "state" / "lists").glob("*_Sources*")):
            reason = last_line(done.stderr)
            raise Problem(f"apt cannot fetch the index of Debian's source packages: {reason}")
    return configuration


def _host_deb_lines() -> list[str]:
    lines = source_lines(SYSTEMS["debian"])
    if not lines:
        raise Problem("no Debian mirror is known here: apt has read no index; run apt-get update")
    return lines


def _signed_by() -> str:
    return f"[signed-by={_KEYRING}] " if _KEYRING.exists() else ""


def _apt_source(configuration: Path) -> list[str]:
    return ["apt-get", "-c", str(configuration), "source", "--only-source", "--tar-only"]


def _find_offer(package: str, configuration: Path) -> _Offer:
    done = run_fetcher([*_apt_source(configuration), "-qq", "--print-uris", package])
    for file, sha256 in _OFFERED.findall(done.stdout):
        match = _ORIGINAL.match(file)
        if match:
            return _Offer(file, sha256, match["version"])
    raise Problem(f"there is no source package {package} in Debian 12")


def _fetch_error(errors: str, file: str) -> Problem:
    if "Hash Sum mismatch" in errors:
        return ArchiveRejected(f"bad checksum: {file} is not what Debian's index lists")
    failure = _NOT_FETCHED.search(errors)
    if failure:
        answer = " ".join(failure[2].split())
        return Problem(f"Debian's archive lists {failure[1]} but answers {answer}")
    return Problem(f"apt-get cannot fetch {file}: {last_line(errors)}")
