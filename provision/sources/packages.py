"""How a program gets into a guest, one installer a source."""

from __future__ import annotations

import shlex
import shutil
import subprocess
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from provision.cache import cache_folder
from provision.errors import Problem
from provision.sources.pypi import Pypi

if TYPE_CHECKING:
    from provision.guest import Guest
    from provision.systems import System


class PackageSource(ABC):
    """How a program gets into a guest. kind: its word in results."""

    kind: ClassVar[str]

    @abstractmethod
    def install(self, guest: Guest) -> None:
        """Install it, in a guest that has a network. Raises Problem."""

    def why_unavailable(self, system: System) -> str:
        """Why it cannot be had for guests of that system; empty where it can."""
        return ""

    def installed_version(self, guest: Guest, program: str) -> str:
        """The version under which that file was installed; for programs that tell none."""
        raise Problem(f"On guest {guest.name}, nobody knows the version of {program}.")

    @property
    def key(self) -> str:
        """Everything that the result depends on, as text."""
        return repr(self)

    def record(self) -> dict[str, Any]:
        """What a run says of it."""
        return {"kind": self.kind, "text": str(self)}


@dataclass(frozen=True)
class Apt(PackageSource):
    """Packages from the system's own Debian or Ubuntu archive."""

    kind = "apt"
    packages: tuple[str, ...]

    def __str__(self) -> str:
        return f"apt: {', '.join(self.packages)}"

    def install(self, guest: Guest) -> None:
        """Install them, and nothing that is merely recommended. Raises Problem."""
        guest.run("apt-get -q update", timeout=300)
        guest.run(
            "DEBIAN_FRONTEND=noninteractive apt-get -q install -y --no-install-recommends "
            + " ".join(self.packages),
            timeout=900,
        )
        guest.run("apt-get clean; rm -rf /var/lib/apt/lists/*")

    def installed_version(self, guest: Guest, program: str) -> str:
        """The version of the package that brought it, without epoch and revision, e.g. 2.1.2."""
        owner = f"$(dpkg-query -S {program} | cut -d: -f1)"
        return _upstream(guest.run(f"dpkg-query -W -f '${{Version}}' {owner}").stdout)


@dataclass(frozen=True)
class Pacman(PackageSource):
    """Packages from Arch's own repositories."""

    kind = "pacman"
    packages: tuple[str, ...]

    def __str__(self) -> str:
        return f"pacman: {', '.join(self.packages)}"

    def install(self, guest: Guest) -> None:
        """Install them, and bring the rest up to date: Arch knows no other state. Raises Problem.

        The keys come first, since those of an old image may not know the packagers of today.
        """
        pacman = "pacman --noconfirm --noprogressbar"
        guest.run(f"{pacman} -Sy --needed archlinux-keyring", timeout=600)
        guest.run(f"{pacman} -Su --needed {' '.join(self.packages)}", timeout=1800)
        guest.run("rm -rf /var/cache/pacman/pkg/*")

    def installed_version(self, guest: Guest, program: str) -> str:
        """The version of the package that brought it, without epoch and release."""
        owner = guest.run(f"pacman -Qoq $(readlink -f {program})").stdout.strip()
        return _upstream(guest.run(f"pacman -Q {owner}").stdout.split()[-1])


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
        """Build each as a user without rights, and install it. Raises Problem."""
        Pacman(("base-devel", "git")).install(guest)
        guest.run("id builder 2>/dev/null || useradd --create-home builder")
        for package in self.packages:
            self._build(guest, package)
        guest.run("userdel --remove builder")

    def installed_version(self, guest: Guest, program: str) -> str:
        """As for any package that pacman installed."""
        return Pacman(self.packages).installed_version(guest, program)

    def _build(self, guest: Guest, package: str) -> None:
        address = f"{guest.system.mirror.aur}/{package}.git"
        cloned = guest.run(_as_builder(f"git clone -q {address} ~/{package}"), check=False)
        if cloned.code:
            raise Problem(
                f"The Arch User Repository cannot be reached for {package}.",
                known=cloned.stderr[-1000:],
                advice="--aur=URL names another; --overlay=NAME=DIR brings a build of your own.",
            )
        # What it needs is root's to install; pacman -T names what is not there yet.
        guest.run(
            f"cd ~builder/{package}; needed=$("
            + _as_builder(f"cd ~/{package}; makepkg --printsrcinfo")
            + r" | sed -nE 's/^\s*(make|check)?depends = //p' | xargs -r pacman -T);"
            ' [ -z "$needed" ] || pacman --noconfirm -S --asdeps $needed',
            timeout=900,
        )
        guest.run(_as_builder(f"cd ~/{package} && makepkg --noconfirm"), timeout=1800)
        guest.run(f"pacman --noconfirm -U ~builder/{package}/*.pkg.tar*", timeout=300)


