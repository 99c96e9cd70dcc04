"""What the time of restarts is made of, as the kernel's trace shows it."""

from __future__ import annotations

from collections.abc import Iterator

from bench.model.run_file import Run
from reports.article.charts.restart_parts import restart_parts_figures
from reports.article.host_groups import group_by_host, host_suffix, numbered_name
from reports.model.blocks import Panels, Paragraph, Points, Section
from reports.model.tables.instrument import trace_agreement
from reports.model.tables.restart_parts import PART_KINDS, restart_parts, restart_parts_table

_INTRODUCTION = (
    "The kernel saw each restart, too, and its stamps cut it into five parts. The charts show them "
    "for a daemon that ran for long: a bar for each supervisor among restarts of the same length, "
    "in its most ordinary setting there."
)
_INCOMPLETE = (
    "A restart whose supervisor was not seen to be woken up has no parts: n counts the restarts "
    "with all parts seen."
)


def restart_parts_section(run: Run) -> Section | None:
    """Return the section; None without a trace."""
    table = restart_parts_table(run)
    if table is None:
        return None
    meanings = Points(tuple((f"{kind.heading}:", f"{kind.meaning}.") for kind in PART_KINDS))
    witness = Paragraph(" ".join(filter(None, (trace_agreement(run), _INCOMPLETE))), aside=True)
    return Section(
        "split",
        "What a restart is made of",
        (
            Paragraph(_INTRODUCTION),
            meanings,
            *_panels(run),
            Section("parts-table", "All parts", (table, witness), folded=True),
        ),
    )


def _panels(run: Run) -> Iterator[Panels]:
    long = [restart for restart in restart_parts(run) if restart.uptime == "long"]
    for index, group in enumerate(group_by_host(run, long)):
        name = numbered_name("split", index)
        yield Panels(restart_parts_figures(group, name, host_suffix(run, group)))
