"""The 2012 article's table with every cell filled."""

from __future__ import annotations

import math
from collections.abc import Sequence

from bench.model.run_file import FLOOR, Article, ContenderResult, Run, SupervisorFacts
from reports.model.blocks import Cell, Column, Table
from reports.model.contenders import applies_to, contender_label, describe_version, sort_contenders
from reports.model.lines_of_code import lines_of_code
from reports.model.metrics import median_of
from reports.model.quantities import describe_metric
from reports.model.run_summary import absence_reason, sort_supervisors
from reports.model.text import shorten

# Stands in a cell in place of a figure; a footnote says why.
NO_FIGURE = "-"
_COLUMNS = (
    Column("Supervisor"),
    Column("Version"),
    Column("Process 1"),
    Column("Runner"),
    Column("Monitor"),
    Column("Responsiveness", numeric=True),
    Column("VmPeak", numeric=True),
    Column("LOC", numeric=True),
)
_NOTE = (
    "Responsiveness is the median restart time of a daemon that ran for long. The draft left it "
    "and VmPeak as N in every row. VmPeak is that of the process that supervises the service. What "
    "Process 1, Runner and Monitor say was verified in guests, except where it is marked untested."
)


def article_table(run: Run) -> Table:
    """Return the table of a run; the run is sanitized (reports.model.text)."""
    return Table(
        caption="The article's table, finished",
        columns=_COLUMNS,
        rows=tuple(
            _row(run, name, facts)
            for name, facts in sort_supervisors(run).items()
            if name != FLOOR and facts["roles"] != ["init"]
        ),
        note=_NOTE,
    )


def _row(run: Run, supervisor: str, facts: SupervisorFacts) -> tuple[Cell, ...]:
    contenders = [item for item in sort_contenders(run) if item["supervisor"] == supervisor]
    absence = absence_reason(run, supervisor)
    return (
        Cell(
            shorten(facts["title"]),
            note="" if facts["article"] else "2012: not there",
            anchor=f"supervisor-{supervisor}",
        ),
        _version_cell(facts["article"], contenders, absence),
        *ability_cells(facts, contenders),
        _metric_cell(facts, contenders, "restart", "restart_long", absence),
        _metric_cell(facts, contenders, "footprint", "vmpeak", absence),
        loc_cell(facts, contenders),
    )


def _version_cell(
    article: Article | None, contenders: Sequence[ContenderResult], absence: str
) -> Cell:
    versions = sorted({version for item in contenders if (version := describe_version(item))})
    text = ", ".join(versions) or absence or _unknown_version(contenders)
    if article is None:
        return Cell(text)
    same = any(item.get("matches_article") for item in contenders)
    return Cell(text, note=f"2012: {article['version']}{', the same' if same else ''}")


def _unknown_version(contenders: Sequence[ContenderResult]) -> str:
    failed = any(item["status"] == "failed" for item in contenders)
    return "unknown: it failed" if failed else "unknown: it was not run"


def ability_cells(
    facts: SupervisorFacts, contenders: Sequence[ContenderResult]
) -> tuple[Cell, Cell, Cell]:
    """Return the cells Process 1, Runner and Monitor."""
    article = facts["article"]
    verified = [item for item in contenders if item["verified"]]
    roles = {item["role"] for item in verified}
    pid1 = "needed" if facts["needs_pid1"] else "possible" if facts["can_pid1"] else "no"
    runner, monitor = (_yes_no(role in facts["roles"]) for role in ("runner", "monitor"))
    return (
        _ability_cell(
            pid1, any(item["pid1"] for item in verified), article and article["needs_pid1"]
        ),
        _ability_cell(runner, "runner" in roles, article and article["runner"]),
        _ability_cell(monitor, "monitor" in roles, article and article["monitor"]),
    )


def _ability_cell(claim: str, verified: bool, in_article: bool | None) -> Cell:
    text = claim if verified or claim == "no" else f"{claim}, untested"
    return Cell(text, note="" if in_article is None else f"2012: {_yes_no(in_article)}")


def _yes_no(value: bool) -> str:
    return "yes" if value else "no"


def _metric_cell(
    facts: SupervisorFacts,
    contenders: Sequence[ContenderResult],
    scenario: str,
    name: str,
    absence: str,
) -> Cell:
    """Return a line for each contender, sorted by the lowest median."""
    if not contenders:
        return Cell("not run" if absence else "not asked for", order=math.inf)
    lines = []
    for contender in (candidate for candidate in contenders if applies_to(candidate, scenario)):
        # What the label adds to the supervisor's title: role, profile, place, of several the host.
        addition = contender_label(contender).removeprefix(shorten(facts["title"])).strip(" ,")
        text = describe_metric(contender, scenario, name)
        lines.append(f"{addition}: {text}" if addition else text)
    medians = [
        median
        for contender in contenders
        if (median := median_of(contender, scenario, name)) is not None
    ]
    return Cell("\n".join(lines), order=min(medians, default=math.inf))


def loc_cell(facts: SupervisorFacts, contenders: Sequence[ContenderResult]) -> Cell:
    """Return lines of code; a footnote says where they are from, or why there is no figure."""
    article = facts["article"]
    note = f"2012: {article['loc']:,}" if article else ""
    loc = lines_of_code(facts, {item["version"] for item in contenders})
    if loc.lines is None:
        return Cell(NO_FIGURE, order=math.inf, note=note, footnote=loc.source)
    return Cell(f"{loc.lines:,}", loc.lines, note=note, footnote=loc.source)
