"""Memory and CPU time of each contender."""

from __future__ import annotations

import math
from collections.abc import Sequence

from bench.model.run_file import ContenderResult, Run
from reports.article.charts.memory import memory_figure
from reports.model.blocks import Block, Cell, Column, Figure, Section, Table
from reports.model.contenders import contender_label, sort_contenders
from reports.model.metrics import find_metric, median_of
from reports.model.quantities import format_quantity
from reports.model.run_summary import ranking_obstacle

# Heading, scenario and metric of each column.
_COSTS = (
    ("VmPeak", "footprint", "vmpeak"),
    ("VmHWM", "footprint", "vmhwm_1"),
    ("Private", "footprint", "private_dirty_1"),
    ("PSS", "footprint", "pss_1"),
    ("Processes", "footprint", "processes_1"),
    ("Threads", "footprint", "threads_1"),
    ("Files", "footprint", "fds_1"),
    ("Private with ten", "footprint", "private_dirty_10"),
    ("Private a service", "footprint", "private_dirty_per_service"),
    ("Idle CPU", "footprint", "cpu_idle"),
    ("CPU a restart", "restart", "cpu_per_restart"),
)
_NOTE = (
    "VmPeak is of the process that supervises the service; everything else of the whole "
    "supervision tree with one service, without the service itself. Private is the memory that the "
    "tree has written to and shares with nothing else (Private_Dirty): it is the same beside any "
    "other program. PSS adds a share of what is mapped from files, by the number of processes on "
    "the whole host that map the same pages: the same set-up has less PSS beside other guests. "
    "Private a service is what each further one adds. CPU a restart is that of all trials, the "
    "time between them included, by the restarts seen; what short-lived helpers used is not in it. "
    "Idle CPU is in us of each second. A kB has 1,024 bytes, as in /proc, and a MiB 1,024 kB."
)


def memory_section(run: Run) -> Section | None:
    """Return the section; None where no footprint was measured."""
    contenders = [item for item in sort_contenders(run) if find_metric(item, "footprint", "vmpeak")]
    if not contenders:
        return None
    if not ranking_obstacle(run):
        contenders.sort(key=lambda contender: _memory(contender, "private_dirty_1"))
    blocks: list[Block] = [_table(contenders)]
    if figure := _figure(contenders):
        blocks.insert(0, figure)
    return Section("memory", "Memory and CPU time", tuple(blocks))


def _table(contenders: Sequence[ContenderResult]) -> Table:
    return Table(
        caption="What keeping a daemon alive costs",
        columns=(
            Column("Contender"),
            *(Column(heading, numeric=True) for heading, _, _ in _COSTS),
        ),
        rows=tuple(
            (
                Cell(contender_label(contender), anchor=f"supervisor-{contender['supervisor']}"),
                *(_cost_cell(contender, scenario, name) for _, scenario, name in _COSTS),
            )
            for contender in contenders
        ),
        note=_NOTE,
    )


def _cost_cell(contender: ContenderResult, scenario: str, name: str) -> Cell:
    metric = find_metric(contender, scenario, name)
    if metric is None or metric["median"] is None:
        return Cell(metric["note"] if metric else "not measured", math.inf)
    if not metric["unit"]:
        return Cell(f"{metric['median']:g}", metric["median"])
    return Cell(format_quantity(metric["median"], metric["unit"]), metric["median"])


def _figure(contenders: Sequence[ContenderResult]) -> Figure | None:
    """Return the picture; None where no contender has both figures, which its log axis needs."""
    rows = [
        (contender_label(contender), one, ten)
        for contender in contenders
        for one, ten in [
            (_memory(contender, "private_dirty_1"), _memory(contender, "private_dirty_10"))
        ]
        if 0 < one < math.inf and 0 < ten < math.inf
    ]
    return memory_figure(rows, 1, 10) if rows else None


def _memory(contender: ContenderResult, name: str) -> float:
    """Return a median of the footprint in kB; infinite where there is none."""
    median = median_of(contender, "footprint", name)
    return math.inf if median is None else median
