"""Archives in the form of Arch's and Ubuntu 12.04's, made from Debian's own packages.

A guest made from them is no Arch and no Ubuntu, and its /etc/os-release says so. But pacstrap,
debootstrap, pacman, makepkg and apt work with them as with the real archives.
"""

from __future__ import annotations

import os
import platform
import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from provision.bootstrap.debian import source_lines
from provision.systems import SYSTEMS

ARCH_TITLE = "Arch stand-in made from Debian 12 packages"
PRECISE_TITLE = "Ubuntu 12.04 stand-in made from Debian 11 packages"
RUNIT = "2.1.2"
_VERSION = "1-1"
# Packages of the stand-in, each with the Debian packages whose files it takes out of the base.
_ARCH: dict[str, dict[str, tuple[str, ...]]] = {
    "core": {"openssh": ("openssh-server", "openssh-client", "openssh-sftp-server")},
    "extra": {
        "base-devel": ("fakeroot", "libfakeroot", "libarchive-tools", "makepkg"),
        "git": ("git", "git-man"),
        "monit": ("monit",),
    },
}
_ARCH_SYSTEM = (
    "systemd-sysv", "python3-minimal", "libpython3-stdlib", "pacman-package-manager", "procps",
    "ca-certificates", "sudo",
)  # fmt: skip
_PYTHON = (
    "python3-minimal", "python3.11-minimal", "libpython3.11-minimal", "libpython3.11-stdlib",
)  # fmt: skip
_PRECISE = (
    "?essential", "?priority(required)", "apt", "sysvinit-core", "openssh-server", "procps",
    "python2.7", "python-setuptools", "runit",
)  # fmt: skip


class Signer:
    """A key made for the test, which signs the archives' packages and indexes."""

    def __init__(self, home: Path) -> None:
        home.mkdir(mode=0o700)
        self._home = home
        self.public = home.parent / "test-key.gpg"
        self.run(
            "gpg", "--batch", "--passphrase", "", "--quick-generate-key",
            "Test <test@localhost>", "rsa3072", "sign", "never",
        )  # fmt: skip
        self.public.write_bytes(self.run("gpg", "--export"))

    def run(self, *command: str, cwd: Path | None = None) -> bytes:
        """Run a command that sees this key only; returns its output."""
        environment = {**os.environ, "GNUPGHOME": str(self._home), "LC_ALL": "C.UTF-8"}
        return subprocess.run(
            command, cwd=cwd, env=environment, check=True, stdout=subprocess.PIPE
        ).stdout

    def sign(self, path: Path, *options: str) -> None:
        """Sign a file with gpg's options, by default detached; the signature is beside it."""
        self.run("gpg", "--batch", "--yes", *(options or ("--detach-sign",)), str(path))

    def close(self) -> None:
        """End the agent that gpg started."""
        self.run("gpgconf", "--kill", "all")


def make_arch_mirror(folder: Path, signer: Signer) -> None:
    """Make a pacman mirror below the folder, and a stand-in for the AUR in its `aur`."""
    root = folder.parent / "arch-root"
    carved = [name for packages in _ARCH.values() for names in packages.values() for name in names]
    include = ",".join((*_ARCH_SYSTEM, *carved, "runit"))
    _run(
        "mmdebstrap", "--quiet", "--variant=apt", "--mode=root", f"--include={include}",
        '--aptopt=APT::Install-Recommends "false"',
        "--dpkgopt=path-exclude=/usr/share/man/*", "--dpkgopt=path-exclude=/usr/share/locale/*",
        "--dpkgopt=path-exclude=/usr/share/doc/*",
        "bookworm", str(root), *source_lines(SYSTEMS["debian"]),
    )  # fmt: skip
    _one_bin(root)
    _drop_runlevels(root)
    _write_os_release(root / "usr/lib/os-release", "arch-stand-in", ARCH_TITLE)
    _aur(folder / "aur", root)
    for repository, packages in _ARCH.items():
        for name, owners in packages.items():
            _package(folder, repository, name, _carve(root, owners), signer)
    _package(folder, "core", "python", _carve(root, _PYTHON), signer)
    keys = folder.parent / "keys"
    (keys / "usr/share/pacman/keyrings").mkdir(parents=True)
    shutil.copy(signer.public, keys / "usr/share/pacman/keyrings/test.gpg")
    _package(folder, "core", "archlinux-keyring", keys, signer)
    shutil.rmtree(root / "dev")
    (root / "dev").mkdir()
    _package(folder, "core", "base", root, signer)
    for repository in _ARCH:
        place = _place(folder, repository)
        packages_there = sorted(path.name for path in place.glob("*.zst"))
        signer.run("repo-add", "-q", f"{repository}.db.tar.gz", *packages_there, cwd=place)


