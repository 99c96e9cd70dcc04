"""How much worse a figure may get before --fail-on calls it a regression."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from provision.errors import Problem
from reports.model.units import UNITS, conversion_factor

_PREFIX = "regression:"
_LIMIT = re.compile(r"(\d+(?:\.\d+)?) ?(%?|[A-Za-z]+)")
# The kernel counts memory in pages: where a figure moved by one, nothing need have changed.
_PAGE_KB = 4.0


@dataclass(frozen=True)
class Limits:
    """What a regression exceeds: the percentage, and the amount for figures of such a unit.

    percent: of the figure before; None: an amount alone counts, and figures without one never do.
    amounts: by unit.
    """

    percent: float | None = None
    amounts: Mapping[str, float] = field(default_factory=dict)

    def are_exceeded(self, percent: float, amount: float, unit: str) -> bool:
        """Tell whether a figure of that unit got worse by more than both limits."""
        amounts = self._amounts_in(unit)
        if self.percent is None and not amounts:
            return False
        return percent > (self.percent or 0.0) and amount > max((*amounts, _page(unit)))

    def _amounts_in(self, unit: str) -> list[float]:
        """Return the amounts for figures of that unit, in that unit."""
        return [
            amount * factor
            for of, amount in self.amounts.items()
            if (factor := conversion_factor(of, unit)) is not None
        ]


def _page(unit: str) -> float:
    """Return a page in that unit; 0 where it is no unit of memory."""
    return _PAGE_KB * (conversion_factor("kB", unit) or 0.0)


def parse_fail_on(fail_on: str) -> Limits | None:
    """Return the limits of --fail-on; None where the option is empty. Raises Problem."""
    if not fail_on:
        return None
    limits: dict[str, float] = {}
    for part in fail_on.removeprefix(_PREFIX).split(","):
        match = _LIMIT.fullmatch(part.strip())
        unit = (match[2] or "%") if match else ""
        if not fail_on.startswith(_PREFIX) or match is None or unit not in ("%", *UNITS):
            raise _not_understood(fail_on)
        if any(conversion_factor(unit, other) is not None for other in limits):
            raise _not_understood(fail_on)
        limits[unit] = float(match[1])
    return Limits(limits.pop("%", None), limits)


def _not_understood(fail_on: str) -> Problem:
    return Problem(
        f"--fail-on={fail_on} is not understood.",
        known="It takes regression: and a percentage, an amount of time, an amount of memory, or "
        f"several of them, each once. Units of amounts: {', '.join(UNITS)}.",
        advice="For example --fail-on=regression:10 or --fail-on=regression:10%,1ms,64kB",
        usage=True,
    )
