"""The images that embedded guests start from, each built once and kept in the cache."""

from __future__ import annotations

import hashlib
import os
import platform
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import IO

from filelock import FileLock

from provision.cache import cache_folder
from provision.errors import Problem
from provision.hygiene import QUIET
from provision.lxc import abi_check
from provision.provider import Say, Unavailable, silent
from provision.systems import System

# A range far above those which /etc/subuid hands out to people.
SHIFT = 1_100_000_000
RANGE = 65_536
_SHIFTED = ("lxc-usernsexec", "-m", f"b:0:{SHIFT}:{RANGE}", "--")
_TEMPLATES = Path(__file__).parents[1] / "rootfs"
# The namespaces end with the tool, and its mounts, devices and agents with them, whoever dies.
_ALONE = ("setpriv", "--pdeathsig=KILL", "unshare", "--mount", "--pid", "--mount-proc",
          "--fork", "--kill-child=KILL", "--")  # fmt: skip
# A command in a folder whose dev/null works for its time, as $0 and its arguments.
_WITH_NULL = (
    "set -e; touch dev/null; mount --bind /dev/null dev/null;"
    ' code=0; "$0" "$@" || code=$?; umount dev/null; rm dev/null; exit $code'
)
# Where pacman's keys are seen while it works: GnuPG's sockets want a short path.
_KEYS = Path("/mnt")
_ARCH_KEYS = Path("/usr/share/keyrings")
_ARCH_MIRRORS = Path("/etc/pacman.d/mirrorlist")
_ARCH_FIRST_DAY = date(2013, 8, 31)
# The day on which Arch's community repository became part of extra.
_ARCH_ONE_REPOSITORY = date(2023, 5, 22)
_UBUNTU_KEYS = Path("/usr/share/keyrings/ubuntu-archive-keyring.gpg")
# Where apt keeps what it downloads, in the root that it works on.
_APT_DOWNLOADS = ("var/cache/apt/archives", "var/lib/apt/lists")


def key_file() -> Path:
    """The key that opens every guest on this host, made at first use."""
    # Of a kind that OpenSSH 5.9 knows, too.
    folder, name = cache_folder() / "key", "id_ecdsa"
    with FileLock(cache_folder() / "key.lock"):
        if not folder.exists():
            with tempfile.TemporaryDirectory(dir=cache_folder(), prefix="key-") as scratch:
                made = Path(scratch) / folder.name
                made.mkdir()
                _tool(["ssh-keygen", "-q", "-t", "ecdsa", "-N", "", "-C", "guest",
                       "-f", str(made / name)])  # fmt: skip
                made.rename(folder)
    return folder / name


def image(system: System, say: Say = silent) -> Path:
    """The folder of that system's pristine root, built if it is not there. Raises Problem."""
    build = BUILDERS[system.name]
    recipe = "\n".join(
        [
            repr(replace(system, mirror=replace(system.mirror, aur=""))),
            key_file().with_suffix(".pub").read_text(),
            *_keyring_digest(system),
            *(path.read_text() for path in sorted(_TEMPLATES.rglob("*")) if path.is_file()),
            Path(__file__).read_text(),
            repr(QUIET),
        ]
    )
    digest = hashlib.sha256(recipe.encode()).hexdigest()[:16]
    folder = cache_folder() / "images" / f"{system.name}-{digest}"
    folder.parent.mkdir(exist_ok=True)
    with FileLock(f"{folder}.lock"):
        if not folder.exists():
            say(f"Building the image of {system.title}: about a minute, this once.")
            _build(system, folder, build)
    return folder


