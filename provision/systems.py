"""The systems that a guest can run."""

from __future__ import annotations

import difflib
from dataclasses import dataclass

from provision.errors import Problem


@dataclass(frozen=True)
class System:
    """What a guest runs.

    init: the family of its own PID 1, which keeps a hosted supervisor alive; packages: what the
    bare guest needs for the suite itself; python: the interpreter that runs the measuring program.
    """

    name: str
    title: str
    release: str
    init: str
    python: str
    packages: tuple[str, ...]


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
        ),
        System(
            name="arch",
            title="Arch Linux",
            release="rolling",
            init="systemd",
            python="python3",
            packages=("base", "openssh", "python"),
        ),
        System(
            name="precise",
            title="Ubuntu 12.04",
            release="precise",
            init="upstart",
            python="python2.7",
            packages=("openssh-server", "python2.7", "upstart"),
        ),
    )
}


def named(name: str) -> System:
    """The system of that name. Raises Problem for an unknown one."""
    if name in SYSTEMS:
        return SYSTEMS[name]
    raise unknown("system", name, list(SYSTEMS))


def unknown(kind: str, name: str, known: list[str]) -> Problem:
    """The error for a name that nobody has, with the nearest that somebody has."""
    near = difflib.get_close_matches(name, known, n=1)
    return Problem(
        f"There is no {kind} named {name!r}.",
        known=f"Known: {', '.join(known)}.",
        advice=f"Did you mean {near[0]!r}?" if near else "./inv list shows what there is.",
        usage=True,
    )
