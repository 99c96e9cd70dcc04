"""What a run says of containers' PID 1s: their own matrix, in two tables."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from bench.model.run_file import ContenderResult, Run, VerdictResult
from reports.model.blocks import Cell, Column, Table
from reports.model.contenders import contender_label, sort_contenders
from reports.model.metrics import find_metric
from reports.model.quantities import format_quantity
from reports.model.tables.decision import evidence_anchor

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
# Metrics of a stop, with the behaviours whose verdicts have their evidence.
_STOPS = {
    "engine_stop_handler": "ends in time, a program with a handler",
    "engine_stop_plain": "ends in time, a program without a handler",
}
_TELLS = "tells everybody"
_MEMORY = "private_dirty_1"
_SIGNAL_NOTE = (
    "Signals that the engine sends to PID 1. Lost: nobody in the container got them. Others told: "
    "processes in the program's group, in its session, or in a session apart from it. SIGKILL, "
    "SIGSTOP and SIGCHLD are passed on by nothing. Of a supervisor, only signals were sent that "
    "people and engines send to stop it, reload it or ask it. Unclear: PID 1 ended, nobody was "
    "seen to get the signal, and when the engine stopped it the program got its SIGTERM all the "
    "same."
)
_LIFE_NOTE = (
    "Stop: from SIGTERM until the container is gone, of a program with a handler for it, "
    "and of a plain one without; 10 s and more: it was killed. Told: whether that SIGTERM reached "
    "the program, its group, its session, and a session apart. Zombies: whether it reaps orphans "
    "that end, and zombies that it inherits. Memory: private "
    "memory of PID 1 and, of a supervisor, of its helpers. Start: from the exec of PID 1 to the "
    "program's main(). Other guests ran meanwhile, so that times of milliseconds vary. A dash: not "
    "measured, or not asked of it, as its hint says."
)
_UNCLEAR = (
    "PID 1 ended, and nobody was seen to get the signal; stopped by the engine, the program got "
    "SIGTERM: its last lines may have been lost with the container."
)


def measured_containers(run: Run) -> list[ContenderResult]:
    """Return the contenders that were measured as a container's PID 1, in the article's order."""
    return [
        contender
        for contender in sort_contenders(run)
        if any(verdicts_of(contender, scenario) for scenario in SCENARIOS)
    ]


def container_tables(run: Run, names: Mapping[str, str]) -> Iterator[Table]:
    """Yield the matrix of containers' PID 1s: signals, then stop, end and cost.

    names: under which the evidence of a contender stands, by its name, where that is another one.
    """
    contenders = measured_containers(run)
    if any(verdicts_of(contender, SIGNALS) for contender in contenders):
        yield _signal_table(contenders, names)
    if contenders:
        yield _life_table(contenders, names)


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


def is_unclear(contender: ContenderResult, verdict: VerdictResult) -> bool:
    """Tell whether a SIGTERM that seems lost may have been told of before PID 1 ended.

    What the program writes as the container ends may come too late to be read.
    """
    told = answer_of(contender, STOP, _TELLS) in ("yes", "partly")
    lost = verdict["behaviour"] == "TERM" and verdict["answer"] == "no"
    return lost and told and "PID 1 ended" in verdict["sentence"]


def signals_lost(contender: ContenderResult) -> list[str]:
    """Return the names of the standard signals that nobody got, but for an unclear one."""
    unclear = [
        verdict["behaviour"]
        for verdict in verdicts_of(contender, SIGNALS)
        if is_unclear(contender, verdict)
    ]
    return [name for name in signals_answered(contender, "no") if name not in unclear]


def _signal_table(contenders: Sequence[ContenderResult], names: Mapping[str, str]) -> Table:
    columns = ("PID 1", "SIGTERM", "Passed on", "Lost", "Rewritten", "Real-time", "Others told")
    return Table(
        caption="Which signals a container's PID 1 passes on",
        columns=tuple(Column(name) for name in columns),
        rows=tuple(_signal_row(one, names) for one in contenders if verdicts_of(one, SIGNALS)),
        note=_SIGNAL_NOTE,
    )


def _signal_row(contender: ContenderResult, names: Mapping[str, str]) -> tuple[Cell, ...]:
    name = names.get(contender["name"], contender["name"])
    passed = signals_answered(contender, "yes")
    evidence = _anchor_of_first(contender, name, SIGNALS)
    return (
        _name_cell(contender),
        _term_cell(contender, name),
        Cell(str(len(passed)), order=len(passed), anchor=evidence),
        Cell(_list_lost(contender), anchor=evidence),
        Cell(", ".join(_rewritten(contender)) or "none", anchor=evidence),
        _verdict_cell(contender, name, SIGNALS, "real-time"),
        _relatives_cell(contender, evidence),
    )


def _term_cell(contender: ContenderResult, name: str) -> Cell:
    cell = _verdict_cell(contender, name, SIGNALS, "TERM")
    if any(is_unclear(contender, verdict) for verdict in verdicts_of(contender, SIGNALS)):
        return replace(cell, text="unclear", hint=_UNCLEAR)
    return cell


def _verdict_cell(contender: ContenderResult, name: str, scenario: str, behaviour: str) -> Cell:
    """Return the answer, which leads to what it rests on; a dash with the reason without one."""
    for verdict in verdicts_of(contender, scenario):
        if verdict["behaviour"] == behaviour:
            anchor = evidence_anchor(name, scenario, behaviour)
            return Cell(verdict["answer"], anchor=anchor, hint=verdict["sentence"])
    return _blank(contender, scenario)


def _blank(contender: ContenderResult, scenario: str, order: float | None = None) -> Cell:
    """Return a dash whose hint says why there is no answer or figure."""
    result = contender["scenarios"].get(scenario)
    if result is None:
        reason = f"The scenario {scenario} was not asked for."
    elif result["status"] == "measured":
        reason = "It was not asked of this contender."
    else:
        note = f": {result['note'].rstrip('.')}" if result["note"] else ""
        reason = f"{result['status'].capitalize()}{note}."
    return Cell("-", order, hint=reason)


def _anchor_of_first(contender: ContenderResult, name: str, scenario: str) -> str:
    """Return the anchor of the first verdict of a scenario, which the others follow."""
    verdicts = verdicts_of(contender, scenario)
    return evidence_anchor(name, scenario, verdicts[0]["behaviour"]) if verdicts else ""


def _list_lost(contender: ContenderResult) -> str:
    """Return the lost signals; all, where the program got none of them, or another in its place."""
    lost = signals_lost(contender)
    got = any(signals_answered(contender, answer) for answer in ("yes", "partly"))
    all_lost = lost == signals_answered(contender, "no") != []
    return "all" if all_lost and not got else " ".join(lost) or "none"


def _rewritten(contender: ContenderResult) -> Iterator[str]:
    for verdict in verdicts_of(contender, SIGNALS):
        if others := signals_in_place(verdict):
            yield f"{verdict['behaviour']} to {' and '.join(others)}"


def _relatives_cell(contender: ContenderResult, anchor: str) -> Cell:
    answers = {
        word: answer
        for behaviour, word in _RELATIVES.items()
        if (answer := answer_of(contender, SIGNALS, behaviour))
    }
    if not answers:
        return _blank(contender, SIGNALS)
    told = [word for word, answer in answers.items() if answer in ("yes", "partly")]
    return Cell(", ".join(told) or "nobody", anchor=anchor)


def _life_table(contenders: Sequence[ContenderResult], names: Mapping[str, str]) -> Table:
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
        rows=tuple(_life_row(one, names.get(one["name"], one["name"])) for one in contenders),
        note=_LIFE_NOTE,
    )


def _life_row(contender: ContenderResult, name: str) -> tuple[Cell, ...]:
    return (
        _name_cell(contender),
        *(
            _figure_cell(contender, STOP, metric, evidence_anchor(name, STOP, behaviour))
            for metric, behaviour in _STOPS.items()
        ),
        _verdict_cell(contender, name, STOP, _TELLS),
        _summary_cell(contender, name, EXIT),
        _summary_cell(contender, name, ZOMBIES),
        _verdict_cell(contender, name, LEFT, "tells who is left"),
        _figure_cell(contender, "footprint", "vmpeak"),
        _figure_cell(contender, "footprint", _MEMORY, evidence_anchor(name, "footprint", _MEMORY)),
        _figure_cell(contender, "startup", "startup"),
    )


def _figure_cell(contender: ContenderResult, scenario: str, name: str, anchor: str = "") -> Cell:
    """Return a figure. anchor: of the evidence; verdicts and three figures have such."""
    metric = find_metric(contender, scenario, name)
    if metric is None or metric["median"] is None:
        return _blank(contender, scenario, math.inf)
    return Cell(format_quantity(metric["median"], metric["unit"]), metric["median"], anchor=anchor)


def _summary_cell(contender: ContenderResult, name: str, scenario: str) -> Cell:
    """Return yes or no for all behaviours of a scenario; where they differ, which are not."""
    verdicts = verdicts_of(contender, scenario)
    wrong = [verdict["behaviour"] for verdict in verdicts if verdict["answer"] != "yes"]
    if not verdicts:
        return _blank(contender, scenario)
    anchor = _anchor_of_first(contender, name, scenario)
    if not wrong:
        return Cell("yes", anchor=anchor)
    text = "no" if len(wrong) == len(verdicts) else f"not: {', '.join(wrong)}"
    return Cell(text, anchor=anchor)


def _name_cell(contender: ContenderResult) -> Cell:
    return Cell(contender_label(contender), anchor=f"supervisor-{contender['supervisor']}")
