"""A comparison of runs: every change from the first one to each other, and what a gate says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from bench.model.run_file import FLOOR, ContenderResult, Run
from provision.errors import Problem
from reports.compare.behaviour_changes import BehaviourChange, compare_behaviour
from reports.compare.changes import Change, compare_metrics
from reports.compare.gate import Gate
from reports.compare.limits import Limits
from reports.compare.runs import RunWithSamples, comparison_cautions, contenders_only_in
from reports.compare.wording import describe_change
from reports.model.excerpt import Excerpt

# Smaller changes are counted, not listed, unless they are more than chance.
_MIN_LISTED_PERCENT = 10.0
_FLOOR_METRIC = "restart_long"


@dataclass(frozen=True)
class Comparison:
    """All changes from one run to another, and what a gate says of them.

    cautions: what makes the runs hard to compare. min_percent: smaller changes are only counted if
    they may be chance. regressions, undecided, unjudged: lines of the gate; without one none.
    """

    before: RunWithSamples
    after: RunWithSamples
    cautions: list[str]
    changes: list[Change]
    min_percent: float
    behaviour_changes: list[BehaviourChange]
    only_before: list[ContenderResult]
    only_after: list[ContenderResult]
    regressions: list[str]
    undecided: list[str]
    unjudged: list[str]

    @cached_property
    def listed(self) -> list[Change]:
        """The changes that are more than chance or large."""
        return [change for change in self.changes if change.is_listed(self.min_percent)]

    def count_line(self) -> str:
        """Return how many changes are not listed."""
        if not self.changes:
            return "No figure of a contender is in both."
        other = "other " if self.listed else ""
        count = len(self.changes) - len(self.listed)
        return f"{count} {other}figures changed by less than {self.min_percent:g} %."

    def missing_lines(self) -> list[str]:
        """Return a line for the contenders that only one of the runs has."""
        return [
            f"Only {time}: {', '.join(contender['name'] for contender in contenders)}."
            for time, contenders in (("before", self.only_before), ("after", self.only_after))
            if contenders
        ]


@dataclass(frozen=True)
class Comparisons:
    """Each later run against the first. fail_on: the gate as it was asked for; empty: none."""

    fail_on: str
    items: list[Comparison]

    @property
    def regressions(self) -> list[str]:
        """The lines of all regressions."""
        return [line for item in self.items for line in item.regressions]

    @property
    def undecided(self) -> list[str]:
        """The lines of all figures that may be regressions."""
        return [line for item in self.items for line in item.undecided]

    @property
    def unjudged(self) -> list[str]:
        """The lines of all single figures that no name asked for."""
        return [line for item in self.items for line in item.unjudged]


def check_count(runs: Sequence[object]) -> None:
    """Raise Problem for fewer than two runs."""
    if len(runs) < 2:
        raise Problem(
            f"A comparison needs two runs or more, and {len(runs) or 'none'} was given.",
            known="The first is the one that the others are compared with.",
            advice="./inv compare RUN RUN",
            usage=True,
        )


def check_different(runs: Sequence[RunWithSamples]) -> None:
    """Raise Problem where a run would be compared with itself, which always passes a gate."""
    first, *others = (run.run["id"] for run in runs)
    if first in others:
        raise Problem(
            f"{first} would be compared with itself.",
            known="A link such as `latest` may lead to the run that is named beside it.",
            advice="Name two runs, the one to compare with first: ./inv compare RUN RUN",
            usage=True,
        )


def compare_runs(
    runs: Sequence[RunWithSamples],
    excerpt: Excerpt,
    limits: Limits | None = None,
    fail_on: str = "",
) -> Comparisons:
    """Compare that part of each later run with the first. limits: those of fail_on, the gate."""
    first, *others = runs
    return Comparisons(fail_on, [_compare(first, other, excerpt, limits) for other in others])


def _compare(
    before: RunWithSamples, after: RunWithSamples, excerpt: Excerpt, limits: Limits | None
) -> Comparison:
    old, new = (replace(run, run=excerpt.of(run.run)) for run in (before, after))
    smallest = (limits.percent if limits else None) or _MIN_LISTED_PERCENT
    comparison = Comparison(
        before=old,
        after=new,
        cautions=[*comparison_cautions(before, after), *_floor_cautions(before, after)],
        changes=compare_metrics(old, new),
        min_percent=min(smallest, _MIN_LISTED_PERCENT),
        behaviour_changes=compare_behaviour(old, new),
        only_before=contenders_only_in(old, new),
        only_after=contenders_only_in(new, old),
        regressions=[],
        undecided=[],
        unjudged=[],
    )
    if limits is None:
        return comparison
    gate = _gate(comparison, limits, excerpt)
    if not gate.judges_anything() and not _has_verdicts(old.run):
        raise _nothing_to_judge(comparison)
    return replace(
        comparison,
        regressions=list(gate.regressions()),
        undecided=list(gate.undecided()),
        unjudged=list(gate.unjudged()),
    )


def _has_verdicts(run: Run) -> bool:
    return any(
        result.get("verdicts")
        for contender in run["contenders"]
        for result in contender["scenarios"].values()
    )


def _nothing_to_judge(comparison: Comparison) -> Problem:
    metrics = dict.fromkeys(change.metric for change in comparison.changes)
    return Problem(
        f"The gate has no figure to judge in {comparison.before.run['id']} and "
        f"{comparison.after.run['id']}.",
        known=f"Only single figures are in both: {', '.join(metrics)}."
        if metrics
        else "No figure that may be compared is in both.",
        advice="--metric=NAME lets single figures count; docs/compare.md says what is compared.",
        usage=True,
    )


def _gate(comparison: Comparison, limits: Limits, excerpt: Excerpt) -> Gate:
    """Return the gate. Single figures, and the floor, count only where a name asks for them."""
    with_floor = excerpt.names_floor
    return Gate(
        limits,
        bool(excerpt.metrics),
        [one for one in comparison.changes if with_floor or not _is_floor(one.contender)],
        [one for one in comparison.behaviour_changes if with_floor or not _is_floor(one.contender)],
        [one for one in comparison.only_before if with_floor or not _is_floor(one["name"])],
        comparison.after.run,
    )


def _floor_cautions(before: RunWithSamples, after: RunWithSamples) -> list[str]:
    """Return a sentence for each floor whose restarts changed: then the host may have."""
    excerpt = Excerpt((FLOOR,), frozenset({"restart"}), frozenset({_FLOOR_METRIC}))
    old, new = (replace(run, run=excerpt.of(run.run)) for run in (before, after))
    return [
        f"The floor itself changed: {describe_change(change)}. Other figures may have moved with "
        "the host."
        for change in compare_metrics(old, new)
        if change.is_significant
    ]


def _is_floor(contender: str) -> bool:
    return contender.partition("/")[0] == FLOOR
