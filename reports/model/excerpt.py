"""A part of a run: some of its contenders, scenarios and metrics."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import cast

from bench.model.run_file import FLOOR, ContenderResult, Run, ScenarioResult
from bench.model.selection.name_lists import split_names
from bench.model.selection.profile_names import begins_with
from bench.model.selection.scenario_names import current_name
from provision.systems import unknown_name_error

_SHOWN_BY = "./inv report RUN --format=csv"
_INCOMPLETE = ("failed", "unfinished")


@dataclass(frozen=True)
class Excerpt:
    """Which part of a run counts; what is empty leaves nothing out.

    only: names of contenders, or their beginnings. scenarios, metrics: names.
    """

    only: tuple[str, ...] = ()
    scenarios: frozenset[str] = frozenset()
    metrics: frozenset[str] = frozenset()

    @property
    def names_floor(self) -> bool:
        """Whether the floor was asked for by its name."""
        return any(begins_with(name, FLOOR) for name in self.only)

    def has_contender(self, name: str) -> bool:
        """Tell whether a contender belongs to it; in a merged run, a name may end in @HOST."""
        names = (name, name.partition("@")[0])
        return not self.only or any(begins_with(one, first) for one in names for first in self.only)

    def has_supervisor(self, name: str) -> bool:
        """Tell whether any contender of a supervisor may belong to it."""
        return not self.only or any(begins_with(first, name) for first in self.only)

    def of(self, run: Run) -> Run:
        """Return that part of a run. With metrics, no verdict is part of it."""
        contenders = [item for item in run["contenders"] if self.has_contender(item["name"])]
        supervisors = {
            name: facts for name, facts in run["supervisors"].items() if self.has_supervisor(name)
        }
        absent = [item for item in run["absent"] if self.has_supervisor(item["supervisor"])]
        part = {
            **run,
            "contenders": [self._part_of_contender(item) for item in contenders],
            "supervisors": supervisors,
            "absent": absent,
        }
        return cast(Run, part)

    def _part_of_contender(self, contender: ContenderResult) -> ContenderResult:
        if not self.scenarios:
            return contender
        scenarios = {
            name: self._part_of_scenario(result)
            for name, result in contender["scenarios"].items()
            if name in self.scenarios
        }
        part: ContenderResult = {**contender, "scenarios": scenarios}
        if not any(result["status"] in _INCOMPLETE for result in scenarios.values()):
            part["status"], part["reason"] = "measured", ""
        return part

    def _part_of_scenario(self, result: ScenarioResult) -> ScenarioResult:
        if not self.metrics:
            return result
        metrics = [metric for metric in result["metrics"] if metric["metric"] in self.metrics]
        return {**result, "metrics": metrics, "verdicts": []}


def find_excerpt(
    runs: Sequence[Run],
    *,
    only: Sequence[str] = (),
    scenario: Sequence[str] = (),
    metric: Sequence[str] = (),
) -> Excerpt:
    """Return the part that options name: repeated values, or values separated by commas.

    A contender and a metric may be named by their beginnings, up to a / or a _. Raises Problem for
    a name that none of the runs has.
    """
    beginnings = split_names("only", only)
    scenarios = [current_name(name) for name in split_names("scenario", scenario)]
    for name in beginnings:
        _check_contender(name, runs)
    _check_scenarios(scenarios, runs)
    metrics = _find_metrics(split_names("metric", metric), scenarios, runs)
    if metrics:
        scenarios = [name for name, other in _figures(runs, scenarios) if other in metrics]
    return Excerpt(beginnings, frozenset(scenarios), frozenset(metrics))


def _check_contender(name: str, runs: Sequence[Run]) -> None:
    contenders = _unique(item["name"] for run in runs for item in run["contenders"])
    supervisors = _unique(name for run in runs for name in run["supervisors"])
    if any(map(Excerpt(only=(name,)).has_contender, [*contenders, *supervisors])):
        return
    if "/" in name:
        raise unknown_name_error("contender of that run", name, contenders, _SHOWN_BY)
    raise unknown_name_error("supervisor of that run", name, supervisors, _SHOWN_BY)


def _check_scenarios(names: Sequence[str], runs: Sequence[Run]) -> None:
    names_of_run = _unique(
        name for run in runs for contender in run["contenders"] for name in contender["scenarios"]
    )
    for name in names:
        if name not in names_of_run:
            raise unknown_name_error("scenario of that run", name, names_of_run, _SHOWN_BY)


def _find_metrics(names: Sequence[str], scenarios: Sequence[str], runs: Sequence[Run]) -> list[str]:
    names_of_run = _unique(metric for _, metric in _figures(runs, scenarios))
    selected: list[str] = []
    for name in names:
        exact = [metric for metric in names_of_run if metric == name]
        chosen = exact or [metric for metric in names_of_run if metric.startswith(f"{name}_")]
        if not chosen:
            place = f" of {', '.join(scenarios)}" if scenarios else ""
            raise unknown_name_error(f"metric{place} in that run", name, names_of_run, _SHOWN_BY)
        selected += chosen
    return selected


def _figures(runs: Sequence[Run], scenarios: Sequence[str]) -> list[tuple[str, str]]:
    """Return each pair of a scenario and a metric that any of the runs has."""
    return [
        (name, metric["metric"])
        for run in runs
        for contender in run["contenders"]
        for name, result in contender["scenarios"].items()
        if not scenarios or name in scenarios
        for metric in result["metrics"]
    ]


def _unique(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))