def make_precise_archive(folder: Path, signer: Signer) -> None:
    """Make an apt archive below the folder, whose only suite is `precise`."""
    pool = folder / "pool"
    pool.mkdir(parents=True)
    _download(pool, folder.parent / "apt")
    _rename_distribution(pool)
    overrides = folder.parent / "overrides"
    # In the real one Upstart is required; here it is Debian's init.
    overrides.write_text("sysvinit-core required admin\n")
    suite = folder / "dists/precise"
    for component, content in (("main", "pool"), ("universe", "empty")):
        binary = suite / component / f"binary-{_debian_arch()}"
        binary.mkdir(parents=True)
        (folder / "empty").mkdir(exist_ok=True)
        listed = signer.run("apt-ftparchive", "packages", content, str(overrides), cwd=folder)
        (binary / "Packages").write_bytes(listed)
    options = {
        "Origin": "test", "Label": PRECISE_TITLE, "Suite": "precise", "Codename": "precise",
        "Components": "main universe", "Architectures": _debian_arch(),
    }  # fmt: skip
    release_options = [
        f"-oAPT::FTPArchive::Release::{key}={value}" for key, value in options.items()
    ]
    release = suite / "Release"
    text = signer.run("apt-ftparchive", *release_options, "release", str(suite))
    release.write_bytes(text)
    signer.sign(release, "--armor", "--detach-sign", "--output", f"{release}.gpg")
    signer.sign(release, "--clearsign", "--output", str(suite / "InRelease"))


@contextmanager
def serve(folder: Path) -> Iterator[str]:
    """Serve the folder; yields its address for guests, which cannot reach this host's loopback."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer((own_address(), 0), partial(Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://{server.server_address[0]!s}:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def own_address() -> str:
    """This host's address on the way out; sends nothing."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("198.51.100.1", 9))
        return str(probe.getsockname()[0])


def _run(*command: str, cwd: Path | None = None) -> str:
    environment = {**os.environ, "LC_ALL": "C.UTF-8"}
    return subprocess.run(
        command, cwd=cwd, env=environment, check=True, stdout=subprocess.PIPE, text=True
    ).stdout


def _debian_arch() -> str:
    return _run("dpkg", "--print-architecture").strip()


def _one_bin(root: Path) -> None:
    """Move all programs to one folder, as on Arch."""
    for path in (root / "usr/sbin").iterdir():
        path.replace(root / "usr/bin" / path.name)
    (root / "usr/sbin").rmdir()
    (root / "usr/sbin").symlink_to("bin")


def _drop_runlevels(root: Path) -> None:
    """Remove the links by which Debian's packages start at boot; pacman enables nothing.

    systemd heeds them whatever its presets say: at boot it started a monit that was not the one
    under test, and that one kept the test daemon.
    """
    for folder in (root / "etc").glob("rc?.d"):
        shutil.rmtree(folder)


def _write_os_release(path: Path, name: str, title: str) -> None:
    path.write_text(f'NAME="{title}"\nID={name}\nPRETTY_NAME="{title}"\n')


def _carve(root: Path, owners: tuple[str, ...]) -> Path:
    """Move the files of those Debian packages out of the root, to a tree of their own."""
    tree = root.parent / f"carved-{owners[0]}"
    for owner in owners:
        for listed in _run("dpkg-query", f"--admindir={root}/var/lib/dpkg", "-L", owner).split():
            place = root / listed.lstrip("/")
            path = place.parent.resolve() / place.name
            if path.is_dir():
                continue
            if path.is_symlink() or path.exists():
                target = tree / path.relative_to(root)
                target.parent.mkdir(parents=True, exist_ok=True)
                path.replace(target)
    return tree


