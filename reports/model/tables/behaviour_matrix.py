"""The behaviour matrix of a run: contenders down, behaviours across, grouped by scenario.

A cell has one sign for each behaviour of a scenario: all scenarios together fit a terminal.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bench.model.run_file import ContenderResult, Run, VerdictResult
from reports.model.contenders import contender_label

# Answer of a cell whose guests do not agree.
DIFFERS = "differs between guests"
SIGNS = {
    "yes": "✓", "no": "✗", "partly": "~", DIFFERS: "≠", "not applicable": "·", "not measured": "?",
}  # fmt: skip


@dataclass(frozen=True)
class MatrixColumn:
    """One scenario, and the behaviours that its verdicts judge, in their order."""

    scenario: str
    behaviours: tuple[str, ...]


@dataclass(frozen=True)
class MatrixRow:
    """One contender; cells: its answers for each column, in the columns' order.

    tallies: for each answer, of how many guests it is; empty where one guest was judged.
    """

    name: str
    label: str
    cells: tuple[tuple[str, ...], ...]
    tallies: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class BehaviourMatrix:
    """The answers of all verdicts; it has no columns where no scenario judges behaviours."""

    columns: tuple[MatrixColumn, ...]
    rows: tuple[MatrixRow, ...]

    def legend(self) -> Iterator[str]:
        """Yield a line on the signs, the order of behaviours, and what several guests did."""
        yield ", ".join(f"{sign} {answer}" for answer, sign in SIGNS.items())
        for column in self.columns:
            yield f"{column.scenario}: {', '.join(column.behaviours)}"
        for row in self.rows:
            for column, tallies in zip(self.columns, row.tallies, strict=True):
                of_guests = zip(column.behaviours, tallies, strict=True)
                if words := "; ".join(f"{name}: {tally}" for name, tally in of_guests if tally):
                    yield f"{row.label}, {column.scenario}: {words}"


def build_matrix(run: Run) -> BehaviourMatrix:
    """Return the matrix of a run, its contenders in the article's order."""
    contenders = sorted(run["contenders"], key=lambda item: (item["rank"], item["name"]))
    columns = tuple(_columns(contenders))
    rows = tuple(
        MatrixRow(
            contender["name"],
            contender_label(contender),
            tuple(tuple(_answers(contender, column)) for column in columns),
            tuple(tuple(_tallies(contender, column)) for column in columns),
        )
        for contender in contenders
    )
    return BehaviourMatrix(columns, rows)


def format_signs(answers: Sequence[str]) -> str:
    """Return one cell as text."""
    return "".join(SIGNS[answer] for answer in answers)


def _columns(contenders: Sequence[ContenderResult]) -> Iterator[MatrixColumn]:
    scenarios = dict.fromkeys(name for item in contenders for name in item["scenarios"])
    for scenario in scenarios:
        lists = [_behaviours(contender, scenario) for contender in contenders]
        # The longest list first: it has the order that the scenario defines.
        longest_first = sorted(lists, key=len, reverse=True)
        behaviours = tuple(dict.fromkeys(name for names in longest_first for name in names))
        if behaviours:
            yield MatrixColumn(scenario, behaviours)


def _behaviours(contender: ContenderResult, scenario: str) -> list[str]:
    return [verdict["behaviour"] for verdict in _verdicts(contender, scenario)]


def _answers(contender: ContenderResult, column: MatrixColumn) -> Iterator[str]:
    result = contender["scenarios"].get(column.scenario)
    applies = not result or result["status"] != "not applicable"
    default = "not measured" if applies else "not applicable"
    verdicts = _verdicts(contender, column.scenario)
    answers = {verdict["behaviour"]: _answer(verdict) for verdict in verdicts}
    for behaviour in column.behaviours:
        yield answers.get(behaviour, default)


def _answer(verdict: VerdictResult) -> str:
    return DIFFERS if len(verdict.get("tally", {})) > 1 else verdict["answer"]


def _tallies(contender: ContenderResult, column: MatrixColumn) -> Iterator[str]:
    verdicts = {verdict["behaviour"]: verdict for verdict in _verdicts(contender, column.scenario)}
    for behaviour in column.behaviours:
        yield describe_tally(verdicts[behaviour]) if behaviour in verdicts else ""


def describe_tally(verdict: VerdictResult) -> str:
    """Say which answer is of how many guests; empty where the run does not tell."""
    tally = verdict.get("tally", {})
    total = sum(tally.values())
    return ", ".join(f"{answer} in {count} of {total}" for answer, count in tally.items())


def _verdicts(contender: ContenderResult, scenario: str) -> list[VerdictResult]:
    result = contender["scenarios"].get(scenario)
    return result.get("verdicts", []) if result else []
