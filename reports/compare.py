"""What changed between runs: by contender and metric, with a test and an effect size."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from provision.errors import Problem
from reports.samples import Samples
from reports.terminal import ROOMY
from reports.view import label, metric, number, ordered

# Below this, a difference may well be chance; Holm's correction keeps it over all tests made.
SIGNIFICANT = 0.05
_WORDS = (
    f"chance: no more difference than chance gives (p of {SIGNIFICANT:g} or more by Mann-Whitney's "
    "U test, corrected by Holm's method). single: read once, so not tested. effect: Cliff's delta, "
    "-1 where every sample became lower, 1 where every one became higher."
)
_FOOTPRINT = ("vmpeak", "pss_1", "pss_10", "pss_per_service", "cpu_idle")
_ANSWERS = ("no", "partly", "yes")
_LIMIT = re.compile(r"^regression:(\d+(?:\.\d+)?)%?$")


@dataclass(frozen=True)
class Measured:
    """A run with its samples. Both are clean (reports.text.clean)."""

    run: dict[str, Any]
    samples: Samples


@dataclass(frozen=True)
class Change:
    """One metric of one contender, before and after.

    percent: by how much the median grew. p: how likely such samples are if nothing changed
    (Mann-Whitney's U test, two-sided, corrected by Holm's method over the comparison), None for a
    figure that was read once. effect: Cliff's delta, from -1 (every sample after is lower) to 1.
    """

    contender: str
    label: str
    metric: str
    unit: str
    before: float
    after: float
    percent: float
    p: float | None = None
    effect: float | None = None

    @property
    def significant(self) -> bool:
        """Whether it is more than chance, as far as that can be told."""
        return self.p is not None and self.p < SIGNIFICANT

    @property
    def word(self) -> str:
        """What to call it; all metrics are better when lower."""
        if self.p is None:
            return "single"
        if not self.significant:
            return "chance"
        return "slower" if self.percent > 0 else "faster"


@dataclass(frozen=True)
class Turn:
    """What a contender does or is otherwise than before, in words; worse: it did more before."""

    contender: str
    label: str
    what: str
    before: str
    after: str
    worse: bool

    def __str__(self) -> str:
        return f"{self.label}, {self.what}: {self.before}, then {self.after}"


def turns(before: Measured, after: Measured) -> list[Turn]:
    """What no figure can say: verdicts that changed, and what was measured in one run only."""
    return [
        Turn(new["name"], label(new), *words)
        for old, new in _in_both(before, after)
        for words in _turns(old, new)
    ]


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
    for name in ("restart_long", "restart_short"):
        one, other = metric(old, "restart", name), metric(new, "restart", name)
        if not one or not other or (one["median"] is None) == (other["median"] is None):
            continue
        yield name, _median(one), _median(other), other["median"] is None
    for scenario, found in old["scenarios"].items():
        now = {
            each["behaviour"]: each["answer"]
            for each in new["scenarios"].get(scenario, {}).get("verdicts", [])
        }
        for each in found.get("verdicts", []):
            one, other = each["answer"], now.get(each["behaviour"])
            if other is not None and one != other:
                worse = one in _ANSWERS and other in _ANSWERS[: _ANSWERS.index(one)]
                yield f"{scenario}, {each['behaviour']}", one, other, worse


def _median(found: dict[str, Any]) -> str:
    if found["median"] is None:
        return f"no median, {found['censored']} of {found['n']} did not come back in time"
    return f"{number(found['median'])} {found['unit']}"


def changes(before: Measured, after: Measured) -> list[Change]:
    """Every metric that both runs have of a contender, in the article's order."""
    found: list[Change] = []
    for old, each in _in_both(before, after):
        for group in ("long", "short"):
            found += _latency(old, each, group, before.samples, after.samples)
        for name in _FOOTPRINT:
            found += _figure(old, each, "footprint", name)
    return _corrected(found)


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
        if found:
            console.print(_table(found, roomy=console.width >= ROOMY))
            console.print(_WORDS, highlight=False, markup=False)
        else:
            console.print("No figure of a contender is in both.")
        turned = turns(first, other)
        for turn in turned:
            style = "red" if turn.worse else ""
            console.print(str(turn), style=style, highlight=False, markup=False)
        for line in _only_in_one(first.run, other.run):
            console.print(line, highlight=False, markup=False)
        if limit is not None:
            worse += [
                f"{each.contender} {each.metric} {each.percent:+.1f} %"
                for each in found
                if each.significant and each.percent > limit
            ]
            worse += [
                f"{each.contender} {each.what}: {each.after}" for each in turned if each.worse
            ]
    for line in worse:
        console.print(f"regression: {line}", style="red", highlight=False, markup=False)
    return 1 if worse else 0


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


def _latency(
    old: dict[str, Any],
    new: dict[str, Any],
    group: str,
    old_samples: Samples,
    new_samples: Samples,
) -> Iterator[Change]:
    name = f"restart_{group}"
    before, after = metric(old, "restart", name), metric(new, "restart", name)
    if not before or not after or not before["median"] or after["median"] is None:
        return
    one = _with_censored(*old_samples.latencies(old["name"], group))
    other = _with_censored(*new_samples.latencies(new["name"], group))
    p, effect = _test(one, other)
    yield _change(new, before, after, p=p, effect=effect)


def _figure(old: dict[str, Any], new: dict[str, Any], scenario: str, name: str) -> Iterator[Change]:
    before, after = metric(old, scenario, name), metric(new, scenario, name)
    if before and after and before["median"] and after["median"] is not None:
        yield _change(new, before, after)


def _change(
    new: dict[str, Any],
    before: dict[str, Any],
    after: dict[str, Any],
    p: float | None = None,
    effect: float | None = None,
) -> Change:
    grown = 100 * (after["median"] / before["median"] - 1)
    return Change(new["name"], label(new), after["metric"], after["unit"], before["median"],
                  after["median"], grown, p, effect)  # fmt: skip


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
    return [
        Change(**{**each.__dict__, "p": corrected.get((each.contender, each.metric))})
        for each in found
    ]


def _table(found: Sequence[Change], *, roomy: bool) -> Table:
    table = Table(title="What changed", title_justify="left", box=box.SIMPLE_HEAD, show_edge=False,
                  padding=(0, 1 if roomy else 0, 0, 0))  # fmt: skip
    table.add_column("contender", no_wrap=True)
    table.add_column("metric", no_wrap=True)
    for heading in ("before", "after", "change", *(["p"] if roomy else []), "effect"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("")
    for each in found:
        style = "" if not each.significant else "red" if each.percent > 0 else "green"
        unit = f", {each.unit}" if roomy and each.unit else ""
        p = "" if each.p is None else "<0.001" if each.p < 0.001 else f"{each.p:.3f}"
        table.add_row(
            Text(each.label), f"{each.metric}{unit}", number(each.before), number(each.after),
            f"{each.percent:+.1f} %", *([p] if roomy else []),
            "" if each.effect is None else f"{each.effect:+.2f}", each.word, style=style,
        )  # fmt: skip
    return table


def _only_in_one(old: dict[str, Any], new: dict[str, Any]) -> Iterator[str]:
    then, now = ({each["name"] for each in run["contenders"]} for run in (old, new))
    if then - now:
        yield f"Only before: {', '.join(sorted(then - now))}."
    if now - then:
        yield f"Only after: {', '.join(sorted(now - then))}."
