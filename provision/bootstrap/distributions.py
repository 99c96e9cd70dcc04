"""How each distribution's root file system is built, and whether this host can build it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from provision.bootstrap import arch, debian, ubuntu
from provision.provider import Unavailable
from provision.systems import System


@dataclass(frozen=True)
class Distribution:
    """One distribution's builder.

    build(system, archive, downloads): write the root as a tar archive, and keep what is downloaded,
    whole or in part, in a folder that outlives a build that fails. Raises Problem.
    why_unavailable(system): why no root can be built from the system's mirror; None where it can.
    """

    build: Callable[[System, Path, Path], None]
    why_unavailable: Callable[[System], Unavailable | None] = lambda system: None


# By System.distribution. A release differs from another in its System alone.
DISTRIBUTIONS = {
    "debian": Distribution(debian.build, debian.why_unavailable),
    "arch": Distribution(arch.build, arch.why_unavailable),
    "ubuntu": Distribution(ubuntu.build, ubuntu.why_unavailable),
}
