"""Each supervisor over the releases that a run measured side by side."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bench.model.run_file import ContenderResult, Run
from reports.compare.history import History, histories
from reports.compare.runs import RunWithSamples
from reports.model.blocks import Cell, Column, Paragraph, Points, Section, Table, number_cell
from reports.model.metrics import median_of
from reports.model.samples import Samples

_COLUMNS = (
    Column("Supervisor"),
    Column("System"),
    Column("Version"),
    Column("Restart, long up, ms", numeric=True),
    Column("0.3 s up, ms", numeric=True),
    Column("CPU per restart, us", numeric=True),
    Column("Private memory, kB", numeric=True),
    Column("Verdicts that differ from the release before"),
)
_INTRODUCTION = (
    "The guests of all releases ran side by side, so that a difference is the release's and not "
    "the hour's. Below the table stands what differs from the release before by more than chance: "
    "restarts by the 95 % interval of the change, corrected for all tests of this page; verdicts "
    "by their answer. CPU time and memory are single figures, which no test can judge."
)


def releases_section(run: Run, samples: Samples) -> Section | None:
    """Return the section; None for a run of one system. The run is sanitized."""
    found = histories(RunWithSamples(run, samples))
    if not found:
        return None
    sentences = [(f"{item.label}:", text) for item in found for text in _sentences(item)]
    points = Points(tuple(sentences) or (("", "Nothing differs by more than chance."),))
    return Section(
        "releases",
        "Over the releases",
        (Paragraph(_INTRODUCTION), releases_table(found), points),
    )


def releases_table(found: Sequence[History]) -> Table:
    """Return a row for each contender on each system."""
    return Table(
        caption="Each contender over the releases",
        columns=_COLUMNS,
        rows=tuple(row for item in found for row in _rows(item)),
    )


def _sentences(item: History) -> Iterator[str]:
    for step in item.steps:
        yield from step.sentences()


def _rows(item: History) -> Iterator[tuple[Cell, ...]]:
    changed: list[str] = [""]
    for step in item.steps:
        changed.append("\n".join(f"{b.what}: {b.before}, now {b.after}" for b in step.behaviours))
    for result, differences in zip(item.results, changed, strict=True):
        yield (Cell(item.label), *_cells(result), Cell(differences))


def _cells(result: ContenderResult) -> Iterator[Cell]:
    yield Cell(result["name"].partition("@")[2])
    yield Cell(result["version"])
    yield number_cell(median_of(result, "restart", "restart_long"))
    yield number_cell(median_of(result, "restart", "restart_short"))
    yield number_cell(median_of(result, "restart", "cpu_per_restart"))
    yield number_cell(median_of(result, "footprint", "private_dirty_1"))
