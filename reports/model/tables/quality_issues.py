"""What is doubtful about the latencies of each contender; run.json calls it `doubts`."""

from __future__ import annotations

from bench.model.run_file import Run
from reports.model.blocks import Cell, Column, Table
from reports.model.contenders import contender_label, sort_contenders
from reports.model.reservations import KIND_MEANINGS


def quality_issues_table(run: Run) -> Table | None:
    """Return each quality issue with the next step; None where there is none."""
    rows = tuple(
        (
            Cell(contender_label(contender), anchor=f"supervisor-{contender['supervisor']}"),
            Cell(issue["kind"], hint=KIND_MEANINGS.get(issue["kind"], "")),
            Cell(issue["text"]),
        )
        for contender in sort_contenders(run)
        for issue in contender.get("doubts", [])
    )
    if not rows:
        return None
    columns = (Column("Contender"), Column("Kind"), Column("Figure, bound and next step"))
    return Table("Doubts", columns, rows)
