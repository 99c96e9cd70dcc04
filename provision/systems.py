"""The systems that a guest can run."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from pathlib import Path, PurePosixPath
from typing import TypedDict, TypeVar
from urllib.parse import urlsplit

from provision.errors import Problem
from provision.user_paths import parse_path

T = TypeVar("T")

EXPIRED_ACCEPTED = "accepted"
ALL_DEBIAN = "debian-all"


@dataclass(frozen=True)
class Mirror:
    """Where a system's packages come from; empty fields: the defaults of its own tools.

    url: the archive's address. snapshot: the day, as YYYY-MM-DD, of a dated archive below it.
    keyring: a file with the public keys that sign it. aur: the address below which each package of
    the Arch User Repository is a git repository. expired: `accepted` where apt may take an index
    whose date of validity has passed.
    """

    url: str = ""
    snapshot: str = ""
    keyring: str = ""
    aur: str = ""
    expired: str = ""

    @classmethod
    def from_options(
        cls, url: str, snapshot: str, keyring: str, aur: str, *, accept_expired: bool = False
    ) -> Mirror:
        """The mirror that the command line's options describe. Raises Problem."""
        for option, address in (("mirror", url), ("aur", aur)):
            if address:
                _check_address(option, address)
        if snapshot:
            _check_snapshot(snapshot, url)
        if keyring:
            file = parse_path("--keyring=", keyring)
            _check_keyring(file)
            keyring = str(file.absolute())  # what reads it works in folders of its own
        expired = EXPIRED_ACCEPTED if accept_expired else ""
        return cls(url.rstrip("/"), snapshot, keyring, aur.rstrip("/"), expired)

    @property
    def may_be_expired(self) -> bool:
        """Whether apt may take an index whose date of validity has passed, as every old one's."""
        return bool(self.snapshot or self.expired)

    @property
    def day(self) -> date:
        """The snapshot's date."""
        return date.fromisoformat(self.snapshot)


def _check_address(option: str, address: str) -> None:
    """Refuse what no package tool could use, or what would break out of its list of sources."""
    advice = "Give one such as https://HOST/PATH or file:///FOLDER."
    if not re.fullmatch(r"[!#-&(-~]+", address) or set(address) & set("[]\\<>|"):
        raise _bad_option_error(option, address, "is no address", advice)
    try:
        parts = urlsplit(address)
        has_host = bool(parts.hostname) and parts.port != 0
    except ValueError as failure:
        raise _bad_option_error(option, address, f"is no address ({failure})", advice) from None
    if parts.scheme == "file":
        if not Path(parts.path).is_dir():
            raise _bad_option_error(option, address, "names no folder", advice)
    elif parts.scheme not in ("http", "https") or not has_host:
        raise _bad_option_error(option, address, "is no address", advice)


def _check_snapshot(snapshot: str, url: str) -> None:
    advice = "Give a day such as 2024-05-31."
    try:
        day = date.fromisoformat(snapshot)
    except ValueError:
        raise _bad_option_error("snapshot", snapshot, "is no date", advice) from None
    if day.isoformat() != snapshot:
        raise _bad_option_error("snapshot", snapshot, "is not written as YYYY-MM-DD", advice)
    if day > date.today():
        raise _bad_option_error("snapshot", snapshot, "is in the future", advice)
    if not url:
        advice = "Add --mirror=URL: the archive below which every day has a folder."
        raise _bad_option_error("snapshot", snapshot, "needs a dated archive", advice)


def _check_keyring(keyring: Path) -> None:
    """Refuse a file without public OpenPGP keys: apt would only say that no key is available."""
    advice = "Give a file of public OpenPGP keys, such as gpg --export writes."
    if not keyring.is_file():
        raise _bad_option_error("keyring", str(keyring), "is no file", advice)
    with keyring.open("rb") as file:
        start = file.read(1 << 16)
    # RFC 9580: a public key packet has tag 6, in the old (0x98 to 0x9b) or new (0xc6) form.
    binary = start[:1] and start[0] in (0x98, 0x99, 0x9A, 0x9B, 0xC6)
    if not binary and b"-----BEGIN PGP PUBLIC KEY BLOCK-----" not in start:
        raise _bad_option_error("keyring", str(keyring), "holds no public keys", advice)


def _bad_option_error(option: str, value: str, why: str, advice: str) -> Problem:
    return Problem(f"--{option}={value} {why}.", advice=advice, usage=True)


class SystemRecord(TypedDict):
    """What a run records of its system. mirror: the options that were given, by name."""

    name: str
    title: str
    release: str
    init: str
    mirror: dict[str, str]


