"""The table to choose by: every contender, the figures and verdicts that matter, and questions."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import cast

from bench.model.run_file import FLOOR, ContenderResult, Run, VerdictResult
from bench.model.run_file.run_systems import list_systems
from reports.article.sections.story.containers import CONTAINERS
from reports.compare.systems.system_views import main_release, release_of
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
    judged_answers,
)
from reports.model.text import shorten

_WORDS = "Every contender, with the figures and the answers that matter for a choice."
_PAGE_WORDS = (
    "Answer what matters to you; what remains is what fits. The address keeps your answers, so "
    "that you can send them to somebody. A click on a heading sorts, a click on a figure or an "
    "answer shows what it rests on."
)
_CONTAINERS = (
    "As PID 1 of a container fits what ends in time when an engine sends it SIGTERM, and what was "
    "not measured in that. Inits that run one program, such as tini, have a section of their own:"
)
_NOTE = (
    "A dash means that the question does not arise or was not asked. Pauses: it stops trying for "
    "minutes, and then tries again. Every guest is a container, so what was measured as PID 1 was "
    "measured as PID 1 of one."
)
_PLACES = (
    ("", "anywhere"),
    ("init", "as PID 1 of a machine"),
    ("beside", "beside an init that is there"),
    ("container", "as PID 1 of a container, which SIGTERM must end"),
)
_DAEMONS = (
    ("", "does either"),
    ("runner", "stays in the foreground: a runner starts it"),
    ("monitor", "detaches itself: a monitor watches it"),
)
_CRASHES = (
    ("", "does as it likes"),
    ("on", "never gives up"),
    ("pauses", "pauses for minutes, and tries again"),
    ("stops", "gives up"),
    ("varies", "gives up at one time and not at another"),
)
_BUDGETS = (256, 1024, 5 * 1024, 20 * 1024)  # kB
_GIVES_UP, _ENGINE_STOP = QUESTIONS[0], QUESTIONS[-1]


def choose_section(run: Run, *, has_containers: bool) -> Section | None:
    """Return the section; None where no supervisor was measured. The run has all of its systems.

    Inits keep no daemon alive; they have a section of their own. has_containers: the article has
    that section.
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
    page_words = " ".join(filter(None, (_PAGE_WORDS, _missing_at_first(contenders, run))))
    title, name = CONTAINERS
    containers = (Paragraph(_CONTAINERS, link=title, anchor=name),) if has_containers else ()
    words = Paragraph(_WORDS, page_text=page_words)
    return Section("choose", "Choose a supervisor", (words, *containers, chooser))


def _missing_at_first(contenders: Sequence[ContenderResult], run: Run) -> str:
    """Name the supervisors that the system shown at first does not have; else nothing."""
    shown = main_release(run)
    held = {item["supervisor"] for item in contenders if _release(item) == shown}
    missing = {
        run["supervisors"][item["supervisor"]]["title"]: None
        for item in contenders
        if item["supervisor"] not in held
    }
    if not shown or not missing:
        return ""
    title = next(one["title"] for one in list_systems(run) if release_of(one) == shown)
    return (
        f"{title} is shown at first, without {', '.join(map(shorten, missing))}: see all systems."
    )


def _release(contender: ContenderResult) -> str:
    return contender["name"].partition("@")[2]


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
    for question in QUESTIONS[:-1]:
        yield _verdict_cell(contender, question)
    yield _engine_stop_cell(contender, run)
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
    if question is _GIVES_UP and _crash_trait(verdict) == "pauses":
        answer_text = "pauses"
    else:
        answer_text = answer if answer in ("yes", "no", "partly") else "-"
    return Cell(answer_text, anchor=anchor, hint=verdict["sentence"])


def _engine_stop_cell(contender: ContenderResult, run: Run) -> Cell:
    if not contender["pid1"]:
        return Cell("-", hint="It is not PID 1 here.")
    measured = _measured_stop(contender, run)
    if measured is None:
        return Cell("not measured", hint="This run does not tell.")
    return _verdict_cell(measured, _ENGINE_STOP)


def _measured_stop(contender: ContenderResult, run: Run) -> ContenderResult | None:
    """Return the contender whose stop by an engine was measured, which may be its runner.

    The same program is PID 1 of a daemon that it runs and of one that it monitors.
    """
    same_program = [
        item
        for item in run["contenders"]
        if item["pid1"]
        and item["supervisor"] == contender["supervisor"]
        and item["version"] == contender["version"]
        and _release(item) == _release(contender)
    ]
    candidates = (contender, *sorted(same_program, key=lambda item: item["profile"] != "default"))
    return next((item for item in candidates if find_verdict(item, _ENGINE_STOP)), None)


def _crash_trait(verdict: VerdictResult | None) -> str:
    """Return which answer about a daemon that ends at once fits a verdict; empty: none."""
    if verdict is None:
        return ""
    if len(judged_answers(verdict)) > 1:
        return "varies"
    return {"yes": "on", "no": "stops", "partly": "pauses"}.get(verdict["answer"], "")


def _choices(run: Run) -> Iterator[Choice]:
    yield Choice("place", "It runs", _PLACES)
    yield Choice("daemon", "The daemon", _DAEMONS)
    yield Choice("crashes", "If the daemon ends at once, again and again, it", _CRASHES)
    budgets = tuple((str(kb), f"at most {format_quantity(kb, 'kB')}") for kb in _BUDGETS)
    yield Choice("memory", "Memory", (("", "any"), *budgets), at_most=True)
    if release := main_release(run):
        systems = tuple((release_of(system), system["title"]) for system in list_systems(run))
        yield Choice("release", "System", (("", "all"), *systems), usual=release)


def _place(contender: ContenderResult, run: Run) -> str:
    if not contender["pid1"]:
        return "beside"
    measured = _measured_stop(contender, run)
    verdict = find_verdict(measured, _ENGINE_STOP) if measured else None
    # What was not measured is shown, and its cell says so.
    return "init" if verdict and verdict["answer"] == "no" else "init container"


def _traits(contender: ContenderResult, run: Run) -> dict[str, str]:
    memory = median_of(contender, "footprint", "private_dirty_1")
    traits = {
        "place": _place(contender, run),
        "daemon": contender["role"],
        "crashes": _crash_trait(find_verdict(contender, _GIVES_UP)),
        "memory": "" if memory is None else f"{memory:g}",
    }
    if main_release(run):
        traits["release"] = _release(contender)
    return traits
