"""Names and phrases in a run's files that several packages compare with."""

from __future__ import annotations

# The supervisor that every other is measured against.
FLOOR = "floor"
# The parts of a restart in order; their metrics are restart_PART and restart_PART_short.
RESTART_PARTS = ("death", "reaction", "holdoff", "child", "spawn")
# Part of a warning: the run's contenders have no order.
TOO_NOISY = "too noisy for a ranking"


def is_too_noisy_warning(warning: str) -> bool:
    """Tell whether a run's warning says that its contenders have no order."""
    return TOO_NOISY in warning
