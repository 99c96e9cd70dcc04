"""What is true of some versions of a supervisor only: findings, and facts of its contenders."""

from __future__ import annotations

import re
from dataclasses import dataclass

from provision.systems import System

# What dpkg sorts before the end of a version: 3.0~rc1 precedes 3.0. In Python's way: 3.0a12, too.
_EARLY = re.compile(r"~|a|b|rc")


@dataclass(frozen=True)
class Edition:
    """What is known of a supervisor's version before a guest tells it.

    system: where it comes from. version: "" where only the system's release is known. overlay: it
    is a build of the user's own, taken for newer than every packaged one.
    """

    system: System
    version: str = ""
    overlay: bool = False


@dataclass(frozen=True)
class Change:
    """A version from which on a supervisor differs.

    version: the first that differs. release: the codename of the first Debian release with this
    version or a later one; "" where no release has it yet.
    """

    version: str
    release: str

    def reached_by(self, edition: Edition) -> bool:
        """Whether that edition has the change, by its version or else by its system's release."""
        if edition.version:
            return version_key(edition.version) >= version_key(self.version)
        if edition.overlay:
            return True
        return bool(self.release) and not edition.system.is_older_than(self.release)


@dataclass(frozen=True)
class Finding:
    """A sentence: where measurements showed something that a manual denies or leaves out.

    since: the change that brought it; None: it is as old as anything measured. until: the change
    that ended it; None: it is still so.
    """

    sentence: str
    since: Change | None = None
    until: Change | None = None

    def holds_for(self, edition: Edition) -> bool:
        """Whether it is true of that edition."""
        begun = self.since is None or self.since.reached_by(edition)
        ended = self.until is not None and self.until.reached_by(edition)
        return begun and not ended


def version_key(version: str) -> tuple[tuple[int, int, str], ...]:
    """A version as a key that sorts: 2.9 < 2.11 < 2.11.3; 3.0a12 and 3.0~rc1 < 3.0."""
    parts = re.findall(r"\d+|[a-z]+|~", version.lower())
    key = [_part_key(part) for part in parts]
    return (*key, (1, 0, ""))


def _part_key(part: str) -> tuple[int, int, str]:
    if part.isdigit():
        return (2, int(part), "")
    return (0 if _EARLY.fullmatch(part) else 3, 0, part)
