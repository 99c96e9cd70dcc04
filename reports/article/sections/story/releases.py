"""Each supervisor over the releases that a run measured side by side."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from bench.model.run_file import Run
from bench.model.run_file.run_systems import list_systems
from reports.compare.runs import RunWithSamples
from reports.compare.systems.behaviour_systems import describe_behaviour_systems
from reports.compare.systems.history import MIN_PERCENT, History, histories
from reports.compare.systems.history_table import releases_table
from reports.model.blocks import Cell, Column, Paragraph, Points, Section, Table
from reports.model.metrics import median_of
from reports.model.quantities import format_quantity
from reports.model.reservations import restart_footnote
from reports.model.samples import Samples

_INTRODUCTION = (
    "The guests of all releases ran side by side, so that a difference is the release's and not "
    "the hour's. What differs from the release before by more than chance stands below the table: "
    "restarts by the 95 % interval of the change, corrected for all tests of this page, and by "
    f"{MIN_PERCENT:g} % or more; behaviour by the answers, unless a guest of each release gave the "
    "same one. CPU time and memory are single figures, which no test can judge."
)
_NOTE = "Small print: a restart that takes longer or shorter than in the release before."


def releases_section(run: Run, samples: Samples) -> Section | None:
    """Return the section; None for a run of one system. The run is sanitized."""
    contenders = histories(RunWithSamples(run, samples))
    if not contenders:
        return None
    changes = tuple(
        (f"{item.label}:", " ".join(sentences))
        for item in contenders
        if (sentences := _sentences(item))
    )
    points = Points(changes or (("", "Nothing differs by more than chance."),))
    return Section(
        "releases",
        "What changed between releases",
        (
            Paragraph(" ".join(filter(None, (_INTRODUCTION, describe_behaviour_systems(run))))),
            _restarts_table(run, contenders),
            points,
            Section("releases-table", "All figures", (releases_table(contenders),), folded=True),
        ),
    )


def _sentences(item: History) -> list[str]:
    return [text for step in item.steps for text in (*step.sentences(), *step.explanations())]


def _restarts_table(run: Run, contenders: Sequence[History]) -> Table:
    """Return the restarts of each contender, a column for each release."""
    titles = [system["title"] for system in list_systems(run)]
    return Table(
        caption="Restart of a daemon that ran for long",
        columns=(Column("Contender"), *(Column(title, numeric=True) for title in titles)),
        rows=tuple((Cell(item.label), *_restart_cells(item, titles)) for item in contenders),
        note=_NOTE,
    )


def _restart_cells(item: History, titles: Sequence[str]) -> Iterator[Cell]:
    results = dict(zip(item.systems, item.results, strict=True))
    changed = {
        step.systems[1]: change.percent_text
        for step in item.steps
        for change in step.changes
        if change.metric == "restart_long"
    }
    for title in titles:
        result = results.get(title)
        median = median_of(result, "restart", "restart_long") if result else None
        if median is None:
            yield Cell("-", math.inf)
        else:
            yield Cell(
                format_quantity(median, "ms"),
                median,
                note=changed.get(title, ""),
                footnote=restart_footnote(result, "restart_long") if result else "",
            )
