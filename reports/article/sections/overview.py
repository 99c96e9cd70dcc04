"""The overview: what supervisors do, what was measured, and all medians in one picture."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from bench.model.run_file import Run
from reports.article.charts.latency import medians_chart
from reports.article.distributions import Distribution, floors_of_one_host
from reports.article.host_groups import group_by_host, host_suffix, numbered_name
from reports.model.blocks import Block, Figure, Paragraph, Section
from reports.model.run_summary import count_outcomes, ranking_obstacle

_INTRODUCTION = (
    "A process supervisor keeps a daemon alive: when it ends, for whatever reason, it is "
    "started again. The out-of-memory killer is reason enough to want one. A runner is the "
    "parent of a program that stays in the foreground, and the kernel tells it of the end. "
    "A monitor watches daemons that detached themselves, mostly by looking now and then. "
    "Some must be the first process of the machine (process 1), some can be, some cannot."
)


def overview_section(run: Run, distributions: Sequence[Distribution]) -> Section:
    """Return the section, with a picture of medians for each separate host."""
    experiment = (
        "Each supervisor below kept the same test daemon alive in a guest of its own, and that "
        f"daemon was made to fail. {count_outcomes(run).capitalize()}."
    )
    blocks: tuple[Block, ...] = (
        Paragraph(_INTRODUCTION),
        Paragraph(experiment),
        *_figures(run, distributions),
    )
    return Section("overview", "Overview", blocks)


def _figures(run: Run, distributions: Sequence[Distribution]) -> Iterator[Figure]:
    long = [item for item in distributions if not item.short]
    if not ranking_obstacle(run):
        long.sort(key=lambda item: item.median or math.inf)
    for index, group in enumerate(group_by_host(run, long)):
        floors = [item.median for item in floors_of_one_host(group) if item.median]
        floor = min(floors, default=None)
        line = ", the floor as a dashed line" if floor else ""
        yield Figure(
            name=numbered_name("medians", index),
            title=f"Restart latency against the floor{host_suffix(run, group)}",
            alt="Median restart latency with its 95 % interval, a row for each contender, on "
            f"a log axis, every sample as a tick{line}. The figures are "
            "in the table of restart latency.",
            svg=medians_chart(group, floor),
        )