@dataclass(frozen=True)
class Pip(PackageSource):
    """Source distributions from PyPI, fetched by the host's pip, installed by the guest's Python.

    An old guest can no longer speak to the index itself. needs: what the system itself brings.
    """

    kind = "pip"
    archives: tuple[Pypi, ...]
    needs: PackageSource

    def __str__(self) -> str:
        return "pip: " + ", ".join(f"{each.project} {each.version}" for each in self.archives)

    def install(self, guest: Guest) -> None:
        """Install them in that order, their commands in /usr/bin. Raises Problem."""
        self.needs.install(guest)
        for each in self.archives:
            archive = each.fetch(cache_folder() / "sources", lambda _: None)
            with archive.path.open("rb") as file:
                guest.unpack(file, archive.path.name, into="/root/source", strip=1)
            guest.run(
                f"cd /root/source && {guest.system.python} setup.py -q install"
                " --single-version-externally-managed --record=/dev/null --install-scripts=/usr/bin"
                " && rm -r /root/source",
                timeout=300,
            )


@dataclass(frozen=True)
class Gem(PackageSource):
    """A Ruby gem; version: empty for the newest. needs: what the system itself brings."""

    kind = "gem"
    name: str
    version: str
    needs: PackageSource

    def __str__(self) -> str:
        return f"gem: {self.name} {self.version}".rstrip()

    def install(self, guest: Guest) -> None:
        """Install it, its commands in /usr/bin. Raises Problem."""
        self.needs.install(guest)
        wanted = f"{self.name} {f'--version {self.version}' if self.version else ''}"
        # RubyGems before 2.0 has other words for leaving the documentation out.
        gem = f"gem install {wanted} --bindir /usr/bin"
        done = guest.run(
            f"{gem} --no-document || {gem} --no-ri --no-rdoc", check=False, timeout=900
        )
        if done.code:
            raise Problem(
                f"RubyGems did not give {self.name} to guest {guest.name}.",
                known=done.stderr[-1000:],
                advice="--overlay=NAME=DIR brings a build of your own.",
            )


def _as_builder(command: str) -> str:
    return f"su -s /bin/sh builder -c {shlex.quote(command)}"


@dataclass(frozen=True)
class Present(PackageSource):
    """Nothing to install: it comes with the guest, or with the suite itself."""

    kind = "present"

    def __str__(self) -> str:
        return "present"

    def install(self, guest: Guest) -> None:
        """Do nothing."""


def _upstream(version: str) -> str:
    return version.strip().split(":", 1)[-1].rsplit("-", 1)[0]


def apt_versions(release: str, packages: Sequence[str]) -> dict[str, str]:
    """What this host's own apt knows of packages in that release, by name, without revisions.

    Empty where it knows nothing of the release, or there is no apt.
    """
    if shutil.which("apt-cache") is None:
        return {}
    command = ["apt-cache", "madison", *packages]
    listed = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    found: dict[str, str] = {}
    for line in listed.splitlines():
        package, version, where = (part.strip() for part in line.split("|"))
        if f" {release}/" in where:
            found.setdefault(package, _upstream(version))
    return found
