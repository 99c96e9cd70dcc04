"""The programs that the suite needs on this host, and the Debian packages that bring them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from provision.systems import System

_PACKAGES = Path(__file__).parent / "packages"


def missing_tools(*groups: str) -> dict[str, str]:
    """Return the programs of those groups that this host lacks, each with its Debian package.

    The groups are the first column of provision/host/packages.
    """
    lines = (line.split() for line in _PACKAGES.read_text().splitlines() if line[:1] != "#")
    needed = {program: package for group, program, package in lines if group in groups}
    return {
        program: package
        for program, package in needed.items()
        if shutil.which(program, path=search_path()) is None
    }


def search_path() -> str:
    """Return PATH, or the system's own one without that, with the folders of root's programs."""
    return f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"


def install_missing_tools(*groups: str) -> None:
    """Install the packages of missing programs with apt-get, and name them first.

    Does nothing for a user who is not root and on a host without apt-get: what needs a program says
    which one is missing. To be called once a request is known to make sense.
    """
    packages = sorted(set(missing_tools(*groups).values()))
    if not packages or os.geteuid() != 0 or shutil.which("apt-get") is None:
        return
    print(f"Installing with apt: {' '.join(packages)}", file=sys.stderr, flush=True)
    _apt_get("update")
    _apt_get("install", "-y", "--no-install-recommends", *packages)
    if "lxc" in packages:
        _switch_off_lxc_bridge()


def install_guest_tools(systems: Sequence[System], provider: str, box: str = "") -> None:
    """Install what embedded guests of those systems need, unless only virtual machines will do."""
    images = {f"image-{system.distribution}" for system in systems}
    if provider in ("auto", "lxc") and not box:
        install_missing_tools("lxc", *images, "daemon")


def _apt_get(*words: str) -> None:
    """Run apt-get with its output on standard error; a failure shows in what is still missing."""
    subprocess.run(
        ["apt-get", "-q", *words],
        env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
        stdin=subprocess.DEVNULL,
        stdout=sys.stderr,
        check=False,
    )


def _switch_off_lxc_bridge(file: Path = Path("/etc/default/lxc-net")) -> None:
    """Keep a freshly installed LXC from starting its bridge, which the suite does not use."""
    if not file.exists():
        return
    text = file.read_text()
    file.write_text(text.replace('USE_LXC_BRIDGE="true"', 'USE_LXC_BRIDGE="false"'))
