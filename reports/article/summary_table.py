"""The article's table in short: a row for each supervisor, a figure in each cell."""

from __future__ import annotations

import math
from collections.abc import Sequence

from bench.model.run_file import FLOOR, ContenderResult, Run, SupervisorFacts
from bench.model.selection.profile_names import FORMER_PROFILE
from reports.article.article_table import NO_FIGURE, ability_cells, loc_cell
from reports.compare.runs import RunWithSamples
from reports.compare.systems.system_views import reference_view
from reports.model.blocks import Cell, Column, Table
from reports.model.contenders import describe_build, setting_label, sort_contenders
from reports.model.metrics import find_metric, intervals_overlap, median_of
from reports.model.quantities import describe_metric, format_quantity
from reports.model.reservations import restart_footnote
from reports.model.run_summary import absence_reason, sort_supervisors
from reports.model.samples import Samples
from reports.model.text import shorten

_COLUMNS = (
    Column("Supervisor"),
    Column("Version"),
    Column("PID 1"),
    Column("Runner"),
    Column("Monitor"),
    Column("Restart", numeric=True),
    Column("Best setting", numeric=True),
    Column("VmPeak", numeric=True),
    Column("LOC", numeric=True),
)
NOTE = (
    "Restart: median time from the kill of a daemon that ran for long to its successor's first "
    "instruction, as packaged; beside it the quickest documented setting. VmPeak: peak virtual "
    "memory of the process that supervises. LOC: lines of code."
)
_FORMER_NOTE = f" {FORMER_PROFILE}: fast or patient, as this older run calls them."


def summary_table(run: Run) -> Table:
    """Return the table of a run; the run is sanitized (reports.model.text)."""
    view = reference_view(RunWithSamples(run, Samples())).run
    is_older = any(item["profile"] == FORMER_PROFILE for item in view["contenders"])
    return Table(
        caption="Process supervisors",
        columns=_COLUMNS,
        rows=tuple(
            _row(view, name, facts)
            for name, facts in sort_supervisors(view).items()
            if name != FLOOR and facts["roles"] != ["init"]
        ),
        note=NOTE + (_FORMER_NOTE if is_older else ""),
    )


def _row(run: Run, supervisor: str, facts: SupervisorFacts) -> tuple[Cell, ...]:
    contenders = [item for item in sort_contenders(run) if item["supervisor"] == supervisor]
    name = Cell(shorten(facts["title"]), anchor=f"supervisor-{supervisor}")
    abilities = ability_cells(facts, contenders)
    if not contenders:
        reason = absence_reason(run, supervisor) or "This run was not asked for it"
        blank = Cell(NO_FIGURE, math.inf, footnote=f"Not run: {reason}.")
        return (name, blank, *abilities, blank, blank, blank, loc_cell(facts, contenders))
    usual = contenders[0]
    return (
        name,
        _version_cell(usual, facts),
        *abilities,
        _figure_cell(usual, "restart", "restart_long"),
        _best_setting_cell(usual, contenders),
        _figure_cell(usual, "footprint", "vmpeak"),
        loc_cell(facts, contenders),
    )


def _version_cell(contender: ContenderResult, facts: SupervisorFacts) -> Cell:
    """Return the version; a footnote names another system than the table's, or a build."""
    system = contender["title"].removeprefix(facts["title"]).strip()
    place = f"{system[:1].upper()}{system[1:]}." if system else ""
    words = " ".join(filter(None, (place, describe_build(contender))))
    return Cell(contender["version"] or "unknown", footnote=words)


def _figure_cell(contender: ContenderResult, scenario: str, name: str) -> Cell:
    median = median_of(contender, scenario, name)
    text = describe_metric(contender, scenario, name)
    if median is None:
        return Cell(NO_FIGURE, math.inf, footnote=f"{text.capitalize()}.")
    return Cell(text, median, footnote=restart_footnote(contender, name))


def _best_setting_cell(usual: ContenderResult, contenders: Sequence[ContenderResult]) -> Cell:
    """Return the quickest restart in the same role and place, where another setting is quicker."""
    candidates = [
        (median, item)
        for item in contenders
        if (item["role"], item["pid1"]) == (usual["role"], usual["pid1"])
        and (median := median_of(item, "restart", "restart_long")) is not None
    ]
    if all(item is usual for _, item in candidates):
        return Cell(NO_FIGURE, math.inf, footnote="No other setting was measured.")
    median, best = min(candidates, key=lambda candidate: candidate[0])
    default, other = (find_metric(item, "restart", "restart_long") for item in (usual, best))
    if best is usual or (default and other and intervals_overlap(default, other)):
        return Cell(NO_FIGURE, math.inf, footnote="No setting that was measured is quicker.")
    text = f"{format_quantity(median, 'ms')} ({setting_label(best)})"
    return Cell(text, median, footnote=restart_footnote(best, "restart_long"))
