"""Units of figures that can be converted into each other."""

from __future__ import annotations

# By kind: how many of the kind's first unit each unit is. As in /proc, a kB has 1024 bytes.
_KINDS = (
    {"ms": 1.0, "us": 0.001, "s": 1000.0},
    {"kB": 1.0, "MB": 1024.0},
)
UNITS = tuple(unit for kind in _KINDS for unit in kind)


def conversion_factor(unit: str, target: str) -> float | None:
    """Return by what a figure in one unit is multiplied to be in another; None for other kinds."""
    for kind in _KINDS:
        if unit in kind and target in kind:
            return kind[unit] / kind[target]
    return 1.0 if unit == target else None
