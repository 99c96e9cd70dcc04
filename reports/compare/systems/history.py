"""What changed in each supervisor from one system of a run to the next."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import cast

from bench.model.run_file import FLOOR, ContenderResult, Run
from bench.model.run_file.run_systems import list_systems
from provision.errors import Problem
from provision.errors.text import count_words
from reports.compare.behaviour_changes import NOT_ASKED, BehaviourChange, compare_behaviour
from reports.compare.changes import Change, compare_metrics
from reports.compare.runs import RunWithSamples
from reports.compare.statistics.verdict import TOO_FEW
from reports.compare.systems.behaviour_systems import describe_behaviour_systems
from reports.compare.systems.known_changes import known_changes
from reports.compare.systems.system_views import (
    release_of,
    rename_samples,
    system_title,
)
from reports.compare.wording import describe_interval
from reports.model.contenders import (
    contender_label,
    describe_version,
    has_measurements,
    sort_contenders,
)
from reports.model.quantities import format_quantity

# The figures that are tested, in words. The parts of a restart only explain it.
_RESTARTS = {
    "restart_long": "restarts a daemon that ran for long",
    "restart_short": "restarts a daemon that ran for 0.3 s",
}
# A smaller change of a restart is left out, however sure it is: it tells nobody what to choose.
MIN_PERCENT = 2.0
# What a contender's or a scenario's outcome begins with where there is nothing to compare.
_NO_OUTCOME = ("unfinished", "failed", NOT_ASKED)


@dataclass(frozen=True)
class Step:
    """A contender on a system and on the next one that has it, and what really differs.

    systems: the titles of both. changes: of figures. behaviours: of verdicts and outcomes.
    too_few: figures with too few samples to show any change among so many tests. known: sentences
    on what is known to have changed from the one to the other.
    """

    before: ContenderResult
    after: ContenderResult
    systems: tuple[str, str]
    changes: tuple[Change, ...]
    behaviours: tuple[BehaviourChange, ...]
    too_few: int
    known: tuple[str, ...]

    def sentences(self) -> Iterator[str]:
        """Yield a plain sentence for each difference."""
        for change in self.changes:
            yield _figure_sentence(self, change)
        for behaviour in self.behaviours:
            before, after = self.editions
            yield (
                f"{self._title()}, {behaviour.what}: {behaviour.before} in {before},"
                f" {behaviour.after} in {after}."
            )

    def explanations(self) -> list[str]:
        """Return what is known of this step; nothing where nothing differs."""
        if not self.changes and not self.behaviours:
            return []
        return [f"{self._title()}, known change: {sentence}" for sentence in self.known]

    @property
    def editions(self) -> tuple[str, str]:
        """Both versions with their systems, e.g. 2.11.3.2 (Debian 12)."""
        before, after = (
            f"{describe_version(contender) or '?'} ({system})"
            for contender, system in zip((self.before, self.after), self.systems, strict=True)
        )
        return before, after

    def _title(self) -> str:
        return contender_label(self.before)


@dataclass(frozen=True)
class History:
    """A contender over the systems of a run: a result for each, the oldest first, and the steps.

    systems: the title of each result's system.
    """

    label: str
    results: tuple[ContenderResult, ...]
    systems: tuple[str, ...]
    steps: tuple[Step, ...]


def histories(run: RunWithSamples) -> list[History]:
    """Return every contender that several systems of a run have, in the article's order.

    All tests of all neighbours are corrected together. Empty for a run of one system.
    """
    rows = _rows(run.run)
    pairs = [(row, index) for row in rows for index in range(len(row) - 1)]
    steps = dict(zip(_pairs_keys(pairs), _steps(run, pairs), strict=True))
    return [
        History(
            contender_label(row[0]),
            tuple(row),
            tuple(system_title(run.run, contender) for contender in row),
            tuple(steps[_key(row, index)] for index in range(len(row) - 1)),
        )
        for row in rows
    ]


def change_lines(run: RunWithSamples) -> list[str]:
    """Return a sentence for each real change from a release to the next, and what explains it.

    Raises Problem for a run of one system.
    """
    systems = list_systems(run.run)
    if len(systems) < 2:
        raise Problem(
            f"{run.run['id']} has one system, so there is no change from release to release.",
            advice="./inv bench --os=debian-all; ./inv compare RUN RUN compares two runs.",
            usage=True,
        )
    contenders = histories(run)
    steps = [step for item in contenders for step in item.steps]
    lines = [text for step in steps for text in (*step.sentences(), *step.explanations())]
    titles = ", ".join(system["title"] for system in systems)
    changes = count_words(sum(len(list(step.sentences())) for step in steps), "change")
    summary = (
        f"{count_words(len(contenders), 'contender')} over {titles}:"
        f" {count_words(len(steps), 'step')}, {changes}."
    )
    too_few = sum(step.too_few for step in steps)
    advice = f"{too_few} figures have too few samples to show a change: measure with more --trials."
    notes = [describe_behaviour_systems(run.run), advice if too_few else ""]
    return [*lines, summary, *filter(None, notes)]


_Pair = tuple[list[ContenderResult], int]


def _rows(run: Run) -> list[list[ContenderResult]]:
    """Return the measured results of each contender in the order of the systems."""
    order = [release_of(system) for system in list_systems(run)]
    rows: dict[str, list[ContenderResult]] = {}
    for contender in sort_contenders(run):
        name, _, release = contender["name"].partition("@")
        if release in order and contender["supervisor"] != FLOOR and has_measurements(contender):
            plain = run["supervisors"][contender["supervisor"]]["title"]
            rows.setdefault(name, []).append({**contender, "title": plain})
    for row in rows.values():
        row.sort(key=lambda contender: order.index(contender["name"].partition("@")[2]))
    return [row for row in rows.values() if len(row) > 1]


def _key(row: Sequence[ContenderResult], index: int) -> str:
    return f"{row[index]['name']}..{row[index + 1]['name']}"


def _pairs_keys(pairs: Sequence[_Pair]) -> list[str]:
    """Return a name for each pair of neighbours."""
    return [_key(row, index) for row, index in pairs]


def _steps(run: RunWithSamples, pairs: Sequence[_Pair]) -> Iterator[Step]:
    """Compare all neighbours at once: as two runs that have each pair under one name."""
    keys = _pairs_keys(pairs)
    old, new = (
        _side(run, [row[index + offset] for row, index in pairs], keys) for offset in (0, 1)
    )
    changes = [change for change in compare_metrics(old, new) if change.metric in _RESTARTS]
    behaviours = [
        change
        for change in compare_behaviour(old, new)
        if not (change.may_be_chance or _is_open(change))
    ]
    for (row, index), key in zip(pairs, keys, strict=True):
        systems = (system_title(run.run, row[index]), system_title(run.run, row[index + 1]))
        yield Step(
            row[index],
            row[index + 1],
            systems,
            tuple(change for change in changes if change.contender == key and _is_real(change)),
            tuple(change for change in behaviours if change.contender == key),
            sum(change.contender == key and change.verdict == TOO_FEW for change in changes),
            tuple(known_changes(run.run, row[index]["supervisor"], *systems)),
        )


def _is_real(change: Change) -> bool:
    """Whether it is more than chance, and large enough to matter."""
    is_large = abs(change.percent) >= MIN_PERCENT
    return (change.is_significant and is_large) or change.differs_in_shape


def _is_open(change: BehaviourChange) -> bool:
    """Whether one side has no outcome: not finished, failed, or not asked for."""
    return any(text.startswith(_NO_OUTCOME) for text in (change.before, change.after))


def _side(
    run: RunWithSamples, contenders: Sequence[ContenderResult], keys: Sequence[str]
) -> RunWithSamples:
    """Return those contenders under those names, as a run; a contender may be in it twice."""
    named = [{**contender, "name": key} for contender, key in zip(contenders, keys, strict=True)]
    samples = rename_samples(run.samples, {})
    for contender, key in zip(contenders, keys, strict=True):
        part = rename_samples(run.samples, {contender["name"]: key})
        samples.latencies_ms.update(part.latencies_ms)
        samples.censored.update(part.censored)
        samples.contenders.update(part.contenders)
    return RunWithSamples(cast(Run, {**run.run, "contenders": named}), samples)


def _figure_sentence(step: Step, change: Change) -> str:
    interval = describe_interval(change.interval) if change.interval else ""
    how = "otherwise, not slower or faster as a whole"
    if change.is_significant:
        how = change.verdict
    elif change.interval and change.interval.is_unbounded:
        how, interval = "otherwise", "; too few samples to say by how much"
    before, after = step.editions
    return (
        f"{contender_label(step.after)} {after} {_RESTARTS[change.metric]} {how}:"
        f" {format_quantity(change.after, change.unit)}, in {before}"
        f" {format_quantity(change.before, change.unit)}: {change.percent_text}{interval}."
    )