@dataclass(frozen=True)
class System:
    """What a guest runs.

    release: its codename. init: the family of its own PID 1, which starts a hosted supervisor:
    sysvinit, systemd or upstart. packages: what the suite itself needs in a bare guest. python: the
    interpreter of the measuring program. distribution: its ID in os-release(5), which all releases
    share. links: folders that are links to other folders, as relative paths. security: whether its
    archive has a second one of security updates. mirror: where its packages come from.
    """

    name: str
    title: str
    release: str
    init: str
    python: str
    packages: tuple[str, ...]
    distribution: str
    links: Mapping[str, str] = field(default_factory=dict)
    security: bool = False
    mirror: Mirror = field(default_factory=Mirror)

    def record(self) -> SystemRecord:
        """What a run records of it."""
        mirror = {key: value for key, value in asdict(self.mirror).items() if value}
        return {
            "name": self.name,
            "title": self.title,
            "release": self.release,
            "init": self.init,
            "mirror": mirror,
        }

    def look_up(self, table: Mapping[str, T]) -> T | None:
        """What a table has for this release, or else for every release of the distribution."""
        return table.get(self.release, table.get(self.distribution))

    def is_older_than(self, release: str) -> bool:
        """Whether it precedes the release of that codename in SYSTEMS."""
        return _place(self.release) < _place(release)

    def is_newer_than(self, release: str) -> bool:
        """Whether it follows the release of that codename in SYSTEMS."""
        return _place(self.release) > _place(release)

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
    "python3-minimal",
    "libpython3-stdlib",
)


def _debian(
    release: str,
    title: str,
    *,
    name: str = "",
    links: Mapping[str, str] = _MERGED,
    security: bool = True,
) -> System:
    return System(
        name=name or release,
        title=title,
        release=release,
        init="sysvinit",
        python="python3",
        packages=_DEBIAN_PACKAGES,
        distribution="debian",
        links=links,
        security=security,
    )


# The oldest first: what is true since a release is true of all that follow it. A new release of
# Debian is one line here; where one supervisor differs there, its folder says so.
SYSTEMS = {
    system.name: system
    for system in (
        System(
            name="precise",
            title="Ubuntu 12.04",
            release="precise",
            init="upstart",
            python="python2.7",
            packages=("openssh-server", "procps", "python2.7"),
            distribution="ubuntu",
        ),
        _debian("bullseye", "Debian 11", links={}),
        _debian("bookworm", "Debian 12", name="debian"),
        _debian("trixie", "Debian 13"),
        _debian("forky", "Debian forky"),
        _debian("sid", "Debian sid", security=False),
        System(
            name="arch",
            title="Arch Linux",
            release="arch",
            init="systemd",
            python="python3",
            packages=("base", "openssh", "python"),
            distribution="arch",
            links=_ONE_BIN,
        ),
    )
}
# The keys of a table that says something for each release or distribution: see System.look_up.
TABLE_KEYS = sorted(
    {system.release for system in SYSTEMS.values()}
    | {system.distribution for system in SYSTEMS.values()}
)
# Codenames of systems that have another name.
_ALIASES = {system.release: name for name, system in SYSTEMS.items() if system.release != name}


def _place(release: str) -> int:
    """The place of a release in SYSTEMS; -1 for an unknown one."""
    releases = [system.release for system in SYSTEMS.values()]
    return releases.index(release) if release in releases else -1


def get_system(name: str, mirror: Mirror | None = None) -> System:
    """The system of that name or codename, from that mirror. Raises Problem for an unknown name."""
    system = SYSTEMS.get(_ALIASES.get(name, name))
    if system is None:
        raise unknown_name_error("system", name, [*SYSTEMS, *_ALIASES, ALL_DEBIAN])
    return replace(system, mirror=mirror or Mirror())


def get_systems(names: str, mirror: Mirror | None = None) -> tuple[System, ...]:
    """The systems of those names, with commas between them, the oldest first; each but once.

    `debian-all`: every release of Debian. Raises Problem for an unknown name.
    """
    wanted: set[str] = set()
    for name in names.split(","):
        if name == ALL_DEBIAN:
            wanted |= {
                system.name for system in SYSTEMS.values() if system.distribution == "debian"
            }
        else:
            wanted.add(get_system(name).name)
    return tuple(get_system(name, mirror) for name in SYSTEMS if name in wanted)


def main_system(systems: Sequence[System]) -> System:
    """Return the system of what a run has once: Debian 12 where it is one of them, else the first.

    That is the floor, and every build of the user's own.
    """
    main = main_system_name([system.name for system in systems])
    return next(system for system in systems if system.name == main)


def main_system_name(names: Sequence[str]) -> str:
    """Return the name of the main one of systems with these names."""
    return "debian" if "debian" in names else names[0]


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
