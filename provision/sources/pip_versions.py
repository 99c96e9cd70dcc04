"""Every version of a project on PyPI, as a package source each."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field

from provision.errors import Problem
from provision.sources.archives import last_line, run_fetcher
from provision.sources.packages import PackageSource, Pip
from provision.sources.pypi import Pypi


@dataclass(frozen=True)
class PipVersions:
    """A project on PyPI whose versions a guest can install.

    needs: the system's packages that all versions require. beside: what is installed before them.
    known: the checksums of some versions; pip checks the others by the index alone. python: the
    interpreter, where it is not the guest's usual one.
    """

    project: str
    needs: PackageSource
    beside: tuple[Pypi, ...] = ()
    known: Mapping[str, str] = field(default_factory=dict)
    python: str = ""

    def at(self, version: str) -> Pip:
        """The source of one version."""
        archive = Pypi(self.project, version, self.known.get(version, ""))
        return Pip((*self.beside, archive), self.needs, self.python)

    def versions(self) -> list[str]:
        """Every version that the index has, the newest first. Raises Problem."""
        return pypi_versions(self.project)


def pypi_versions(project: str) -> list[str]:
    """Return every version of a project that the index has, the newest first. Raises Problem."""
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    done = run_fetcher([*command, "index", "versions", project, "--pre"])
    listed = re.search(r"^Available versions: (.+)$", done.stdout, re.MULTILINE)
    if done.returncode or not listed:
        raise Problem(
            f"pip cannot list the versions of {project}: {last_line(done.stderr)}",
            advice="Run the same command again where the package index can be reached.",
        )
    return listed.group(1).split(", ")
