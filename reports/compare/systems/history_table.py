"""The table of each contender over the systems of a run."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

from bench.model.run_file import ContenderResult
from reports.compare.systems.history import History
from reports.model.blocks import Cell, Column, Table
from reports.model.contenders import describe_version
from reports.model.metrics import find_metric
from reports.model.quantities import format_quantity
from reports.model.reservations import restart_footnote

_COLUMNS = (
    Column("Supervisor"),
    Column("System"),
    Column("Version"),
    Column("Restart", numeric=True),
    Column("Restart after 0.3 s", numeric=True),
    Column("CPU per restart", numeric=True),
    Column("Private memory", numeric=True),
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
    for result, system, differences in zip(item.results, item.systems, changed, strict=True):
        yield (Cell(item.label), Cell(system), *_cells(result), Cell(differences))


def _cells(result: ContenderResult) -> Iterator[Cell]:
    yield Cell(describe_version(result))
    for name in ("restart_long", "restart_short"):
        cell = _quantity_cell(result, "restart", name)
        yield replace(cell, footnote=restart_footnote(result, name) if cell.text else "")
    yield _quantity_cell(result, "restart", "cpu_per_restart")
    yield _quantity_cell(result, "footprint", "private_dirty_1")


def _quantity_cell(result: ContenderResult, scenario: str, name: str) -> Cell:
    """Return a median in the unit that suits it; empty, and sorted last, without one."""
    metric = find_metric(result, scenario, name)
    if metric is None or metric["median"] is None:
        return Cell("", math.inf)
    return Cell(format_quantity(metric["median"], metric["unit"]), metric["median"])