def _place(folder: Path, repository: str) -> Path:
    place = folder / repository / "os" / platform.machine()
    place.mkdir(parents=True, exist_ok=True)
    return place


def _package(folder: Path, repository: str, name: str, tree: Path, signer: Signer) -> None:
    size = sum(path.lstat().st_size for path in tree.rglob("*") if not path.is_dir())
    (tree / ".PKGINFO").write_text(
        f"pkgname = {name}\npkgver = {_VERSION}\npkgdesc = repackaged from Debian for a test\n"
        f"builddate = 1\npackager = test\nsize = {size}\narch = {platform.machine()}\n"
    )
    place = _place(folder, repository) / f"{name}-{_VERSION}-{platform.machine()}.pkg.tar.zst"
    content = sorted(path.name for path in tree.iterdir() if path.name != ".PKGINFO")
    _run("bsdtar", "--zstd", "--options=zstd:compression-level=1", "--uid=0", "--gid=0", "-cf",
         str(place), ".PKGINFO", *content, cwd=tree)  # fmt: skip
    signer.sign(place)
    shutil.rmtree(tree)


def _aur(folder: Path, root: Path) -> None:
    """Make a git repository whose PKGBUILD packs Debian's runit, as in the AUR."""
    work = folder.parent / "runit-work"
    tree = _carve(root, ("runit",))
    work.mkdir(parents=True)
    _run("bsdtar", "-czf", str(work / "runit.tar.gz"), "-C", str(tree), ".")
    shutil.rmtree(tree)
    (work / "PKGBUILD").write_text(
        f"pkgname=runit\npkgver={RUNIT}\npkgrel=1\narch=(any)\nlicense=(test)\ndepends=(base)\n"
        "makedepends=(git)\noptions=(!strip)\n"
        "source=(runit.tar.gz)\nnoextract=(runit.tar.gz)\nsha256sums=(SKIP)\n"
        "package() {\n  [ $(id -u) = 0 ] && [ -z $FAKEROOTKEY ] && return 1\n"
        '  bsdtar -xf "$srcdir/runit.tar.gz" -C "$pkgdir"\n}\n'
    )
    git = ("git", "-c", "user.name=test", "-c", "user.email=test@localhost")
    _run("git", "init", "-q", cwd=work)
    _run("git", "add", ".", cwd=work)
    _run(*git, "commit", "-q", "-m", "runit", cwd=work)
    folder.mkdir(parents=True, exist_ok=True)
    _run("git", "clone", "-q", "--bare", str(work), str(folder / "runit.git"))
    _run("git", "update-server-info", cwd=folder / "runit.git")


def _download(pool: Path, home: Path) -> None:
    """Download the stand-in's packages and their dependencies from Debian 11, by a separate apt."""
    for name in ("lists/partial", "cache/archives/partial"):
        (home / name).mkdir(parents=True)
    (home / "sources.list").write_text("\n".join(source_lines(SYSTEMS["bullseye"])) + "\n")
    (home / "status").touch()
    (home / "apt.conf").write_text(
        f'#clear APT::Update;\nAPT::Sandbox::User "root";\n'
        f'Dir::Etc::sourcelist "{home}/sources.list";\n'
        f'Dir::Etc::sourceparts "{home}/none";\nDir::State "{home}";\n'
        f'Dir::State::status "{home}/status";\nDir::Cache "{home}/cache";\n'
        'APT::Install-Recommends "false";\n'
    )
    apt = ("apt-get", "-qq", "-c", str(home / "apt.conf"))
    _run(*apt, "update")
    _run(*apt, "--download-only", "-y", "install", *_PRECISE)
    for deb in (home / "cache/archives").glob("*.deb"):
        deb.replace(pool / deb.name.replace("%3a", "."))


def _rename_distribution(pool: Path) -> None:
    (deb,) = pool.glob("base-files_*.deb")
    tree = pool.parent / "base-files"
    _run("dpkg-deb", "-R", str(deb), str(tree))
    _write_os_release(tree / "usr/lib/os-release", "precise-stand-in", PRECISE_TITLE)
    _run("dpkg-deb", "-b", "--root-owner-group", str(tree), str(deb))
    shutil.rmtree(tree)
