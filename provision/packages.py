"""How a program gets into a guest, one installer a source; and what the host itself needs."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from provision.guest import Guest

_HOST_PACKAGES = Path(__file__).parent / "host-packages"


def missing_tools(*groups: str) -> dict[str, str]:
    """Programs of those groups which this host lacks, with the Debian package of each."""
    lines = (line.split() for line in _HOST_PACKAGES.read_text().splitlines() if line[:1] != "#")
    wanted = {program: package for group, program, package in lines if group in groups}
    return {
        program: package
        for program, package in wanted.items()
        if shutil.which(program, path=f"{os.environ['PATH']}:/usr/sbin:/sbin") is None
    }


@dataclass(frozen=True)
class Apt:
    """Packages from the system's own Debian or Ubuntu archive."""

    packages: tuple[str, ...]

    def __str__(self) -> str:
        return f"apt: {', '.join(self.packages)}"

    def install(self, guest: Guest) -> None:
        """Install them, and nothing that is merely recommended. Raises Problem."""
        guest.run("apt-get -q update", timeout=300)
        guest.run(
            "DEBIAN_FRONTEND=noninteractive apt-get -q install -y --no-install-recommends "
            + " ".join(self.packages),
            timeout=900,
        )
        guest.run("apt-get clean; rm -rf /var/lib/apt/lists/*")

    def version(self, guest: Guest, package: str) -> str:
        """The package's version as the archive numbers it, e.g. 2.1.2-54."""
        return guest.run(f"dpkg-query -W -f '${{Version}}' {package}").stdout.strip()


@dataclass(frozen=True)
class Present:
    """Nothing to install: it comes with the guest, or with the suite itself."""

    def __str__(self) -> str:
        return "present"

    def install(self, guest: Guest) -> None:
        """Do nothing."""


Source = Apt | Present
