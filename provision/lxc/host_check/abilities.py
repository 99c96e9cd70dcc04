"""What this host must be able to do for embedded guests, each tried out and not looked up.

The same records answer `./inv doctor`, and name the cause before or after a guest does not start.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache

from provision.lxc.host_check import ability_checks as checks
from provision.provider import Unavailable


@dataclass(frozen=True)
class Ability:
    """One thing that this host can do, or not.

    check: tries it; returns the cause and the remedy where it fails. needs: names of abilities
    without which it cannot be tried. without: a sentence on what cannot be done without it; empty:
    no guest starts.
    """

    name: str
    check: Callable[[], Unavailable | None]
    needs: tuple[str, ...] = ()
    without: str = ""


@dataclass(frozen=True)
class Trial:
    """What came of trying an ability. missing: why it fails; None where it works.

    untried: the ability that is missing, too, and without which this one cannot be tried.
    """

    ability: Ability
    missing: Unavailable | None = None
    untried: str = ""


def try_all() -> Iterator[Trial]:
    """Try every ability, but those that need one that is missing."""
    return _try_in_turn(ABILITIES)


def _try_in_turn(abilities: Iterable[Ability]) -> Iterator[Trial]:
    failed: list[str] = []
    for ability in abilities:
        missing = None
        untried = next((name for name in failed if name in ability.needs), "")
        if not untried:
            missing = ability.check()
        if untried or missing:
            failed.append(ability.name)
        yield Trial(ability, missing, untried)


@cache
def why_no_guest() -> Unavailable | None:
    """Why no guest starts here, by the first ability that is missing; None where one can start."""
    needed = (ability for ability in ABILITIES if not ability.without)
    return next((trial.missing for trial in _try_in_turn(needed) if trial.missing), None)


def explain_failed_start() -> str:
    """Say why a guest did not start, and what to do, as far as it is the host's fault."""
    why_no_guest.cache_clear()  # the host may have changed since the run began
    missing = why_no_guest()
    if missing:
        return f"{missing.why}\n{missing.advice}"
    return "This host can do all that a guest needs: look for the cause in the lines above."


LINUX = Ability("Linux", checks.check_linux)
ROOT = Ability("root", checks.check_root, needs=(LINUX.name,))
CACHE = Ability("cache folder", checks.check_cache, needs=(ROOT.name,))
USERS = Ability("namespaces", checks.check_users, needs=(ROOT.name,))
TUN = Ability(
    "network",
    checks.check_tun,
    needs=(ROOT.name,),
    without="No guest can install what the cache does not hold.",
)
# In this order: the first that is missing explains why no guest starts.
ABILITIES = (
    LINUX,
    ROOT,
    Ability("programs", checks.check_programs, needs=(LINUX.name,)),
    CACHE,
    USERS,
    Ability("overlay", checks.check_overlay, needs=(CACHE.name, USERS.name)),
    Ability("/proc and /sys", checks.check_kernel_mounts, needs=(USERS.name,)),
    Ability(
        "control groups",
        checks.check_cgroups,
        needs=(ROOT.name,),
        without="systemd cannot be PID 1 of a guest, and guests have no limits on memory.",
    ),
    TUN,
)
