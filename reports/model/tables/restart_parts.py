"""The five parts of a restart, as a kernel trace shows them: medians by contender and uptime."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bench.model.run_file import RESTART_PARTS, ContenderResult, Run
from reports.model.blocks import Cell, Column, Table
from reports.model.contenders import contender_label, sort_contenders
from reports.model.metrics import find_metric
from reports.model.quantities import format_quantity
from reports.model.reservations import restart_footnote


@dataclass(frozen=True)
class PartKind:
    """One part. name: as in the metric's name; meaning: what it covers (docs/trust.md)."""

    name: str
    heading: str
    meaning: str


_MEANINGS = (
    ("Death", "from the kill (SIGKILL) to the daemon's exit: the kernel's share"),
    (
        "Reaction",
        "until the process that will start the successor is woken up: the next look of one that "
        "polls, or the end of its sleep",
    ),
    ("Hold-off", "until it starts a child: deliberate pauses, and its own work"),
    (
        "Child",
        "from there to the daemon's first stamp (its exec where it has none before main()): "
        "waiting in the child, the shell of a run script",
    ),
    ("Spawn", "from that to main(): the daemon's own start"),
)
PART_KINDS = tuple(
    PartKind(name, *meaning) for name, meaning in zip(RESTART_PARTS, _MEANINGS, strict=True)
)
_UPTIME_SUFFIXES = (("long", ""), ("short", "_short"))


@dataclass(frozen=True)
class RestartParts:
    """The restarts of one contender at one uptime (long, short), all times in ms.

    supervisor: its name.
    host: of a merged run, else empty.
    n: number of restarts with all parts seen.
    medians: of each part, in the order of PART_KINDS.
    whole: the median of the restart latency. footnote: what a reader must know of that.
    """

    label: str
    supervisor: str
    host: str
    uptime: str
    n: int
    medians: tuple[float, ...]
    whole: float
    footnote: str = ""


def restart_parts(run: Run) -> Iterator[RestartParts]:
    """Yield the parts of restarts in the article's order; nothing without a trace."""
    for contender in sort_contenders(run):
        for uptime, suffix in _UPTIME_SUFFIXES:
            parts = _parts_at_uptime(contender, uptime, suffix)
            if parts is not None:
                yield parts


def _parts_at_uptime(contender: ContenderResult, uptime: str, suffix: str) -> RestartParts | None:
    whole = find_metric(contender, "restart", f"restart_{uptime}")
    metrics = [
        find_metric(contender, "restart", f"restart_{kind.name}{suffix}") for kind in PART_KINDS
    ]
    medians = [metric["median"] for metric in metrics if metric and metric["median"] is not None]
    if not whole or not whole["median"] or not metrics[0] or len(medians) < len(PART_KINDS):
        return None
    return RestartParts(
        label=contender_label(contender),
        supervisor=contender["supervisor"],
        host=contender.get("host") or "",
        uptime=uptime,
        n=metrics[0]["n"],
        medians=tuple(medians),
        whole=whole["median"],
        footnote=restart_footnote(contender, whole["metric"]),
    )


def restart_parts_table(run: Run) -> Table | None:
    """Return the medians of the parts as a table; None without a trace."""
    rows = tuple(_table_row(parts) for parts in restart_parts(run))
    if not rows:
        return None
    headings = (*(kind.heading for kind in PART_KINDS), "Whole")
    return Table(
        caption="What a restart is made of: medians",
        columns=(
            Column("Contender"),
            Column("Uptime"),
            Column("n", numeric=True),
            *(Column(heading, numeric=True) for heading in headings),
        ),
        rows=rows,
        note="The five of one trial add up to its latency; their medians need not.",
    )


def _table_row(parts: RestartParts) -> tuple[Cell, ...]:
    return (
        Cell(parts.label),
        Cell(parts.uptime),
        Cell(str(parts.n), parts.n),
        *(Cell(format_quantity(time, "ms"), time) for time in parts.medians),
        Cell(format_quantity(parts.whole, "ms"), parts.whole, footnote=parts.footnote),
    )
