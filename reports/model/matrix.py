"""The matrix of a run: contenders down, behaviours across, grouped by the scenario that shows them.

A cell is one sign for each behaviour of a scenario, so that every scenario fits a terminal.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from reports.model.view import label

SIGNS = {"yes": "✓", "no": "✗", "partly": "~", "not applicable": "·", "not measured": "?"}


@dataclass(frozen=True)
class Column:
    """One scenario, and the behaviours that its verdicts are about, in their order."""

    scenario: str
    behaviours: tuple[str, ...]


@dataclass(frozen=True)
class Line:
    """One contender; cells: its answers, scenario by scenario, in the columns' order."""

    name: str
    label: str
    cells: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Matrix:
    """What a run's verdicts say; empty columns where no scenario judges behaviours."""

    columns: tuple[Column, ...]
    lines: tuple[Line, ...]

    def legend(self) -> Iterator[str]:
        """What the signs mean, then which behaviour stands where in each scenario's cell."""
        yield ", ".join(f"{sign} {answer}" for answer, sign in SIGNS.items())
        for column in self.columns:
            yield f"{column.scenario}: {', '.join(column.behaviours)}"


def matrix(run: dict[str, Any]) -> Matrix:
    """The matrix of a run, its contenders in the article's order."""
    ordered = sorted(run["contenders"], key=lambda each: (each["rank"], each["name"]))
    columns = tuple(_columns(ordered))
    lines = tuple(
        Line(
            each["name"],
            label(each),
            tuple(tuple(_answers(each, column)) for column in columns),
        )
        for each in ordered
    )
    return Matrix(columns, lines)


def signs(answers: tuple[str, ...]) -> str:
    """One cell as text."""
    return "".join(SIGNS[answer] for answer in answers)


def _columns(contenders: list[dict[str, Any]]) -> Iterator[Column]:
    names = dict.fromkeys(name for each in contenders for name in each["scenarios"])
    for name in names:
        lists = [_behaviours(each, name) for each in contenders]
        # The fullest list first: it has the order that its scenario means.
        fullest = sorted(lists, key=len, reverse=True)
        behaviours = tuple(dict.fromkeys(one for many in fullest for one in many))
        if behaviours:
            yield Column(name, behaviours)


def _behaviours(contender: dict[str, Any], scenario: str) -> list[str]:
    return [verdict["behaviour"] for verdict in _verdicts(contender, scenario)]


def _answers(contender: dict[str, Any], column: Column) -> Iterator[str]:
    found = contender["scenarios"].get(column.scenario, {})
    otherwise = "not applicable" if found.get("status") == "not applicable" else "not measured"
    given = {each["behaviour"]: each["answer"] for each in _verdicts(contender, column.scenario)}
    for behaviour in column.behaviours:
        yield given.get(behaviour, otherwise)


def _verdicts(contender: dict[str, Any], scenario: str) -> list[dict[str, Any]]:
    return list(contender["scenarios"].get(scenario, {}).get("verdicts", []))
