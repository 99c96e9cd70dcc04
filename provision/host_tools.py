"""The programs that the suite needs on this host, and the Debian packages that bring them."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

_HOST_PACKAGES = Path(__file__).parent / "host-packages"


def missing_tools(*groups: str) -> dict[str, str]:
    """The programs of those groups that this host lacks, with the Debian package of each.

    The groups are the first column of provision/host-packages.
    """
    lines = (line.split() for line in _HOST_PACKAGES.read_text().splitlines() if line[:1] != "#")
    needed = {program: package for group, program, package in lines if group in groups}
    path = f"{os.environ['PATH']}:/usr/sbin:/sbin"
    return {
        program: package
        for program, package in needed.items()
        if shutil.which(program, path=path) is None
    }
