"""How a program gets into a guest: one class for each kind of package source."""

from __future__ import annotations

import shlex
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Protocol

from provision.bootstrap.debian import apt_age_options, expiry_explained
from provision.cache import cache_folder
from provision.errors import Problem
from provision.provider import ignore_message
from provision.sources.apt_versions import upstream_version
from provision.sources.archives import open_tar
from provision.sources.pypi import Pypi

if TYPE_CHECKING:
    from provision.guests.guest import Guest
    from provision.systems import System


class PackageSource(ABC):
    """How a program gets into a guest. kind: its name in results."""

    kind: ClassVar[str]

    @abstractmethod
    def install(self, guest: Guest) -> None:
        """Install it; the guest has a network only while something is fetched. Raises Problem."""

    def why_unavailable(self, system: System) -> str:
        """Why guests of that system cannot get it; empty where they can."""
        return ""

    def installed_version(self, guest: Guest, program: str) -> str:
        """The version of the package of that file, for programs that print none. Raises Problem."""
        raise Problem(f"On guest {guest.name}, the version of {program} is unknown.")

    @property
    def key(self) -> str:
        """Everything that the result depends on, as text."""
        return repr(self)

    def record(self) -> dict[str, str]:
        """What a run records of it."""
        return {"kind": self.kind, "text": str(self)}


class VersionSource(Protocol):
    """A project of which a guest can get one version of several."""

    def at(self, version: str) -> PackageSource:
        """Return the source of one version."""

    def versions(self) -> list[str]:
        """Return every version that there is, the newest first. Raises Problem."""


@dataclass(frozen=True)
class Apt(PackageSource):
    """Packages from the system's own Debian or Ubuntu archive.

    since, until: the codenames of the first and the last release that have them; empty where no
    release known here lacks them.
    """

    kind = "apt"
    packages: tuple[str, ...]
    since: str = ""
    until: str = ""

    def __str__(self) -> str:
        return f"apt: {', '.join(self.packages)}"

    def why_unavailable(self, system: System) -> str:
        missing = f"not packaged in {system.title}"
        if self.since and system.is_older_than(self.since):
            return f"{missing}: {self.since} was the first release with it"
        if self.until and system.is_newer_than(self.until):
            return f"{missing}: {self.until} was the last release with it"
        return ""

    @property
    def key(self) -> str:
        """The packages alone: the releases that have them do not change what is installed."""
        return str(self)

    def install(self, guest: Guest) -> None:
        """Install them without recommended packages. Raises Problem."""
        update = " ".join(("apt-get -q", *apt_age_options(guest.system), "update"))
        install = "DEBIAN_FRONTEND=noninteractive apt-get -q install -y --no-install-recommends"
        packages = " ".join(self.packages)
        with guest.network():
            with expiry_explained(guest.system):
                guest.run(update, timeout=300)
            guest.fetch_ahead(f"{install} --download-only {packages}", timeout=900)
        guest.run(f"{install} {packages}", timeout=900)
        guest.run("apt-get clean; rm -rf /var/lib/apt/lists/*")

    def installed_version(self, guest: Guest, program: str) -> str:
        """The version of its package without epoch and revision, e.g. 2.1.2. Raises Problem.

        A package of a release with merged /usr has /usr/bin/dash, an older one /bin/dash.
        """
        search = f"dpkg-query -S {program} || dpkg-query -S $(readlink -f {program})"
        owner = guest.run(search, check=False).stdout.partition(":")[0]
        if not owner:
            return super().installed_version(guest, program)
        return upstream_version(guest.run(f"dpkg-query -W -f '${{Version}}' {owner}").stdout)


@dataclass(frozen=True)
class Pacman(PackageSource):
    """Packages from Arch's own repositories."""

    kind = "pacman"
    packages: tuple[str, ...]

    def __str__(self) -> str:
        return f"pacman: {', '.join(self.packages)}"

    def install(self, guest: Guest) -> None:
        """Install them, and update the rest: Arch supports no partial update. Raises Problem.

        The keys come first: those of an old image may not include today's packagers.
        """
        pacman, keys = "pacman --noconfirm --noprogressbar", "archlinux-keyring"
        packages = " ".join(self.packages)
        with guest.network():
            guest.run(f"{pacman} -Sy", timeout=600)
            guest.fetch_ahead(f"{pacman} -Sw --needed {keys}", timeout=600)
        guest.run(f"{pacman} -S --needed {keys}", timeout=600)
        with guest.network():
            guest.fetch_ahead(f"{pacman} -Suw --needed {packages}", timeout=1800)
        guest.run(f"{pacman} -Su --needed {packages}", timeout=1800)
        guest.run("rm -rf /var/cache/pacman/pkg/*")

    def installed_version(self, guest: Guest, program: str) -> str:
        """The version of its package without epoch and release."""
        owner = guest.run(f"pacman -Qoq $(readlink -f {program})").stdout.strip()
        return upstream_version(guest.run(f"pacman -Q {owner}").stdout.split()[-1])


