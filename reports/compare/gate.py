"""The gate of a comparison: what --fail-on lets fail."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bench.model.run_file import ContenderResult, Run
from reports.compare.behaviour_changes import BehaviourChange
from reports.compare.changes import Change
from reports.compare.limits import Limits
from reports.compare.wording import describe_change, describe_quantile_change
from reports.model.contenders import has_measurements


@dataclass(frozen=True)
class Gate:
    """The judgement of one comparison.

    judges_single: whether figures count that have no test of significance. Of two runs of the same
    build, many of these differ by more than any useful limit.
    """

    limits: Limits
    judges_single: bool
    changes: Sequence[Change]
    behaviour_changes: Sequence[BehaviourChange]
    only_before: Sequence[ContenderResult]
    after: Run

    def regressions(self) -> Iterator[str]:
        """Yield a line for each regression.

        A regression is a figure that is shown to be worse by more than the limits, and what was
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
            if change.may_be_regression(self.limits):
                yield describe_change(change)
            yield from (
                describe_quantile_change(change, item)
                for item in change.gated_quantiles()
                if item.exceeds(self.limits, item.percent, change.unit)
            )

    def judges_anything(self) -> bool:
        """Tell whether there is a figure to judge, or something that was there before."""
        return any(not self._is_unjudged(one) for one in self.changes) or any(self.regressions())

    def unjudged(self) -> Iterator[str]:
        """Yield a line for each single figure that is not judged and got worse by that much."""
        for change in self.changes:
            if self._is_unjudged(change) and change.may_be_regression(self.limits):
                yield describe_change(change)

    def _is_unjudged(self, change: Change) -> bool:
        return not change.is_tested and not self.judges_single

    def _regressions_of(self, change: Change) -> Iterator[str]:
        if self._is_unjudged(change):
            return
        if change.is_regression(self.limits):
            yield describe_change(change)
            return
        for item in change.gated_quantiles():
            if item.interval is not None and item.exceeds(
                self.limits, item.interval.low, change.unit
            ):
                yield describe_quantile_change(change, item)
