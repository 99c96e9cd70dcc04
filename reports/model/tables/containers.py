"""What a run says of containers' PID 1s: their own matrix, in two tables."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence

from bench.model.run_file import ContenderResult, Run, VerdictResult
from reports.model.blocks import Cell, Column, Table
from reports.model.contenders import contender_label, sort_contenders
from reports.model.metrics import find_metric
from reports.model.quantities import format_quantity

SIGNALS, STOP = "signals", "engine-stop"
EXIT, ZOMBIES, LEFT = "exit-status", "zombies", "descendants"
SCENARIOS = (SIGNALS, STOP, EXIT, ZOMBIES, LEFT, "startup")
# A behaviour of the scenario `signals` that is one signal's name, such as TERM or USR1.
_SIGNAL = re.compile(r"[A-Z]+[0-9]*(\+[0-9]+)?")
_REWRITTEN = re.compile(r"([A-Z0-9+ and]+) in its place")
_RELATIVES = {
    "its group gets them": "group",
    "its session gets them": "session",
    "a session apart gets them": "apart",
}
_STOPS = ("engine_stop_handler", "engine_stop_plain")
_SIGNAL_NOTE = (
    "Signals that the engine sends to PID 1. Lost: nobody in the container got them. Others told: "
    "processes in the program's group, in its session, or in a session apart from it. SIGKILL, "
    "SIGSTOP and SIGCHLD are passed on by nothing. Of a supervisor, only signals were sent that "
    "people and engines send to stop it, reload it or ask it."
)
_LIFE_NOTE = (
    "Stop: from SIGTERM until the container is gone, of a program with a handler for it, "
    "and of a plain one without; 10 s and more: it was killed. Told: whether that SIGTERM reached "
    "the program, its group, its session, and a session apart. Zombies: whether it reaps orphans "
    "that end, and zombies that it inherits. Memory: private "
    "memory of PID 1 and, of a supervisor, of its helpers. Start: from the exec of PID 1 to the "
    "program's main(). Other guests ran meanwhile, so that times of milliseconds vary."
)


def measured_containers(run: Run) -> list[ContenderResult]:
    """Return the contenders that were measured as a container's PID 1, in the article's order."""
    return [
        contender
        for contender in sort_contenders(run)
        if any(verdicts_of(contender, scenario) for scenario in SCENARIOS)
    ]


def container_tables(run: Run) -> Iterator[Table]:
    """Yield the matrix of containers' PID 1s: signals, then stop, end and cost."""
    contenders = measured_containers(run)
    if any(verdicts_of(contender, SIGNALS) for contender in contenders):
        yield _signal_table(contenders)
    if contenders:
        yield _life_table(contenders)


def verdicts_of(contender: ContenderResult, scenario: str) -> list[VerdictResult]:
    """Return the verdicts of a scenario; none where it was not measured."""
    result = contender["scenarios"].get(scenario)
    return result.get("verdicts", []) if result else []


def signals_answered(contender: ContenderResult, answer: str) -> list[str]:
    """Return the names of the standard signals whose verdict is that answer."""
    return [
        verdict["behaviour"]
        for verdict in verdicts_of(contender, SIGNALS)
        if verdict["answer"] == answer and _SIGNAL.fullmatch(verdict["behaviour"])
    ]


def answer_of(contender: ContenderResult, scenario: str, behaviour: str) -> str:
    """Return the answer of one verdict; empty where there is none."""
    answers = (v["answer"] for v in verdicts_of(contender, scenario) if v["behaviour"] == behaviour)
    return next(answers, "")


def outcome_of(contender: ContenderResult, scenario: str) -> str:
    """Return yes where every verdict of a scenario is, no where one is not, or empty.

    Empty: not all of it was measured, and nothing that was is wrong.
    """
    answers = {verdict["answer"] for verdict in verdicts_of(contender, scenario)}
    if answers & {"no", "partly"}:
        return "no"
    return "yes" if answers == {"yes"} else ""


def signals_in_place(verdict: VerdictResult) -> list[str]:
    """Return the names of the signals that the program got in place of the verdict's."""
    match = _REWRITTEN.match(verdict["sentence"])
    return match.group(1).split(" and ") if match and verdict["answer"] == "partly" else []