@dataclass(frozen=True)
class Aur(PackageSource):
    """Packages from the Arch User Repository by name, built in the guest in the order given."""

    kind = "aur"
    packages: tuple[str, ...]

    def __str__(self) -> str:
        return f"aur: {', '.join(self.packages)}"

    def why_unavailable(self, system: System) -> str:
        if system.mirror.aur:
            return ""
        return "the Arch User Repository's address is not known here: --aur=URL names it"

    def install(self, guest: Guest) -> None:
        """Build each as an unprivileged user, and install it. Raises Problem.

        Only what a PKGBUILD lists in `source` is fetched: nothing else is there while it builds.
        """
        Pacman(("base-devel", "git")).install(guest)
        guest.run("id builder 2>/dev/null || useradd --create-home builder")
        for package in self.packages:
            self._install_dependencies(guest, package)
            with guest.network():
                guest.fetch_ahead(_as_builder(f"cd ~/{package} && makepkg --verifysource"), 1800)
            guest.run(_as_builder(f"cd ~/{package} && makepkg --noconfirm --holdver"), timeout=1800)
            guest.run(f"pacman --noconfirm -U ~builder/{package}/*.pkg.tar*", timeout=300)
        guest.run("userdel --remove builder")

    def installed_version(self, guest: Guest, program: str) -> str:
        """As for any package that pacman installed."""
        return Pacman(self.packages).installed_version(guest, program)

    def _install_dependencies(self, guest: Guest, package: str) -> None:
        """Fetch the package's recipe, and install what it needs."""
        with guest.network():
            self._clone(guest, package)
            guest.fetch_ahead(_install_needed(package, "-Sw"), timeout=900)
        guest.run(_install_needed(package, "-S --asdeps"), timeout=900)

    def _clone(self, guest: Guest, package: str) -> None:
        address = f"{guest.system.mirror.aur}/{package}.git"
        cloned = guest.run(_as_builder(f"git clone -q {address} ~/{package}"), check=False)
        if cloned.code:
            raise Problem(
                f"The Arch User Repository cannot be reached for {package}.",
                known=cloned.stderr[-1000:],
                advice="--aur=URL names another; --overlay=NAME=DIR brings a build of your own.",
            )


def _install_needed(package: str, options: str) -> str:
    """Return the command that has pacman install, or only fetch, what a package needs."""
    # Only root may install what it needs; pacman -T prints the packages that are missing.
    return (
        f"cd ~builder/{package}; needed=$("
        + _as_builder(f"cd ~/{package}; makepkg --printsrcinfo")
        + r" | sed -nE 's/^\s*(make|check)?depends = //p' | xargs -r pacman -T);"
        + f' [ -z "$needed" ] || pacman --noconfirm {options} $needed'
    )


@dataclass(frozen=True)
class Pip(PackageSource):
    """Source distributions from PyPI, fetched by the host's pip, installed by the guest's Python.

    An old guest's TLS is too old for the index. needs: the system's packages that it requires.
    python: the interpreter, where it is not the guest's usual one.
    """

    kind = "pip"
    archives: tuple[Pypi, ...]
    needs: PackageSource
    python: str = ""

    def __str__(self) -> str:
        return "pip: " + ", ".join(
            f"{archive.project} {archive.version}" for archive in self.archives
        )

    def install(self, guest: Guest) -> None:
        """Install them in that order, with their commands in /usr/bin. Raises Problem."""
        self.needs.install(guest)
        for pinned in self.archives:
            archive = pinned.fetch(cache_folder() / "sources", ignore_message)
            with open_tar(archive.path) as file:
                guest.unpack(file, archive.path.name, into="/root/source", strip=1)
            guest.run(
                f"cd /root/source && {self.python or guest.system.python} setup.py -q install"
                " --single-version-externally-managed --record=/dev/null --install-scripts=/usr/bin"
                " && rm -r /root/source",
                timeout=300,
            )


@dataclass(frozen=True)
class Gem(PackageSource):
    """A Ruby gem that needs no other gem. version: empty for the newest.

    needs: the system's packages that it requires.
    """

    kind = "gem"
    name: str
    version: str
    needs: PackageSource

    def __str__(self) -> str:
        return f"gem: {self.name} {self.version}".rstrip()

    def install(self, guest: Guest) -> None:
        """Install it, with its commands in /usr/bin. Raises Problem."""
        self.needs.install(guest)
        version = f" --version {self.version}" if self.version else ""
        folder = "/root/gem"
        with guest.network():
            fetch = f"mkdir -p {folder} && cd {folder} && gem fetch {self.name}{version}"
            done = guest.run(fetch, check=False, timeout=900)
        if not done.code:
            # RubyGems before 2.0 has other options to leave the documentation out.
            command = f"gem install --local {folder}/{self.name}-*.gem --bindir /usr/bin"
            done = guest.run(
                f"{command} --no-document || {command} --no-ri --no-rdoc", check=False, timeout=900
            )
            guest.run(f"rm -r {folder}")
        if done.code:
            raise Problem(
                f"gem cannot install {self.name} on guest {guest.name}.",
                known=done.stderr[-1000:],
                advice="--overlay=NAME=DIR brings a build of your own.",
            )


def _as_builder(command: str) -> str:
    return f"su -s /bin/sh builder -c {shlex.quote(command)}"


@dataclass(frozen=True)
class Present(PackageSource):
    """Nothing to install: the guest or the suite itself has the program."""

    kind = "present"

    def __str__(self) -> str:
        return "present"

    def install(self, guest: Guest) -> None:
        """Do nothing."""
