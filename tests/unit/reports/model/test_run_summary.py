"""What holds for a run as a whole, in lines that the terminal and the article show."""

from __future__ import annotations

from tests.support.samples import sample_runs
from tests.unit.reports.support.renderings import all_renderings

NAME = "runit/runner/default/hosted"


def test_every_rendering_counts_and_names_rejected_lines() -> None:
    contender = sample_runs.contender(NAME, [1.0, 2.0])
    contender["scenarios"]["footprint"]["rejected"] = {"a start before its kill": 2, "x": 1}
    line = f"{NAME} footprint: 3 lines rejected: a start before its kill (2), x (1)"
    for text in all_renderings(sample_runs.run(contender)):
        assert line in " ".join(text.split())
