"""What changed between runs: by contender and metric, with a test and an effect size."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from provision.errors import Problem
from reports.article.recommendations import overlap
from reports.formats.terminal import ROOMY
from reports.model.samples import Samples
from reports.model.view import has_figures, label, metric, number, ordered, same_phase

# Below this, a difference may well be chance; Holm's correction keeps it over all tests made.
SIGNIFICANT = 0.05
# In percent: what changed by less is counted, not listed, unless a test finds it.
SHOWN = 10.0
_WORDS = (
    f"chance: no more difference than chance gives (p of {SIGNIFICANT:g} or more by Mann-Whitney's "
    "U test, corrected by Holm's method; where no p is given, 95 % intervals that overlap). "
    "single: one figure each, or too few for an interval: no test of significance is possible, so "
    "the percentage alone counts. effect: Cliff's delta, -1 where every sample became lower, 1 "
    "where every one became higher."
)
# Where more is better, and where neither is: how often a daemon that ends at once is started again
# is the supervisor's choice. Everything else is better when lower.
_MORE = ("scale_up_", "lines_kept")
_CHOICE = ("crash_starts", "crash_delay")
# The difference of two that are compared themselves, and often near nothing.
_DERIVED = "_per_service"
_SAMPLED = {"restart_long": "long", "restart_short": "short"}
_ANSWERS = ("no", "partly", "yes")
_LIMIT = re.compile(r"^regression:(\d+(?:\.\d+)?)%?$")


@dataclass(frozen=True)
class Measured:
    """A run with its samples. Both are clean (reports.model.text.clean)."""

    run: dict[str, Any]
    samples: Samples


@dataclass(frozen=True)
class Change:
    """One metric of one contender, before and after.

    p: how likely such samples are if nothing changed (Mann-Whitney's U test, two-sided, corrected
    by Holm's method over the comparison), None where the samples are not at hand. effect: Cliff's
    delta, from -1 (every sample after is lower) to 1. apart: whether the medians' 95 % intervals
    are, None where there are none.
    """

    contender: str
    label: str
    metric: str
    unit: str
    before: float
    after: float
    p: float | None = None
    effect: float | None = None
    apart: bool | None = None

    @property
    def percent(self) -> float:
        """By how much the median grew; infinite where there was nothing before."""
        grown = self.after - self.before
        if not self.before:
            return math.copysign(math.inf, grown) if grown else 0.0
        return 100 * grown / abs(self.before)

    @property
    def grown(self) -> str:
        """The percentage in words."""
        return "from 0" if math.isinf(self.percent) else f"{self.percent:+.1f} %"

    @property
    def worse(self) -> float:
        """By how many percent it became worse; negative where it became better."""
        if self.metric.startswith(_CHOICE):
            return 0.0
        return -self.percent if self.metric.startswith(_MORE) else self.percent

    @property
    def tested(self) -> bool:
        """Whether there is anything to tell it from chance by."""
        return self.p is not None or self.apart is not None

    @property
    def significant(self) -> bool:
        """Whether it is more than chance, as far as that can be told."""
        return bool(self.apart) if self.p is None else self.p < SIGNIFICANT

    @property
    def word(self) -> str:
        """What to call it; only times are tested."""
        if not self.tested:
            return "single"
        if not self.significant:
            return "chance"
        return "slower" if self.percent > 0 else "faster"

    def shown(self, bound: float) -> bool:
        """Whether it is to be listed, where less than that many percent is nothing."""
        return self.significant or abs(self.percent) >= bound

    def regression(self, limit: float) -> bool:
        """Whether it became worse by more than that many percent, and not by chance."""
        return self.worse > limit and (self.significant or not self.tested)


@dataclass(frozen=True)
class BehaviourChange:
    """What a contender does or is otherwise than before, in words; worse: it did more before."""

    contender: str
    label: str
    what: str
    before: str
    after: str
    worse: bool

    def __str__(self) -> str:
        return f"{self.label}, {self.what}: {self.before}, then {self.after}"


def turns(before: Measured, after: Measured) -> list[BehaviourChange]:
    """What no figure can say: verdicts that changed, and what was measured in one run only."""
    return [
        BehaviourChange(new["name"], label(new), *words)
        for old, new in _in_both(before, after)
        for words in _turns(old, new)
    ]


def only_in(one: Measured, other: Measured) -> list[dict[str, Any]]:
    """The contenders of the one run that the other does not have, in the article's order."""
    known = {each["name"] for each in other.run["contenders"]}
    return [each for each in ordered(one.run) if each["name"] not in known]


def _in_both(before: Measured, after: Measured) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Each contender that both runs have, before and after, in the article's order."""
    then = {each["name"]: each for each in before.run["contenders"]}
    for each in ordered(after.run):
        if each["name"] in then:
            yield then[each["name"]], each


def _turns(old: dict[str, Any], new: dict[str, Any]) -> Iterator[tuple[str, str, str, bool]]:
    if old["status"] != new["status"]:
        reason = new["reason"].partition("\n")[0]
        after = f"{new['status']} {reason}".strip()
        yield "it", old["status"], after, old["status"] == "measured"
    for then, now in _metrics(old, new):
        if (then["median"] is None) != (now["median"] is None):
            yield then["metric"], _median(then), _median(now), now["median"] is None
    for scenario, found in old["scenarios"].items():
        status = new["scenarios"].get(scenario, {}).get("status", "not asked for")
        if status != found["status"]:
            yield scenario, found["status"], status, found["status"] == "measured"
        answers = {
            each["behaviour"]: each["answer"]
            for each in new["scenarios"].get(scenario, {}).get("verdicts", [])
        }
        for each in found.get("verdicts", []):
            one, other = each["answer"], answers.get(each["behaviour"])
            if other is not None and one != other:
                worse = one in _ANSWERS and other in _ANSWERS[: _ANSWERS.index(one)]
                yield f"{scenario}, {each['behaviour']}", one, other, worse


def _median(found: dict[str, Any]) -> str:
    if found["censored"] and found["median"] is None:
        return f"no median, {found['censored']} of {found['n']} did not come back in time"
    if found["median"] is None:
        return f"not measured ({found['note']})"
    return f"{number(found['median'])} {found['unit']}"


def changes(before: Measured, after: Measured) -> list[Change]:
    """Every metric that both runs have of a contender, in the article's order.

    But for what says more of when a poller looked, and for what follows from two others.
    """
    return _corrected([
        Change(new["name"], label(new), one["metric"], other["unit"], one["median"],
               other["median"], *_tested(old, new, one["metric"], before, after),
               apart=_apart(one, other))
        for old, new in _in_both(before, after)
        for one, other in _metrics(old, new)
        if None not in (one["median"], other["median"])
        and not one["metric"].endswith(_DERIVED)
        and not _of_period(new, one)
    ])  # fmt: skip


def differences(before: Measured, after: Measured) -> list[str]:
    """What makes two runs incomparable, or comparable with care only; a sentence each."""
    old, new = before.run, after.run
    asked = (
        ("systems", lambda run: run["system"]["name"]),
        ("providers", lambda run: run["provider"]["name"]),
        ("processors", lambda run: f"{run['host']['processor']}, {run['host']['cores']} cores"),
        ("machines", _machine),
        ("memory sizes", lambda run: f"{run['host']['memory_mib']} MiB"),
        ("kernels", lambda run: run["host"]["kernel"]),
        ("host systems", lambda run: run["host"]["system"]),
        ("depths", lambda run: "quick, few trials" if run["quick"] else "full"),
    )
    said = [
        f"Different {what}: {one}, then {other}."
        for what, ask in asked
        if (one := ask(old)) != (other := ask(new))
    ]
    one, other = (run.get("instrument") for run in (old, new))
    if not one or one != other:
        said.append(f"Different instruments: {one or 'unknown'}, then {other or 'unknown'}.")
    for run in (old, new):
        said += [f"{run['id']}: {warning}" for warning in run["warnings"]]
        said += [f"{run['id']} has not ended."] if not run["ended"] else []
    return said


def _machine(run: dict[str, Any]) -> str:
    host = run["host"]
    return f"{host.get('name') or 'unnamed'} {(host.get('machine_id') or '')[:8]}".strip()


def show(runs: Sequence[Measured], fail_on: str, console: Console) -> int:
    """Print each later run against the first; 1 where fail_on finds a regression, else 0.

    fail_on: empty, or regression:PERCENT; what was measured or done and is no more is one as well.
    Raises Problem for anything else, and for fewer than two runs.
    """
    limit = _limit(fail_on)
    if len(runs) < 2:
        raise Problem(
            f"{len(runs)} run is nothing to compare with.",
            advice="./inv compare RUN RUN",
            usage=True,
        )
    worse: list[str] = []
    first, *others = runs
    for other in others:
        console.print(
            f"{first.run['id']}, then {other.run['id']}",
            style="bold",
            highlight=False,
            markup=False,
        )
        for each in differences(first, other):
            console.print(f"CAUTION: {each}", style="bold red", highlight=False, markup=False)
        found = changes(first, other)
        _show_changes(found, SHOWN if limit is None else min(limit, SHOWN), console)
        turned = turns(first, other)
        for turn in turned:
            style = "red" if turn.worse else ""
            console.print(str(turn), style=style, highlight=False, markup=False)
        gone, come = only_in(first, other), only_in(other, first)
        for when, those in (("before", gone), ("after", come)):
            if those:
                names = ", ".join(each["name"] for each in those)
                console.print(f"Only {when}: {names}.", highlight=False, markup=False)
        if limit is not None:
            worse += [
                f"{each.contender} {each.metric} {each.grown}"
                + ("" if each.tested else ", one figure each: no test of significance")
                for each in found
                if each.regression(limit)
            ]
            worse += [
                f"{each.contender} {each.what}: {each.after}" for each in turned if each.worse
            ]
            worse += [
                f"{each['name']} is not in {other.run['id']}" for each in gone if has_figures(each)
            ]
    for line in worse:
        console.print(f"regression: {line}", style="red", highlight=False, markup=False)
    return 1 if worse else 0


def _show_changes(found: Sequence[Change], bound: float, console: Console) -> None:
    if not found:
        console.print("No figure of a contender is in both.")
        return
    shown = [each for each in found if each.shown(bound)]
    if shown:
        console.print(_table(shown, roomy=console.width >= ROOMY))
        console.print(_WORDS, highlight=False, markup=False)
    console.print(
        f"{len(found) - len(shown)} {'other ' if shown else ''}figures changed by less than "
        f"{bound:g} %.",
        highlight=False,
    )


def _limit(fail_on: str) -> float | None:
    if not fail_on:
        return None
    found = _LIMIT.match(fail_on)
    if found is None:
        raise Problem(
            f"--fail-on={fail_on} is not understood.",
            known="It takes regression:PERCENT.",
            advice="For example --fail-on=regression:10",
            usage=True,
        )
    return float(found.group(1))


def _metrics(
    old: dict[str, Any], new: dict[str, Any]
) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    for scenario, found in old["scenarios"].items():
        for one in found["metrics"]:
            if other := metric(new, scenario, one["metric"]):
                yield one, other


def _of_period(contender: dict[str, Any], found: dict[str, Any]) -> bool:
    """Whether it is a time that says more of when a poller looked than of the poller."""
    once = found["n"] == 1 and found["unit"] in ("ms", "s") and contender["period"] is not None
    return once or same_phase(contender, found["metric"])


def _tested(
    old: dict[str, Any], new: dict[str, Any], name: str, before: Measured, after: Measured
) -> tuple[float | None, float | None]:
    """p and effect, where samples of that metric are at hand."""
    if name not in _SAMPLED:
        return None, None
    one, other = (
        _with_censored(*measured.samples.latencies(each["name"], _SAMPLED[name]))
        for each, measured in ((old, before), (new, after))
    )
    return _test(one, other)


def _apart(one: dict[str, Any], other: dict[str, Any]) -> bool | None:
    bounds = (one["ci_low"], one["ci_high"], other["ci_low"], other["ci_high"])
    return None if None in bounds else not overlap(one, other)


def _with_censored(seen: Sequence[float], censored: int) -> list[float]:
    # The test looks at ranks alone: a restart that nobody saw was later than every other.
    return [*seen, *([float("inf")] * censored)]


def _test(one: Sequence[float], other: Sequence[float]) -> tuple[float | None, float | None]:
    from scipy.stats import mannwhitneyu  # a slow import, needed here only

    if not one or not other:
        return None, None
    # Ranks of what is never seen are equal to each other, and above every finite one.
    highest = max((value for value in (*one, *other) if value != float("inf")), default=0.0) + 1.0
    finite = [[min(value, highest) for value in each] for each in (one, other)]
    result: Any = mannwhitneyu(finite[1], finite[0], alternative="two-sided")
    return float(result.pvalue), 2 * float(result.statistic) / (len(one) * len(other)) - 1


def _corrected(found: Sequence[Change]) -> list[Change]:
    """The same with Holm's correction: many tests find something by chance alone."""
    tested = sorted((each for each in found if each.p is not None), key=lambda each: each.p or 0.0)
    least, corrected = 0.0, {}
    for rank, each in enumerate(tested):
        least = max(least, min(1.0, (each.p or 0.0) * (len(tested) - rank)))
        corrected[each.contender, each.metric] = least
    return [replace(each, p=corrected.get((each.contender, each.metric))) for each in found]


def _table(found: Sequence[Change], *, roomy: bool) -> Table:
    table = Table(title="What changed", title_justify="left", box=box.SIMPLE_HEAD, show_edge=False,
                  padding=(0, 1 if roomy else 0, 0, 0))  # fmt: skip
    table.add_column("contender")
    table.add_column("metric", no_wrap=True)
    for heading in ("before", "after", "change", *(["p"] if roomy else []), "effect"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("")
    for each in found:
        judged = each.significant and each.worse
        style = "" if not judged else "red" if each.worse > 0 else "green"
        unit = f", {each.unit}" if roomy and each.unit else ""
        p = "" if each.p is None else "<0.001" if each.p < 0.001 else f"{each.p:.3f}"
        table.add_row(
            Text(each.label), f"{each.metric}{unit}", number(each.before), number(each.after),
            each.grown, *([p] if roomy else []),
            "" if each.effect is None else f"{each.effect:+.2f}", each.word, style=style,
        )  # fmt: skip
    return table
