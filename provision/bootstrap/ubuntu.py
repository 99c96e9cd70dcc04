"""Ubuntu 12.04's root, by debootstrap."""

from __future__ import annotations

import shutil
from pathlib import Path

from provision.bootstrap.tools import ISOLATED, pack_root, run_tool
from provision.provider import Unavailable
from provision.systems import System

_KEYS = Path("/usr/share/keyrings/ubuntu-archive-keyring.gpg")


def why_unavailable(system: System) -> Unavailable | None:
    """Why no root can be built from the system's mirror; None where it can."""
    if system.mirror.snapshot:
        return Unavailable(
            f"{system.title} is frozen: it has no dated archive.", "Leave --snapshot out."
        )
    if not system.mirror.keyring and not _KEYS.exists():
        return Unavailable(
            f"The keys that sign {system.title} are not here.",
            "--keyring=FILE names them: ubuntu-archive-keyring.gpg from Ubuntu's ubuntu-keyring.",
        )
    return None


def build(system: System, archive: Path, downloads: Path) -> None:
    """Build the root as an archive, with its packages' downloads kept. Raises Problem."""
    root = archive.parent / "precise"
    keyring = system.mirror.keyring or str(_KEYS)
    run_tool(
        [*ISOLATED, "debootstrap", "--variant=minbase", "--force-check-gpg",
         f"--keyring={keyring}",
         "--components=main,universe", f"--include={','.join(system.packages)}",
         f"--cache-dir={downloads}",
         system.release, str(root), *([system.mirror.url] if system.mirror.url else [])],
        log=root / "debootstrap/debootstrap.log", name="debootstrap",
    )  # fmt: skip
    if system.mirror.keyring:
        shutil.copy(keyring, root / "etc/apt/trusted.gpg.d/mirror.gpg")
    pack_root(root, archive)
