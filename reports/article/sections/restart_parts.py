"""Where the time of restarts goes, as the kernel's trace shows it."""

from __future__ import annotations

from collections.abc import Sequence

from bench.model.run_file import Run
from reports.article.charts.restart_parts import restart_parts_chart
from reports.article.host_groups import group_by_host, host_suffix, numbered_name
from reports.model.blocks import Block, Figure, Paragraph, Points, Section
from reports.model.instrument import trace_agreement
from reports.model.restart_parts import PART_KINDS, RestartParts, restart_parts, restart_parts_table

_INCOMPLETE = (
    "A restart whose supervisor was not seen to be woken up has no parts: n counts the restarts "
    "with all parts seen."
)


def restart_parts_section(run: Run) -> Section | None:
    """Return the section; None without a trace."""
    table = restart_parts_table(run)
    if table is None:
        return None
    groups = group_by_host(run, list(restart_parts(run)))
    figures = (_figure(run, group, index) for index, group in enumerate(groups))
    meanings = Points(tuple((f"{kind.heading}:", f"{kind.meaning}.") for kind in PART_KINDS))
    words = " ".join(filter(None, (trace_agreement(run), _INCOMPLETE)))
    blocks: tuple[Block, ...] = (Paragraph(words), meanings, *figures, table)
    return Section("split", "Where a restart's time goes", blocks)


def _figure(run: Run, group: Sequence[RestartParts], index: int) -> Figure:
    return Figure(
        name=numbered_name("split", index),
        title="Where a restart's time goes: the share of each part, and the median in all"
        f"{host_suffix(run, group)}",
        alt="A bar for each contender and uptime, cut into the shares that death, reaction, "
        "hold-off, child and spawn have of a restart; beside it the median restart latency. The "
        "figures are in the table below.",
        svg=restart_parts_chart(group),
    )
