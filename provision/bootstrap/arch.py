"""Arch's root, by pacstrap."""

from __future__ import annotations

import platform
import shlex
import shutil
from datetime import date
from pathlib import Path

from provision.bootstrap.tools import ISOLATED, pack_root, run_tool
from provision.provider import Unavailable
from provision.systems import System

# Where pacman's keys are mounted while it works: GnuPG's sockets need a short path.
_KEYS = Path("/mnt")
_KEYRINGS = Path("/usr/share/keyrings")
_MIRRORS = Path("/etc/pacman.d/mirrorlist")
_FIRST_DAY = date(2013, 8, 31)
# The day on which Arch's repository `community` became part of `extra`.
_ONE_REPOSITORY = date(2023, 5, 22)


def why_unavailable(system: System) -> Unavailable | None:
    """Why no root can be built from the system's mirror; None where it can."""
    mirror = system.mirror
    if not mirror.url and not _MIRRORS.exists():
        return Unavailable(
            "No mirror of Arch Linux is known here.",
            "--mirror=URL names one, with core/os/x86_64 below it.",
        )
    if mirror.snapshot and mirror.day < _FIRST_DAY:
        return Unavailable(
            f"Arch's dated archive begins on {_FIRST_DAY}.", "Give a later day with --snapshot."
        )
    return None


def build(system: System, archive: Path, downloads: Path) -> None:
    """Build the root as an archive, with its packages' downloads kept. Raises Problem."""
    scratch = archive.parent
    root, keys, config = (scratch / name for name in ("arch", "gnupg", "pacman.conf"))
    root.mkdir(mode=0o755)
    keys.mkdir(mode=0o700)
    config.write_text(_pacman_conf(system, f"GPGDir = {_KEYS}\nCacheDir = {downloads}\n"))
    with_keys = [*ISOLATED, "sh", "-ec", f'mount --bind "$0" {_KEYS}; exec "$@"', str(keys)]
    run_tool([*with_keys, "sh", "-ec", _trust_commands(system.mirror.keyring)], name="pacman-key")
    run_tool(
        [*with_keys, "pacstrap", "-C", str(config), "-c", "-G", "-M", str(root), *system.packages],
        name="pacstrap",
    )
    shutil.copytree(keys, root / "etc/pacman.d/gnupg", dirs_exist_ok=True, ignore=_sockets)
    (root / "etc/pacman.conf").write_text(_pacman_conf(system, ""))
    pack_root(root, archive)


def _trust_commands(keyring: str) -> str:
    """Shell commands that make pacman trust the keyring's owner; empty: Arch's packagers."""
    tool = f"pacman-key --gpgdir {_KEYS}"
    if not keyring:
        return f"{tool} --init; {tool} --populate-from {_KEYRINGS} --populate archlinux"
    file = shlex.quote(keyring)
    fingerprint = f"gpg --show-keys --with-colons {file} | grep -m1 ^fpr | cut -d: -f10"
    return f"{tool} --init; {tool} --add {file}; {tool} --lsign-key $({fingerprint})"


def _sockets(folder: str, names: list[str]) -> list[str]:
    """The sockets among a GnuPG folder's entries, for shutil.copytree to ignore."""
    return [name for name in names if name.startswith("S.")]


def _pacman_conf(system: System, more_options: str) -> str:
    """pacman.conf for the system's mirror."""
    mirror = system.mirror
    repositories = ["core", "extra"]
    if mirror.snapshot and mirror.day < _ONE_REPOSITORY:
        repositories.append("community")
    day = f"/repos/{mirror.day:%Y/%m/%d}" if mirror.snapshot else ""
    servers = f"Server = {mirror.url}{day}/$repo/os/$arch\n"
    if not mirror.url:
        servers = _MIRRORS.read_text()
    options = (
        f"Architecture = {platform.machine()}\n"
        f"SigLevel = Required DatabaseOptional\nLocalFileSigLevel = Optional\n{more_options}"
    )
    sections = [f"[{repository}]\n{servers}" for repository in repositories]
    return "\n".join([f"[options]\n{options}", *sections])