def lack(system: System) -> Unavailable | None:
    """Why no image of that system can be built from where it is to come from; None where it can."""
    mirror = system.mirror
    if system.name == "arch" and not mirror.url and not _ARCH_MIRRORS.exists():
        return Unavailable(
            "No mirror of Arch Linux is known here.",
            "--mirror=URL names one, with core/os/x86_64 below it.",
        )
    if system.name == "arch" and mirror.snapshot and mirror.day < _ARCH_FIRST_DAY:
        return Unavailable(
            f"Arch's dated archive begins on {_ARCH_FIRST_DAY}.", "Ask for a later --snapshot."
        )
    if system.name == "precise" and mirror.snapshot:
        return Unavailable(
            f"{system.title} is frozen: it has no dated archive.", "Leave --snapshot out."
        )
    if system.name == "precise" and not mirror.keyring and not _UBUNTU_KEYS.exists():
        return Unavailable(
            f"The keys that sign {system.title} are not here.",
            "--keyring=FILE names them: ubuntu-archive-keyring.gpg from Ubuntu's ubuntu-keyring.",
        )
    return None


def seen(system: System) -> System:
    """The system as its image says that it is: its title, if it calls itself something else than
    the system should, and whose PID 1 /sbin/init is.
    """
    root = image(system)
    says = dict(line.split("=", 1) for line in _lines(root / "etc" / "os-release") if "=" in line)
    itself = says.get("ID", system.distribution).strip('"') == system.distribution
    title = system.title if itself else says.get("PRETTY_NAME", "unknown").strip('"')
    return replace(system, title=title, init=_init(root))


def _lines(path: Path) -> list[str]:
    # The guest's own links are not followed: an absolute one would lead into the host.
    release = path.parent.parent / "usr" / "lib" / path.name if path.is_symlink() else path
    return release.read_text().splitlines() if release.exists() else []


def _init(root: Path) -> str:
    link = root / "sbin" / "init"
    if link.is_symlink() and link.readlink().name == "systemd":
        return "systemd"
    return "upstart" if (root / "sbin" / "initctl").exists() else "sysvinit"


def _keyring_digest(system: System) -> list[str]:
    keyring = system.mirror.keyring
    return [hashlib.sha256(Path(keyring).read_bytes()).hexdigest()] if keyring else []


def _build(system: System, folder: Path, build: Callable[[System, Path, Path], None]) -> None:
    prefix = f"build-{folder.name}-"
    for stale in folder.parent.glob(f"{prefix}*"):  # of a suite that was killed
        remove_tree(stale)
    # It outlives a build that fails: the next one fetches only what is missing.
    downloads = cache_folder() / "downloads" / folder.name
    downloads.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=prefix) as scratch:
        archive = Path(scratch) / "root.tar"
        build(system, archive, downloads)
        root = Path(scratch) / "root"
        shifted_folder(root)
        _unpack(archive, root)
        abi_check.check(system, root, (*_SHIFTED, "chroot", "."))
        _dress(root)
        root.rename(folder)
    remove_tree(downloads)


def _unpack(archive: Path, root: Path, *how: str) -> None:
    # From inside the folder: the shifted root may not be allowed to walk down to it.
    with archive.open("rb") as stream:
        _tool(
            [*_SHIFTED, "tar", "-x", "--numeric-owner", "--xattrs", "--xattrs-include=*",
             "--exclude=./dev/*", *how, "-f", "-"],
            stdin=stream,
            cwd=root,
        )  # fmt: skip


def _dress(root: Path) -> None:
    """Lay the suite's own files over the root, and let the key in."""
    with tempfile.TemporaryDirectory(dir=root.parent) as scratch:
        tree = Path(scratch) / "tree"
        shutil.copytree(_TEMPLATES, tree)
        ssh = tree / "root" / ".ssh"
        ssh.mkdir(parents=True)
        shutil.copy(key_file().with_suffix(".pub"), ssh / "authorized_keys")
        packed = Path(scratch) / "tree.tar"
        _tool(["tar", "-c", "--owner=0", "--group=0", "--mode=go-w", "-C", str(tree),
               "-f", str(packed), "."])  # fmt: skip
        _unpack(packed, root, "--no-overwrite-dir", "--keep-directory-symlink")
    quiet = f"{QUIET[_init(root)]} && ssh-keygen -A"
    _tool([*_ALONE, "sh", "-c", _WITH_NULL, *_SHIFTED, "chroot", ".", "/bin/sh", "-c", quiet],
          cwd=root)  # fmt: skip


