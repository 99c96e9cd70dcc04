"""The systems that a guest can run."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from pathlib import Path, PurePosixPath
from typing import TypedDict

from provision.errors import Problem


@dataclass(frozen=True)
class Mirror:
    """Where a system's packages come from; empty fields: the defaults of its own tools.

    url: the archive's address. snapshot: the day, as YYYY-MM-DD, of a dated archive below it.
    keyring: a file with the public keys that sign it. aur: the address below which each package of
    the Arch User Repository is a git repository.
    """

    url: str = ""
    snapshot: str = ""
    keyring: str = ""
    aur: str = ""

    @classmethod
    def from_options(cls, url: str, snapshot: str, keyring: str, aur: str) -> Mirror:
        """The mirror that the command line's options describe. Raises Problem."""
        for option, address in (("mirror", url), ("aur", aur)):
            if address and "://" not in address:
                raise _bad_option_error(
                    option, address, "is no address", "Give one such as https://HOST/PATH."
                )
        if snapshot:
            try:
                date.fromisoformat(snapshot)
            except ValueError:
                advice = "Give a day such as 2024-05-31."
                raise _bad_option_error("snapshot", snapshot, "is no date", advice) from None
            if not url:
                advice = "Add --mirror=URL: the archive below which every day has a folder."
                raise _bad_option_error("snapshot", snapshot, "needs a dated archive", advice)
        if keyring and not Path(keyring).is_file():
            advice = "Give a file of public OpenPGP keys."
            raise _bad_option_error("keyring", keyring, "is no file", advice)
        return cls(url.rstrip("/"), snapshot, keyring, aur.rstrip("/"))

    @property
    def day(self) -> date:
        """The snapshot's date."""
        return date.fromisoformat(self.snapshot)


def _bad_option_error(option: str, value: str, why: str, advice: str) -> Problem:
    return Problem(f"--{option}={value} {why}.", advice=advice, usage=True)


class SystemRecord(TypedDict):
    """What a run records of its system. mirror: the options that were given, by name."""

    name: str
    title: str
    mirror: dict[str, str]


@dataclass(frozen=True)
class System:
    """What a guest runs.

    init: the family of its own PID 1, which starts a hosted supervisor: sysvinit, systemd or
    upstart. packages: what the suite itself needs in a bare guest. python: the interpreter of the
    measuring program. distribution: its ID in os-release(5). links: folders that are links to other
    folders, as relative paths. mirror: where its packages come from.
    """

    name: str
    title: str
    release: str
    init: str
    python: str
    packages: tuple[str, ...]
    distribution: str
    links: Mapping[str, str] = field(default_factory=dict)
    mirror: Mirror = field(default_factory=Mirror)

    def record(self) -> SystemRecord:
        """What a run records of it."""
        mirror = {key: value for key, value in asdict(self.mirror).items() if value}
        return {"name": self.name, "title": self.title, "mirror": mirror}

    def real_path(self, path: str) -> str:
        """An absolute path without the system's links, relative to the root.

        On Debian: usr/sbin/init for /sbin/init.
        """
        relative = PurePosixPath(path).relative_to("/")
        for link, target in self.links.items():
            if relative.is_relative_to(link):
                return str(target / relative.relative_to(link))
        return str(relative)


_MERGED = {"bin": "usr/bin", "sbin": "usr/sbin", "lib": "usr/lib", "lib32": "usr/lib32",
           "lib64": "usr/lib64", "libx32": "usr/libx32"}  # fmt: skip
_ONE_BIN = {"bin": "usr/bin", "sbin": "usr/bin", "usr/sbin": "usr/bin",
            "lib": "usr/lib", "lib64": "usr/lib", "usr/lib64": "usr/lib"}  # fmt: skip
_DEBIAN_PACKAGES = (
    "sysvinit-core",
    "openssh-server",
    "procps",
    "ca-certificates",
)

SYSTEMS = {
    system.name: system
    for system in (
        System(
            name="debian",
            title="Debian 12",
            release="bookworm",
            init="sysvinit",
            python="python3",
            packages=(*_DEBIAN_PACKAGES, "python3-minimal", "libpython3-stdlib"),
            distribution="debian",
            links=_MERGED,
        ),
        System(
            name="arch",
            title="Arch Linux",
            release="rolling",
            init="systemd",
            python="python3",
            packages=("base", "openssh", "python"),
            distribution="arch",
            links=_ONE_BIN,
        ),
        System(
            name="precise",
            title="Ubuntu 12.04",
            release="precise",
            init="upstart",
            python="python2.7",
            packages=("openssh-server", "procps", "python2.7"),
            distribution="ubuntu",
        ),
    )
}


def get_system(name: str, mirror: Mirror | None = None) -> System:
    """The system of that name, from that mirror. Raises Problem for an unknown name."""
    if name in SYSTEMS:
        return replace(SYSTEMS[name], mirror=mirror or Mirror())
    raise unknown_name_error("system", name, list(SYSTEMS))


def unknown_name_error(
    kind: str, name: str, names: list[str], shown_by: str = "./inv list"
) -> Problem:
    """The error for an unknown name, with the most similar known one."""
    near = difflib.get_close_matches(name, names, n=1)
    return Problem(
        f"There is no {kind} named {name!r}.",
        known=f"Known: {', '.join(names)}.",
        advice=f"Did you mean {near[0]!r}?" if near else f"{shown_by} shows what there is.",
        usage=True,
    )
