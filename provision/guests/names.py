"""The rule for guests' names: each is one folder's name, and a part of other names."""

from __future__ import annotations

import re

from provision.errors import Problem

# What runs alone repeats this pattern: provision/lxc/programs/traces.py and
# provision/vagrant/machines/vm_keeper.py.
_PATTERN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")


def is_guest_name(name: str) -> bool:
    """Tell whether a guest may have that name."""
    return _PATTERN.fullmatch(name) is not None


def check_guest_name(name: str) -> str:
    """Return the name. Raises Problem where no guest may have it.

    Every path and every search pattern that contains a guest's name goes through this check: an
    empty name would stand for the folder of all guests, "../x" for a folder that is no guest's, and
    "*" for every guest.
    """
    if is_guest_name(name):
        return name
    raise Problem(
        f"{name!r} cannot be the name of a guest.",
        known="A name has letters, digits, hyphens and underscores, and starts with a letter or a"
        " digit.",
        advice="./inv status names the virtual machines; ./inv destroy removes every guest that is"
        " left behind.",
    )