def shifted_folder(path: Path) -> None:
    """Make a folder which belongs to the guests' root."""
    path.mkdir()
    os.chown(path, SHIFT, SHIFT)


def remove_tree(path: Path) -> None:
    """Remove a guest's tree, whoever its files belong to."""
    shutil.rmtree(path, ignore_errors=True)


def _debian(system: System, archive: Path, downloads: Path) -> None:
    mirror = system.mirror
    keyring = [f"--keyring={mirror.keyring}"] if mirror.keyring else []
    # Of all formats, only a directory's is not emptied by a failing mmdebstrap, downloads included.
    root = archive.parent / "debian"
    _tool(
        [*_ALONE, "env", f"TMPDIR={archive.parent}",
         "mmdebstrap", "--variant=apt", "--mode=root", "--format=directory",
         *(f"--setup-hook={_kept(place, downloads)}" for place in _APT_DOWNLOADS),
         "--skip=essential/unlink",
         f"--include={','.join(system.packages)}",
         "--aptopt=APT::Install-Recommends \"false\"",
         # Where a mirror fails, apt 2.6 may wait for ever for the time to try again; so: at once.
         "--aptopt=Acquire::Retries::Delay \"false\"",
         "--dpkgopt=path-exclude=/usr/share/man/*",
         "--dpkgopt=path-exclude=/usr/share/locale/*",
         *keyring, system.release, str(root),
         *(_from_mirror(system) if mirror.url else debian_sources(system.release))],
        name="mmdebstrap",
    )  # fmt: skip
    _pack(root, archive)


def _kept(place: str, downloads: Path) -> str:
    """A hook that lays a folder of the downloads over that place in mmdebstrap's root."""
    kept = downloads / place
    (kept / "partial").mkdir(parents=True, exist_ok=True)
    return f'mkdir -p "$1/{place}" && mount --bind {shlex.quote(str(kept))} "$1/{place}"'


def _from_mirror(system: System) -> list[str]:
    """Deb lines for the mirror asked for, or for its folder of the day asked for."""
    url, release = system.mirror.url, system.release
    if not system.mirror.snapshot:
        return [f"deb {url} {release} main"]
    day = f"{system.mirror.day:%Y%m%d}T000000Z"
    dated = "deb [check-valid-until=no]"
    return [
        f"{dated} {url}/archive/debian/{day} {release} main",
        f"{dated} {url}/archive/debian-security/{day} {release}-security main",
    ]


def _arch(system: System, archive: Path, downloads: Path) -> None:
    scratch = archive.parent
    root, keys, config = (scratch / name for name in ("arch", "gnupg", "pacman.conf"))
    for folder in (root, keys):
        folder.mkdir(mode=0o700 if folder == keys else 0o755)
    working = f"GPGDir = {_KEYS}\nCacheDir = {downloads}\n"
    config.write_text(_pacman_conf(system, working))
    alone = [*_ALONE, "sh", "-ec", f'mount --bind "$0" {_KEYS}; exec "$@"', str(keys)]
    _tool([*alone, "sh", "-ec", _trusted(system.mirror.keyring)], name="pacman-key")
    _tool([*alone, "pacstrap", "-C", str(config), "-c", "-G", "-M", str(root), *system.packages],
          name="pacstrap")  # fmt: skip
    shutil.copytree(keys, root / "etc/pacman.d/gnupg", dirs_exist_ok=True, ignore=_sockets)
    (root / "etc/pacman.conf").write_text(_pacman_conf(system, ""))
    _pack(root, archive)


