"""Crash loops: when a daemon that ends at once was started again."""

from __future__ import annotations

from collections.abc import Iterator

from bench.model.run_file import Run
from reports.article.charts.crash_loops import CrashLoop, crash_loops_figure
from reports.model.blocks import Paragraph, Section
from reports.model.contenders import contender_label, sort_contenders
from reports.model.samples import Samples

_NS_PER_SECOND = 1e9


def crash_loops_section(run: Run, samples: Samples) -> Section | None:
    """Return the section; None where no daemon was seen to start in a crash loop."""
    rows = list(_crash_loops(run, samples))
    if not rows:
        return None
    words = Paragraph(
        "A broken daemon ends as soon as it is started, as after a bad upgrade. Some supervisors "
        "start it again and again, some slow down, some stop for good."
    )
    return Section("crashloop", "A daemon that ends at once", (words, crash_loops_figure(rows)))


def _crash_loops(run: Run, samples: Samples) -> Iterator[CrashLoop]:
    for contender in sort_contenders(run):
        starts, busy_seconds = samples.crash_loop(contender["name"])
        if starts:
            first = starts[0]
            yield CrashLoop(
                label=contender_label(contender),
                starts=[(start - first) / _NS_PER_SECOND for start in starts],
                busy_seconds=[
                    ((begin - first) / _NS_PER_SECOND, count) for begin, count in busy_seconds
                ],
            )
