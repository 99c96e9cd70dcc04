"""Debian's root, by mmdebstrap."""

from __future__ import annotations

import shlex
import subprocess
from pathlib import Path

from provision.bootstrap.tools import ISOLATED, pack_root, run_tool
from provision.systems import System

# Where apt keeps what it downloads, relative to the root that it works on.
_APT_DOWNLOADS = ("var/cache/apt/archives", "var/lib/apt/lists")


def build(system: System, archive: Path, downloads: Path) -> None:
    """Build the root as an archive, with its packages' downloads kept. Raises Problem."""
    mirror = system.mirror
    keyring = [f"--keyring={mirror.keyring}"] if mirror.keyring else []
    # A failing mmdebstrap empties the root of every format but a directory, downloads included.
    root = archive.parent / "debian"
    run_tool(
        [*ISOLATED, "env", f"TMPDIR={archive.parent}",
         "mmdebstrap", "--variant=apt", "--mode=root", "--format=directory",
         *(f"--setup-hook={_mount_downloads(place, downloads)}" for place in _APT_DOWNLOADS),
         "--skip=essential/unlink",
         f"--include={','.join(system.packages)}",
         "--aptopt=APT::Install-Recommends \"false\"",
         # Where a mirror fails, apt 2.6 may wait for ever before it tries again: let it not wait.
         "--aptopt=Acquire::Retries::Delay \"false\"",
         "--dpkgopt=path-exclude=/usr/share/man/*",
         "--dpkgopt=path-exclude=/usr/share/locale/*",
         *keyring, system.release, str(root),
         *(_mirror_lines(system) if mirror.url else deb_lines(system.release))],
        name="mmdebstrap",
    )  # fmt: skip
    pack_root(root, archive)


def _mount_downloads(place: str, downloads: Path) -> str:
    """A hook that mounts a folder of the downloads over that place in mmdebstrap's root."""
    folder = downloads / place
    (folder / "partial").mkdir(parents=True, exist_ok=True)
    return f'mkdir -p "$1/{place}" && mount --bind {shlex.quote(str(folder))} "$1/{place}"'


def _mirror_lines(system: System) -> list[str]:
    """Lines of sources.list for the system's mirror, or for one day of its dated archive."""
    url, release = system.mirror.url, system.release
    if not system.mirror.snapshot:
        return [f"deb {url} {release} main"]
    day = f"{system.mirror.day:%Y%m%d}T000000Z"
    dated = "deb [check-valid-until=no]"
    return [
        f"{dated} {url}/archive/debian/{day} {release} main",
        f"{dated} {url}/archive/debian-security/{day} {release}-security main",
    ]


def deb_lines(release: str) -> list[str]:
    """Lines of sources.list for a release, from the mirrors that this host's own apt uses.

    Empty where apt has read no index: mmdebstrap then uses its own default.
    """
    targets = subprocess.run(
        ["apt-get", "indextargets", "--format",
         "$(ORIGIN)|$(LABEL)|$(SITE)|$(REPO_URI)|$(COMPONENT)", "Created-By: Packages"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    mirrors: dict[str, str] = {}
    for line in targets.stdout.splitlines():
        origin, label, _, uri, component = line.split("|")
        if origin == "Debian" and component == "main":
            mirrors.setdefault(label, uri)
    lines = []
    if "Debian" in mirrors:
        lines.append(f"deb {mirrors['Debian']} {release} main")
    if "Debian-Security" in mirrors and release != "sid":
        lines.append(f"deb {mirrors['Debian-Security']} {release}-security main")
    return lines
