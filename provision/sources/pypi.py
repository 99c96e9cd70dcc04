"""Source archives from PyPI, fetched by pip without running any of their code."""

from __future__ import annotations

import sys
import venv
from dataclasses import dataclass
from pathlib import Path

from provision.errors import Problem
from provision.provider import Notify
from provision.scratch import scratch_folder
from provision.sources.archives import (
    Archive,
    ArchiveRejected,
    archive_path,
    checksum,
    last_line,
    run_fetcher,
    store,
    verify,
)

# pip asks a source distribution for its metadata before it keeps the file, which runs a foreign
# setup.py (and fails with one of Python 2). This backend answers instead of setuptools.
_BACKEND = """\
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

# Of the names of source distributions.
_ENDINGS = (".tar.gz", ".zip", ".tar.bz2", ".tgz")


@dataclass(frozen=True)
class Pypi:
    """A source distribution, from the package index that pip is set up for.

    sha256: its checksum; empty where only the index vouches for the file.
    """

    project: str
    version: str
    sha256: str = ""

    def fetch(self, cache: Path, notify: Notify) -> Archive:
        """That version. Raises Problem, and ArchiveRejected for a wrong checksum.

        Both pip and this program check a known checksum.
        """
        origin = f"PyPI {self.project} {self.version}"
        cached = self._find_cached(cache)
        if cached:
            sha256 = cached.parent.name
            verify(cached, sha256)
            return Archive(cached, self.version, sha256, origin)
        notify(f"fetching {self.project} {self.version} by pip")
        with scratch_folder(cache, "fetch") as scratch:
            download = self._download(scratch)
            sha256 = self.sha256 or checksum(download)
            path = archive_path(cache, sha256, download.name)
            store(download, sha256, path)
        return Archive(path, self.version, sha256, origin)

    def _find_cached(self, cache: Path) -> Path | None:
        """The file in the cache, whose folder is its checksum."""
        archives = cache / "archives"
        if self.sha256:
            return next((archives / self.sha256).glob("*"), None)
        # With the whole ending: a file of version 4.2.5 begins as one of 4.2 does.
        names = (f"{self.project}-{self.version}{ending}" for ending in _ENDINGS)
        return next((path for name in names for path in archives.glob(f"*/{name}")), None)

    def _download(self, scratch: Path) -> Path:
        requirements = scratch / "requirements.txt"
        pinned = f" --hash=sha256:{self.sha256}" if self.sha256 else ""
        requirements.write_text(f"{self.project}=={self.version}{pinned}\n")
        command = [sys.executable, "-m", "pip", "--python", str(self._bare_python(scratch))]
        command += ["--disable-pip-version-check", "download", "--quiet", "--no-deps"]
        command += ["--no-build-isolation", "--use-pep517", "--no-binary=:all:"]
        done = run_fetcher(
            [*command, "--dest", "downloads", "--requirement", requirements.name], cwd=scratch
        )
        if "HASHES" in done.stderr:
            raise ArchiveRejected(
                f"bad checksum: {self.project} {self.version} is not the file pinned"
            )
        downloads = list((scratch / "downloads").glob("*"))
        if done.returncode or len(downloads) != 1:
            reason = last_line(done.stderr)
            raise Problem(f"pip cannot fetch {self.project} {self.version}: {reason}")
        return downloads[0]

    def _bare_python(self, scratch: Path) -> Path:
        """A Python without any package but a setuptools that knows only this distribution."""
        home = scratch / "python"
        venv.create(home, with_pip=False, symlinks=True)
        (packages,) = home.glob("lib/python*/site-packages")
        (packages / "setuptools").mkdir()
        (packages / "setuptools" / "__init__.py").touch()
        backend = _BACKEND.format(project=self.project, version=self.version)
        (packages / "setuptools" / "build_meta.py").write_text(backend)
        return home / "bin" / "python"
