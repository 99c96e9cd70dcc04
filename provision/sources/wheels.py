"""A project on PyPI with what it depends on, as wheels in a virtual environment of the guest."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from provision.sources.archives import ArchiveRejected, last_line, run_fetcher
from provision.sources.host_fetched import HostFetched, pack_folder
from provision.sources.pip_versions import pypi_versions

if TYPE_CHECKING:
    from provision.guests.guest import Guest

# The manylinux platforms of PEP 600 begin with this version of the C library.
_OLDEST_GLIBC = 5
_ASK_PYTHON = (
    "import platform, sys;"
    " print('%d.%d' % sys.version_info[:2], platform.libc_ver()[1], platform.machine())"
)


@dataclass(frozen=True)
class Wheels(HostFetched):
    """A project on PyPI, in a virtual environment. lock: a requirements file with checksums.

    The lock has a checksum for each wheel that a guest may need: of each Python and processor.
    """

    kind = "pip"

    @property
    def locked_version(self) -> str:
        pinned = re.search(rf"^{self.project}==(\S+)", self.lock.read_text(), re.MULTILINE)
        assert pinned, f"{self.lock} does not pin {self.project}"
        return pinned[1]

    @property
    def by_hand(self) -> str:
        version = self.chosen or self.locked_version
        return (
            f"python3 -m venv {self.folder} && {self.folder}/bin/pip install"
            f" {self.project}=={version}"
        )

    def at(self, version: str) -> Wheels:
        """Return the source of one version."""
        return replace(self, chosen=version)

    def versions(self) -> list[str]:
        """Return every version that the index has, the newest first. Raises Problem."""
        return pypi_versions(self.project)

    def install_fetched(self, guest: Guest) -> None:
        target = guest.run(f'{guest.system.python} -c "{_ASK_PYTHON}"').stdout
        wheels = self.fetched(target, lambda scratch: self._download(scratch, target))
        brought = "/root/wheels"
        guest.unpack(pack_folder(wheels), "wheels.tar", into=brought)
        guest.run(
            f"{guest.system.python} -m venv {self.folder} && {self.folder}/bin/pip install"
            f" --quiet --no-index --find-links {brought} {brought}/*.whl && rm -r {brought}",
            timeout=300,
        )

    def _download(self, scratch: Path, target: str) -> None:
        """Download the wheels for a Python, a C library and a processor, as the guest named them.

        pip checks the checksums. Raises Problem, and ArchiveRejected for a wrong checksum.
        """
        python, glibc, machine = target.split()
        newest = int(glibc.split(".")[1])
        command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "download"]
        command += ["--quiet", "--only-binary=:all:", "--implementation=cp"]
        command += [f"--python-version={python}", "--dest=fetched"]
        command += [
            f"--platform=manylinux_2_{minor}_{machine}"
            for minor in range(_OLDEST_GLIBC, newest + 1)
        ]
        if self.chosen:
            command += [f"{self.project}=={self.chosen}"]
        else:
            command += ["--require-hashes", "--requirement", str(self.lock)]
        done = run_fetcher(command, cwd=scratch)
        if "HASHES" in done.stderr:
            raise ArchiveRejected(f"bad checksum: {self} is not what {self.lock.name} pins")
        if done.returncode:
            raise self.unreachable("pip", last_line(done.stderr))
