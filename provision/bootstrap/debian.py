"""Debian's root, by mmdebstrap."""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from provision.bootstrap.tools import ISOLATED, pack_root, run_tool
from provision.errors import Problem
from provision.provider import Unavailable
from provision.systems import System

# Where apt keeps what it downloads, relative to the root that it works on.
_APT_DOWNLOADS = ("var/cache/apt/archives", "var/lib/apt/lists")
# The setting of apt's that refuses an index whose date of validity has passed.
_CHECK_AGE = "Acquire::Check-Valid-Until"


def why_unavailable(system: System) -> Unavailable | None:
    """Why no root can be built from the system's mirror; None where it can."""
    if system.mirror.snapshot and system.mirror.expired:
        return Unavailable(
            "--snapshot and --accept-expired say the same: a dated archive is always expired.",
            "Leave --accept-expired out.",
        )
    return None


def apt_age_options(system: System) -> tuple[str, ...]:
    """Return apt-get's options to take an index of any age, where the mirror may be expired."""
    return (f"-o {_CHECK_AGE}=false",) if system.mirror.may_be_expired else ()


def mmdebstrap_age_options(system: System) -> tuple[str, ...]:
    """Return the same for mmdebstrap, which keeps the setting in the root."""
    return (f'--aptopt={_CHECK_AGE} "false"',) if system.mirror.may_be_expired else ()


@contextmanager
def expiry_explained(system: System) -> Iterator[None]:
    """Name the option that accepts an index whose date of validity has passed, if apt refuses it.

    Raises Problem in place of apt's.
    """
    try:
        yield
    except Problem as problem:
        refusal = re.search(
            r"Release file for .* is expired \(invalid since ([^)]*)\)", str(problem)
        )
        if refusal is None:
            raise
        raise Problem(
            f"The mirror of {system.title} is out of date: apt refuses it, because its index was"
            f" valid until {refusal.group(1)} ago.",
            known="It is the copy of an archive that is no longer updated, or this host's clock is"
            " wrong.",
            advice="--accept-expired takes it all the same, and the run records that; --mirror=URL"
            " names another.",
        ) from problem


def build(system: System, archive: Path, downloads: Path) -> None:
    """Build the root as an archive, with its packages' downloads kept. Raises Problem."""
    mirror = system.mirror
    keyring = [f"--keyring={mirror.keyring}"] if mirror.keyring else []
    # A failing mmdebstrap empties the root of every format but a directory, downloads included.
    root = archive.parent / "debian"
    with expiry_explained(system):
        run_tool(
            [*ISOLATED, "env", f"TMPDIR={archive.parent}",
             "mmdebstrap", "--variant=apt", "--mode=root", "--format=directory",
             *(f"--setup-hook={_mount_downloads(place, downloads)}" for place in _APT_DOWNLOADS),
             "--skip=essential/unlink",
             f"--include={','.join(system.packages)}",
             "--aptopt=APT::Install-Recommends \"false\"",
             # Where a mirror fails, apt 2.6 may wait for ever before it tries again.
             "--aptopt=Acquire::Retries::Delay \"false\"",
             "--dpkgopt=path-exclude=/usr/share/man/*",
             "--dpkgopt=path-exclude=/usr/share/locale/*",
             *mmdebstrap_age_options(system), *keyring, system.release, str(root),
             *source_lines(system)],
            name="mmdebstrap",
        )  # fmt: skip
    _forget_any_age(root)
    pack_root(root, archive)


def _forget_any_age(root: Path) -> None:
    """Remove the setting from the root, where mmdebstrap keeps it: it is asked for at each use."""
    file = root / "etc/apt/apt.conf.d/99mmdebstrap"
    lines = file.read_text().splitlines(keepends=True)
    file.write_text("".join(line for line in lines if _CHECK_AGE not in line))


def _mount_downloads(place: str, downloads: Path) -> str:
    """A hook that mounts a folder of the downloads over that place in mmdebstrap's root."""
    folder = downloads / place
    (folder / "partial").mkdir(parents=True, exist_ok=True)
    return f'mkdir -p "$1/{place}" && mount --bind {shlex.quote(str(folder))} "$1/{place}"'


def source_lines(system: System) -> list[str]:
    """Lines of sources.list: of the system's mirror, its dated archive, or this host's mirrors.

    Empty where nobody named a mirror and this host's apt has read no index: mmdebstrap then uses
    its own default.
    """
    mirror = system.mirror
    if mirror.snapshot:
        day = f"{mirror.day:%Y%m%d}T000000Z"
        main, security = (
            f"{mirror.url}/archive/{part}/{day}" for part in ("debian", "debian-security")
        )
    elif mirror.url:
        main, security = mirror.url, ""
    else:
        main, security = host_mirrors()
    lines = [f"deb {main} {system.release} main"] if main else []
    if security and system.security:
        lines.append(f"deb {security} {system.release}-security main")
    return lines


def host_mirrors() -> tuple[str, str]:
    """The mirrors of Debian and of its security updates that this host's own apt uses, or ""."""
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
    return mirrors.get("Debian", ""), mirrors.get("Debian-Security", "")