def _trusted(keyring: str) -> str:
    """Shell commands that make pacman trust Arch's packagers, or that keyring's owner instead."""
    tool = f"pacman-key --gpgdir {_KEYS}"
    if not keyring:
        return f"{tool} --init; {tool} --populate-from {_ARCH_KEYS} --populate archlinux"
    shown = f"gpg --show-keys --with-colons {shlex.quote(keyring)} | grep -m1 ^fpr | cut -d: -f10"
    return f"{tool} --init; {tool} --add {shlex.quote(keyring)}; {tool} --lsign-key $({shown})"


def _sockets(folder: str, names: list[str]) -> list[str]:
    return [name for name in names if name.startswith("S.")]


def _pacman_conf(system: System, more: str) -> str:
    """Pacman's configuration for that system's mirror; more: further lines of its options."""
    mirror = system.mirror
    repositories = ["core", "extra"]
    if mirror.snapshot and mirror.day < _ARCH_ONE_REPOSITORY:
        repositories.append("community")
    day = f"/repos/{mirror.day:%Y/%m/%d}" if mirror.snapshot else ""
    servers = f"Server = {mirror.url}{day}/$repo/os/$arch\n"
    if not mirror.url:
        servers = _ARCH_MIRRORS.read_text()
    options = (
        f"Architecture = {platform.machine()}\n"
        f"SigLevel = Required DatabaseOptional\nLocalFileSigLevel = Optional\n{more}"
    )
    sections = [f"[{repository}]\n{servers}" for repository in repositories]
    return "\n".join([f"[options]\n{options}", *sections])


def _precise(system: System, archive: Path, downloads: Path) -> None:
    root = archive.parent / "precise"
    keyring = system.mirror.keyring or str(_UBUNTU_KEYS)
    _tool(
        [*_ALONE, "debootstrap", "--variant=minbase", "--force-check-gpg", f"--keyring={keyring}",
         "--components=main,universe", f"--include={','.join(system.packages)}",
         f"--cache-dir={downloads}",
         system.release, str(root), *([system.mirror.url] if system.mirror.url else [])],
        log=root / "debootstrap/debootstrap.log", name="debootstrap",
    )  # fmt: skip
    if system.mirror.keyring:
        shutil.copy(keyring, root / "etc/apt/trusted.gpg.d/mirror.gpg")
    _pack(root, archive)


def _pack(root: Path, archive: Path) -> None:
    _tool(["tar", "-c", "--numeric-owner", "--xattrs", "--xattrs-include=*", "--exclude=./dev/*",
           "-C", str(root), "-f", str(archive), "."])  # fmt: skip
    remove_tree(root)


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


# Each makes an archive of a root, and keeps in a folder what it has downloaded, whole or in part.
BUILDERS: dict[str, Callable[[System, Path, Path], None]] = {
    "debian": _debian,
    "arch": _arch,
    "precise": _precise,
}


def _tool(
    command: list[str],
    stdin: IO[bytes] | None = None,
    cwd: Path | None = None,
    log: Path | None = None,
    name: str = "",
) -> None:
    try:
        subprocess.run(command, stdin=stdin, cwd=cwd, capture_output=True, check=True)
    except FileNotFoundError as failure:
        raise Problem(
            f"{command[0]} is not installed, so no image can be built.",
            advice="./inv doctor shows what this host needs.",
        ) from failure
    except subprocess.CalledProcessError as failure:
        said = failure.stderr + (log.read_bytes() if log and log.exists() else failure.stdout)
        raise Problem(
            f"{name or command[0]} failed with exit code {failure.returncode}.",
            known=f"{_end(said.decode(errors='replace'))}\n"
            f"{shutil.disk_usage(cache_folder()).free >> 20} MiB are free in {cache_folder()}.",
            advice="Run the same command again once the cause is gone: downloads are kept.",
        ) from failure


def _end(said: str) -> str:
    """The last lines of what a tool said, those cut short that name every package."""
    return "\n".join(line[:300] for line in said.strip().splitlines()[-30:])
