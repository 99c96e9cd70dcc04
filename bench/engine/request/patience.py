"""How long a command waits for another bench on this host: `--wait[=MINUTES]`."""

from __future__ import annotations

import math

from provision.errors import Problem


def parse_wait(option: str | bool | None) -> float:
    """Return the seconds; infinite without a number, 0 without the option. Raises Problem."""
    if option is None:
        return 0.0
    if option is True:
        return math.inf
    try:
        minutes = float(option)
    except ValueError:
        minutes = math.nan
    if not 0 < minutes < math.inf:
        raise Problem(
            f"--wait={option} is no number of minutes.",
            advice="Give a number above 0, or --wait alone: as long as it takes.",
            usage=True,
        )
    return minutes * 60
