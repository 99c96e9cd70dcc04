"""The table of each contender over the systems of a run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bench.model.run_file import ContenderResult
from reports.compare.systems.history import History
from reports.model.blocks import Cell, Column, Table, number_cell
from reports.model.contenders import describe_version
from reports.model.metrics import median_of

_COLUMNS = (
    Column("Supervisor"),
    Column("System"),
    Column("Version"),
    Column("Restart, ms", numeric=True),
    Column("Restart after 0.3 s, ms", numeric=True),
    Column("CPU per restart, us", numeric=True),
    Column("Private memory, kB", numeric=True),
    Column("Verdicts that differ from the release before"),
)


def releases_table(contenders: Sequence[History]) -> Table:
    """Return a row for each contender on each system."""
    return Table(
        caption="Each contender over the releases",
        columns=_COLUMNS,
        rows=tuple(row for item in contenders for row in _rows(item)),
    )


def _rows(item: History) -> Iterator[tuple[Cell, ...]]:
    changed: list[str] = [""]
    for step in item.steps:
        changed.append("\n".join(f"{b.what}: {b.before}, now {b.after}" for b in step.behaviours))
    for result, differences in zip(item.results, changed, strict=True):
        yield (Cell(item.label), *_cells(result), Cell(differences))


def _cells(result: ContenderResult) -> Iterator[Cell]:
    yield Cell(result["name"].partition("@")[2])
    yield Cell(describe_version(result))
    yield number_cell(median_of(result, "restart", "restart_long"))
    yield number_cell(median_of(result, "restart", "restart_short"))
    yield number_cell(median_of(result, "restart", "cpu_per_restart"))
    yield number_cell(median_of(result, "footprint", "private_dirty_1"))
