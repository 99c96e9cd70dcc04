"""Changes that no figure shows: of status, of figures that are missing, and of verdicts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bench.model.run_file import ContenderResult, MetricResult, ScenarioResult, VerdictResult
from reports.compare.runs import RunWithSamples, contenders_of_both, metrics_of_both
from reports.model.contenders import pair_label
from reports.model.metrics import format_number
from reports.model.tables.behaviour_matrix import describe_tally

# The status of a scenario that a run was not asked for.
NOT_ASKED = "not asked for"
_ANSWERS_WORST_FIRST = ("no", "partly", "yes")


@dataclass(frozen=True)
class BehaviourChange:
    """What one contender does otherwise than before, in words.

    worse: it did more before. may_be_chance: a guest of each run gave the same answer.
    """

    contender: str
    label: str
    what: str
    before: str
    after: str
    worse: bool
    may_be_chance: bool

    def __str__(self) -> str:
        return f"{self.label}, {self.what}: {self.before}, then {self.after}"


@dataclass(frozen=True)
class _Difference:
    """One change without its contender."""

    what: str
    before: str
    after: str
    worse: bool
    may_be_chance: bool = False


def compare_behaviour(before: RunWithSamples, after: RunWithSamples) -> list[BehaviourChange]:
    """Return what the contenders of both runs do otherwise, in the article's order."""
    return [
        BehaviourChange(
            new["name"],
            pair_label(old, new),
            difference.what,
            difference.before,
            difference.after,
            difference.worse,
            difference.may_be_chance,
        )
        for old, new in contenders_of_both(before, after)
        for difference in _differences(old, new)
    ]


def _differences(old: ContenderResult, new: ContenderResult) -> Iterator[_Difference]:
    if old["status"] != new["status"]:
        reason = new["reason"].partition("\n")[0]
        after = f"{new['status']} {reason}".strip()
        yield _Difference("status", old["status"], after, old["status"] == "measured")
    for one, other in metrics_of_both(old, new):
        if (one["median"] is None) != (other["median"] is None):
            yield _Difference(
                one["metric"],
                _describe_median(one),
                _describe_median(other),
                other["median"] is None,
            )
    for scenario, result in old["scenarios"].items():
        yield from _scenario_differences(scenario, result, new["scenarios"].get(scenario))


def _scenario_differences(
    scenario: str, old: ScenarioResult, new: ScenarioResult | None
) -> Iterator[_Difference]:
    status = new["status"] if new else NOT_ASKED
    if status != old["status"]:
        yield _Difference(scenario, old["status"], status, old["status"] == "measured")
    verdicts = new.get("verdicts", []) if new else []
    by_behaviour = {verdict["behaviour"]: verdict for verdict in verdicts}
    for before in old.get("verdicts", []):
        after = by_behaviour.get(before["behaviour"])
        if after is not None and before["answer"] != after["answer"]:
            chance = _may_be_chance(before, after)
            yield _Difference(
                f"{scenario}, {before['behaviour']}",
                _describe_answer(before),
                _describe_answer(after),
                _is_worse(before["answer"], after["answer"]) and not chance,
                chance,
            )


def _may_be_chance(before: VerdictResult, after: VerdictResult) -> bool:
    """Tell whether guests of both runs, or the guests of one, gave the same answer."""
    answers = [set(verdict.get("tally", {verdict["answer"]: 1})) for verdict in (before, after)]
    return bool(answers[0] & answers[1])


def _describe_answer(verdict: VerdictResult) -> str:
    return describe_tally(verdict) or verdict["answer"]


def _is_worse(before: str, after: str) -> bool:
    """Tell whether an answer is worse than before; an answer that is no judgement is not."""
    if before not in _ANSWERS_WORST_FIRST:
        return False
    return after in _ANSWERS_WORST_FIRST[: _ANSWERS_WORST_FIRST.index(before)]


def _describe_median(metric: MetricResult) -> str:
    if metric["median"] is not None:
        return f"{format_number(metric['median'])} {metric['unit']}"
    if metric["censored"]:
        return f"no median, {metric['censored']} of {metric['n']} did not come back in time"
    return f"not measured ({metric['note']})"
