"""Programs from registries that a guest cannot reach: fetched by the host, once, for all guests."""

from __future__ import annotations

import hashlib
import io
import tarfile
from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock

from provision.cache import cache_folder
from provision.errors import Problem
from provision.scratch import scratch_folder
from provision.sources.packages import PackageSource

if TYPE_CHECKING:
    from provision.guests.guest import Guest
    from provision.systems import System


@dataclass(frozen=True)
class HostFetched(PackageSource):
    """A project of a registry with all that it depends on, in a folder of its own below /opt.

    lock: the file that pins each package by its version and checksum. needs: the system's packages
    that it requires. chosen: another version than the lock's, with dependencies that the registry
    chooses, for which it alone vouches; empty for the lock's.
    """

    project: str
    lock: Path
    needs: PackageSource
    chosen: str = ""

    def __str__(self) -> str:
        return f"{self.kind}: {self.project} {self.chosen or self.locked_version}"

    @property
    def key(self) -> str:
        """What it is, and the lock's content, wherever the checkout lies."""
        return f"{self}\n{self.needs.key}\n{self.lock.read_text()}"

    @property
    def folder(self) -> str:
        """Where it is in a guest."""
        return f"/opt/{self.project}"

    @property
    @abstractmethod
    def locked_version(self) -> str:
        """The version that the lock pins."""

    @property
    @abstractmethod
    def by_hand(self) -> str:
        """The command by which a person installs it on a machine that reaches the registry."""

    @abstractmethod
    def install_fetched(self, guest: Guest) -> None:
        """Fetch it on the host, and install it in the guest without a network. Raises Problem."""

    def why_unavailable(self, system: System) -> str:
        return self.needs.why_unavailable(system)

    def install(self, guest: Guest) -> None:
        """Install what it needs, then the project. Raises Problem."""
        self.needs.install(guest)
        guest.install_fetched(lambda: self.install_fetched(guest), self.by_hand)

    def fetched(self, target: str, fetch: Callable[[Path], None]) -> Path:
        """Return the folder of the cache that `fetch` has filled, now or earlier.

        target: what its content depends on beside the key. Raises Problem where `fetch` does.
        """
        folder = self.cached(target)
        folder.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{folder}.lock"):
            if not folder.is_dir():
                with scratch_folder(folder.parent, "fetch") as scratch:
                    fetch(scratch)
                    (scratch / "fetched").rename(folder)
        return folder

    def unreachable(self, fetcher: str, reason: str) -> Problem:
        """Return the error of a fetcher (npm, pip) that could not fetch it."""
        return Problem(
            f"{fetcher} cannot fetch {self.project} {self.chosen or self.locked_version}: {reason}",
            known=f"This host fetches it from the registry that its {fetcher} is set up for.",
            advice="Try again where that registry can be reached, or name others by --only.",
        )

    def cached(self, target: str) -> Path:
        """Return where the cache keeps it."""
        digest = hashlib.sha256(f"{self.key}\n{target}".encode()).hexdigest()
        return cache_folder() / "sources" / self.kind / digest


def pack_folder(folder: Path) -> io.BytesIO:
    """Return a tar archive of what a folder holds, readable by all, whatever the caller's umask."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        tar.add(folder, ".", filter=_readable)
    archive.seek(0)
    return archive


def _readable(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.mode = 0o755 if entry.isdir() or entry.mode & 0o100 else 0o644
    return entry
