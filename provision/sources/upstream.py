"""Source archives from a project's own address."""

from __future__ import annotations

import shutil
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from provision.errors import Problem
from provision.provider import Notify
from provision.scratch import scratch_folder
from provision.sources.archives import Archive, archive_path, store, verify

_SECONDS_TO_ANSWER = 30


@dataclass(frozen=True)
class Upstream:
    """A release at its project's own address; without a known checksum it is not fetched."""

    address: str
    version: str
    sha256: str

    def fetch(self, cache: Path, notify: Notify) -> Archive:
        """That file and no other. Raises Problem, and ArchiveRejected for a wrong checksum."""
        if not self.sha256:
            raise Problem(f"no checksum of {self.address} is known, so it is not fetched")
        path = archive_path(cache, self.sha256, self.address.rsplit("/", 1)[-1])
        if path.exists():
            verify(path, self.sha256)
            return Archive(path, self.version, self.sha256, self.address)
        notify(f"fetching {self.address}")
        with scratch_folder(cache, "fetch") as scratch:
            download = scratch / path.name
            self._download(download)
            store(download, self.sha256, path)
        return Archive(path, self.version, self.sha256, self.address)

    def _download(self, target: Path) -> None:
        try:
            with (
                urllib.request.urlopen(self.address, timeout=_SECONDS_TO_ANSWER) as answer,
                target.open("wb") as file,
            ):
                shutil.copyfileobj(answer, file)
        except urllib.error.HTTPError as error:
            raise Problem(f"{self.address} answers {error.code} {error.reason}") from error
        except (OSError, ValueError) as error:
            reason = getattr(error, "reason", error)
            text = getattr(reason, "strerror", None) or reason
            raise Problem(f"{self.address} cannot be reached: {text}") from error
