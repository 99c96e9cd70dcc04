"""The table to choose by: every contender, the figures and verdicts that matter, and questions."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import cast

from bench.model.run_file import FLOOR, ContenderResult, Run
from reports.compare.systems.system_views import main_release, release_of, systems_of
from reports.model.blocks import Cell, Choice, Chooser, Column, Paragraph, Section, Table
from reports.model.contenders import contender_label, full_name, sort_contenders
from reports.model.metrics import median_of
from reports.model.quantities import describe_metric, format_quantity
from reports.model.reservations import restart_footnote, restart_hint
from reports.model.run_summary import ranking_obstacle
from reports.model.tables.decision import (
    FIGURES,
    QUESTIONS,
    Figure,
    Question,
    evidence_anchor,
    find_verdict,
)

_WORDS = (
    "Answer what matters to you; what remains is what fits. The address keeps your answers, so "
    "that you can send them to somebody. A click on a heading sorts, a click on a figure or an "
    "answer shows what it rests on."
)
_NOTE = (
    "A dash means that the question does not arise or was not asked. Every guest is a container, "
    "so what was measured as PID 1 was measured as PID 1 of one."
)
_PLACES = (
    ("", "anywhere"),
    ("init", "as PID 1 of a machine"),
    ("beside", "beside an init that is there"),
    ("container", "as PID 1 of a container"),
)
_DAEMONS = (
    ("", "does either"),
    ("runner", "stays in the foreground: a runner starts it"),
    ("monitor", "detaches itself: a monitor watches it"),
)
_CRASHES = (("", "does as it likes"), ("on", "never gives up"), ("stops", "gives up"))
_BUDGETS = (256, 1024, 5 * 1024, 20 * 1024)  # kB
_GIVES_UP = QUESTIONS[0]


def choose_section(run: Run) -> Section | None:
    """Return the section; None where no supervisor was measured. The run has all of its systems.

    Inits keep no daemon alive; they have a section of their own.
    """
    contenders = [
        item
        for item in sort_contenders(run)
        if item["supervisor"] != FLOOR and item["role"] != "init"
    ]
    if not contenders:
        return None
    if not ranking_obstacle(run):
        contenders.sort(key=_restart)
    table = Table(
        caption="All contenders",
        columns=tuple(_columns()),
        rows=tuple(tuple(_cells(item, run)) for item in contenders),
        note=_NOTE,
    )
    chooser = Chooser(tuple(_choices(run)), table, tuple(_traits(item, run) for item in contenders))
    return Section("choose", "Choose a supervisor", (Paragraph(_WORDS), chooser))


def _restart(contender: ContenderResult) -> float:
    median = median_of(contender, "restart", "restart_long")
    return math.inf if median is None else median


def _columns() -> Iterator[Column]:
    yield Column("Contender", key="name")
    for figure in FIGURES:
        yield Column(figure.heading, numeric=True, hint=figure.hint, key=figure.key)
    for question in QUESTIONS:
        yield Column(question.heading, hint=question.hint)
    yield Column("Version")


def _cells(contender: ContenderResult, run: Run) -> Iterator[Cell]:
    title, system = _title_and_system(contender, run)
    yield Cell(
        contender_label(cast(ContenderResult, {**contender, "title": title})),
        note=system,
        anchor=f"supervisor-{contender['supervisor']}",
        hint=full_name(contender),
    )
    for figure in FIGURES:
        yield _figure_cell(contender, figure)
    for question in QUESTIONS:
        yield _verdict_cell(contender, question)
    yield Cell(contender["version"] or "unknown")


def _title_and_system(contender: ContenderResult, run: Run) -> tuple[str, str]:
    """Return the supervisor's title, and in a run of several systems that of the contender's."""
    for system in run.get("systems", ()):
        if contender["name"].endswith(f"@{release_of(system)}"):
            return contender["title"].removesuffix(f" on {system['title']}"), system["title"]
    return contender["title"], ""


def _figure_cell(contender: ContenderResult, figure: Figure) -> Cell:
    median = median_of(contender, figure.scenario, figure.metric)
    text = describe_metric(contender, figure.scenario, figure.metric)
    if contender["scenarios"].get(figure.scenario) is None:
        return Cell("-", math.inf, hint=text)
    anchor = evidence_anchor(contender["name"], figure.scenario, figure.metric)
    if median is None:
        return Cell("none", math.inf, anchor=anchor, hint=text)
    return Cell(
        text,
        median,
        anchor=anchor,
        hint=restart_hint(contender, figure.metric),
        footnote=restart_footnote(contender, figure.metric),
    )


def _verdict_cell(contender: ContenderResult, question: Question) -> Cell:
    verdict = find_verdict(contender, question)
    if verdict is None:
        return Cell("-", hint="This run does not tell.")
    anchor = evidence_anchor(contender["name"], question.scenario, question.behaviour)
    answer = verdict["answer"]
    text = answer if answer in ("yes", "no", "partly") else "-"
    return Cell(text, anchor=anchor, hint=verdict["sentence"])


def _choices(run: Run) -> Iterator[Choice]:
    yield Choice("place", "It runs", _PLACES)
    yield Choice("daemon", "The daemon", _DAEMONS)
    yield Choice("crashes", "If the daemon ends at once, again and again, it", _CRASHES)
    budgets = tuple((str(kb), f"at most {format_quantity(kb, 'kB')}") for kb in _BUDGETS)
    yield Choice("memory", "Memory", (("", "any"), *budgets), at_most=True)
    if release := main_release(run):
        systems = tuple((release_of(system), system["title"]) for system in systems_of(run))
        yield Choice("release", "System", (("", "all"), *systems), usual=release)


def _place(contender: ContenderResult) -> str:
    return "init container" if contender["pid1"] else "beside"


def _traits(contender: ContenderResult, run: Run) -> dict[str, str]:
    verdict = find_verdict(contender, _GIVES_UP)
    memory = median_of(contender, "footprint", "private_dirty_1")
    traits = {
        "place": _place(contender),
        "daemon": contender["role"],
        "crashes": {"yes": "on", "no": "stops", "partly": "stops"}.get(
            verdict["answer"] if verdict else "", ""
        ),
        "memory": "" if memory is None else f"{memory:g}",
    }
    if main_release(run):
        traits["release"] = contender["name"].partition("@")[2]
    return traits