def _signal_table(contenders: Sequence[ContenderResult]) -> Table:
    columns = ("PID 1", "SIGTERM", "Passed on", "Lost", "Rewritten", "Real-time", "Others told")
    return Table(
        caption="Which signals a container's PID 1 passes on",
        columns=tuple(Column(name) for name in columns),
        rows=tuple(_signal_row(one) for one in contenders if verdicts_of(one, SIGNALS)),
        note=_SIGNAL_NOTE,
    )


def _signal_row(contender: ContenderResult) -> tuple[Cell, ...]:
    passed = signals_answered(contender, "yes")
    return (
        _name_cell(contender),
        Cell(answer_of(contender, SIGNALS, "TERM")),
        Cell(str(len(passed)), order=len(passed)),
        Cell(_list_lost(contender)),
        Cell(", ".join(_rewritten(contender))),
        Cell(answer_of(contender, SIGNALS, "real-time")),
        Cell(", ".join(_relatives_told(contender)) or "nobody"),
    )


def _list_lost(contender: ContenderResult) -> str:
    """Return the lost signals; all, where the program got none of them, or another in its place."""
    lost = signals_answered(contender, "no")
    got = any(signals_answered(contender, answer) for answer in ("yes", "partly"))
    return "all" if lost and not got else " ".join(lost) or "none"


def _rewritten(contender: ContenderResult) -> Iterator[str]:
    for verdict in verdicts_of(contender, SIGNALS):
        if others := signals_in_place(verdict):
            yield f"{verdict['behaviour']} to {' and '.join(others)}"


def _relatives_told(contender: ContenderResult) -> list[str]:
    return [
        word
        for behaviour, word in _RELATIVES.items()
        if answer_of(contender, SIGNALS, behaviour) in ("yes", "partly")
    ]


def _life_table(contenders: Sequence[ContenderResult]) -> Table:
    return Table(
        caption="How a container with that PID 1 stops and ends, and what it costs",
        columns=(
            Column("PID 1"),
            Column("Stop, handler", numeric=True),
            Column("Stop, plain", numeric=True),
            Column("Told"),
            Column("Exit status"),
            Column("Zombies"),
            Column("Tells who is left"),
            Column("VmPeak", numeric=True),
            Column("Memory", numeric=True),
            Column("Start", numeric=True),
        ),
        rows=tuple(_life_row(contender) for contender in contenders),
        note=_LIFE_NOTE,
    )


def _life_row(contender: ContenderResult) -> tuple[Cell, ...]:
    return (
        _name_cell(contender),
        *(_figure_cell(contender, STOP, name) for name in _STOPS),
        Cell(answer_of(contender, STOP, "tells everybody")),
        _summary_cell(contender, EXIT),
        _summary_cell(contender, ZOMBIES),
        Cell(answer_of(contender, LEFT, "tells who is left")),
        _figure_cell(contender, "footprint", "vmpeak"),
        _figure_cell(contender, "footprint", "private_dirty_1"),
        _figure_cell(contender, "startup", "startup"),
    )


def _figure_cell(contender: ContenderResult, scenario: str, name: str) -> Cell:
    metric = find_metric(contender, scenario, name)
    if metric is None or metric["median"] is None:
        return Cell("", math.inf)
    return Cell(format_quantity(metric["median"], metric["unit"]), metric["median"])


def _summary_cell(contender: ContenderResult, scenario: str) -> Cell:
    """Return yes or no for all behaviours of a scenario; where they differ, which are not."""
    verdicts = verdicts_of(contender, scenario)
    wrong = [verdict["behaviour"] for verdict in verdicts if verdict["answer"] != "yes"]
    if not verdicts or not wrong:
        return Cell("yes" if verdicts else "")
    return Cell("no" if len(wrong) == len(verdicts) else f"not: {', '.join(wrong)}")


def _name_cell(contender: ContenderResult) -> Cell:
    return Cell(contender_label(contender), anchor=f"supervisor-{contender['supervisor']}")
