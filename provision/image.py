"""The images that embedded guests start from, each built once and kept in the cache."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import IO

from filelock import FileLock

from provision.cache import cache_folder
from provision.errors import Problem
from provision.systems import System

# A range far above those which /etc/subuid hands out to people.
SHIFT = 1_100_000_000
RANGE = 65_536
_SHIFTED = ("lxc-usernsexec", "-m", f"b:0:{SHIFT}:{RANGE}", "--")
_TEMPLATES = Path(__file__).parent / "image"


def key_file() -> Path:
    """The key that opens every guest on this host, made at first use."""
    path = cache_folder() / "key" / "id_ed25519"
    with FileLock(cache_folder() / "key.lock"):
        if not path.exists():
            path.parent.mkdir(exist_ok=True)
            subprocess.run(
                ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "guest", "-f", str(path)],
                check=True,
            )
    return path


def image(system: System) -> Path:
    """The folder of that system's pristine root, built if it is not there. Raises Problem."""
    build = BUILDERS[system.name]
    recipe = "\n".join(
        [
            repr(system),
            key_file().with_suffix(".pub").read_text(),
            *(path.read_text() for path in sorted(_TEMPLATES.rglob("*")) if path.is_file()),
            Path(__file__).read_text(),
        ]
    )
    digest = hashlib.sha256(recipe.encode()).hexdigest()[:16]
    folder = cache_folder() / "images" / f"{system.name}-{digest}"
    folder.parent.mkdir(exist_ok=True)
    with FileLock(f"{folder}.lock"):
        if not folder.exists():
            _build(system, folder, build)
    return folder


def _build(system: System, folder: Path, build: Callable[[System, Path], None]) -> None:
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix="build-") as scratch:
        archive = Path(scratch) / "root.tar"
        build(system, archive)
        root = Path(scratch) / "root"
        shifted_folder(root)
        _unpack(archive, root)
        _dress(root)
        root.rename(folder)


def _unpack(archive: Path, root: Path) -> None:
    # From inside the folder: the shifted root may not be allowed to walk down to it.
    with archive.open("rb") as stream:
        _tool(
            [*_SHIFTED, "tar", "-x", "--numeric-owner", "--xattrs", "--xattrs-include=*",
             "--exclude=./dev/*", "-f", "-"],
            stdin=stream,
            cwd=root,
        )  # fmt: skip


def _dress(root: Path) -> None:
    """Lay the suite's own files over the root, and let the key in."""
    with tempfile.TemporaryDirectory() as scratch:
        tree = Path(scratch) / "tree"
        shutil.copytree(_TEMPLATES, tree)
        ssh = tree / "root" / ".ssh"
        ssh.mkdir(parents=True)
        shutil.copy(key_file().with_suffix(".pub"), ssh / "authorized_keys")
        packed = subprocess.run(
            ["tar", "-c", "--owner=0", "--group=0", "--mode=go-w", "-C", str(tree), "."],
            capture_output=True,
            check=True,
        )
        subprocess.run(
            [*_SHIFTED, "tar", "-x", "--no-overwrite-dir", "-f", "-"],
            input=packed.stdout,
            cwd=root,
            check=True,
        )


def shifted_folder(path: Path) -> None:
    """Make a folder which belongs to the guests' root."""
    path.mkdir()
    os.chown(path, SHIFT, SHIFT)


def remove_tree(path: Path) -> None:
    """Remove a guest's tree, whoever its files belong to."""
    shutil.rmtree(path, ignore_errors=True)


def _debian(system: System, archive: Path) -> None:
    _tool(
        ["mmdebstrap", "--quiet", "--variant=apt", "--mode=root", "--format=tar",
         f"--include={','.join(system.packages)}",
         "--aptopt=APT::Install-Recommends \"false\"",
         "--dpkgopt=path-exclude=/usr/share/man/*",
         "--dpkgopt=path-exclude=/usr/share/locale/*",
         system.release, str(archive), *debian_sources(system.release)],
    )  # fmt: skip


def debian_sources(release: str) -> list[str]:
    """Deb lines for a release, from the mirrors that this host itself uses; none: the default."""
    listed = subprocess.run(
        ["apt-get", "indextargets", "--format",
         "$(ORIGIN)|$(LABEL)|$(SITE)|$(REPO_URI)|$(COMPONENT)", "Created-By: Packages"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    mirrors: dict[str, str] = {}
    for line in listed.stdout.splitlines():
        origin, label, _, uri, component = line.split("|")
        if origin == "Debian" and component == "main":
            mirrors.setdefault(label, uri)
    lines = []
    if "Debian" in mirrors:
        lines.append(f"deb {mirrors['Debian']} {release} main")
    if "Debian-Security" in mirrors and release != "sid":
        lines.append(f"deb {mirrors['Debian-Security']} {release}-security main")
    return lines


BUILDERS: dict[str, Callable[[System, Path], None]] = {"debian": _debian}


def _tool(command: list[str], stdin: IO[bytes] | None = None, cwd: Path | None = None) -> None:
    try:
        subprocess.run(command, stdin=stdin, cwd=cwd, capture_output=True, check=True)
    except FileNotFoundError as failure:
        raise Problem(
            f"{command[0]} is not installed, so no image can be built.",
            advice="./inv doctor shows what this host needs.",
        ) from failure
    except subprocess.CalledProcessError as failure:
        raise Problem(
            f"{command[0]} failed with exit code {failure.returncode}.",
            known=failure.stderr.decode(errors="replace")[-3000:],
            advice="Run the same command again once the cause is gone; what was done is kept.",
        ) from failure
