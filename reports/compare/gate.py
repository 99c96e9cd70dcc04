"""The gate of a comparison: what --fail-on=regression:PERCENT lets fail."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bench.model.run_file import ContenderResult, Run
from provision.errors import Problem
from reports.compare.behaviour_changes import BehaviourChange
from reports.compare.changes import Change
from reports.compare.wording import describe_change, describe_quantile_change
from reports.model.contenders import has_measurements

_FAIL_ON = re.compile(r"^regression:(\d+(?:\.\d+)?)%?$")


def parse_fail_on(fail_on: str) -> float | None:
    """Return the percentage of --fail-on; None where the option is empty. Raises Problem."""
    if not fail_on:
        return None
    match = _FAIL_ON.match(fail_on)
    if match is None:
        raise Problem(
            f"--fail-on={fail_on} is not understood.",
            known="It takes regression:PERCENT.",
            advice="For example --fail-on=regression:10",
            usage=True,
        )
    return float(match.group(1))


@dataclass(frozen=True)
class Gate:
    """The judgement of one comparison.

    limit: by how many percent a figure may get worse.
    """

    limit: float
    changes: Sequence[Change]
    behaviour_changes: Sequence[BehaviourChange]
    only_before: Sequence[ContenderResult]
    after: Run

    def regressions(self) -> Iterator[str]:
        """Yield a line for each regression.

        A regression is a figure that is shown to be worse by more than the limit, and what was
        measured or done before and is missing or worse now.
        """
        for change in self.changes:
            yield from self._regressions_of(change)
        for behaviour in self.behaviour_changes:
            if behaviour.worse:
                yield f"{behaviour.contender} {behaviour.what}: {behaviour.after}"
        for contender in self.only_before:
            if has_measurements(contender):
                yield f"{contender['name']} is not in {self.after['id']}"

    def undecided(self) -> Iterator[str]:
        """Yield a line for each figure that may be a regression, which its interval leaves open."""
        for change in self.changes:
            if change.interval is None or any(self._regressions_of(change)):
                continue
            if change.percent_worse > self.limit:
                yield describe_change(change)
            yield from (
                describe_quantile_change(change, item)
                for item in change.gated_quantiles()
                if item.percent > self.limit
            )

    def _regressions_of(self, change: Change) -> Iterator[str]:
        if change.is_regression(self.limit):
            yield describe_change(change)
            return
        for item in change.gated_quantiles():
            if item.interval is not None and item.interval.low > self.limit:
                yield describe_quantile_change(change, item)
