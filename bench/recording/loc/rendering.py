"""Rows of line counts as a table, and as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict

from rich import box
from rich.table import Table

from bench.model.run_file import RecordedCount
from bench.recording.loc.rows import LocRow, VersionCount


def loc_table(
    rows: Sequence[LocRow], recorded: Mapping[str, Sequence[RecordedCount]] | None = None
) -> Table:
    """Return the rows as a table for a terminal.

    recorded: by supervisor, counts that are shown where nothing could be counted today.
    """
    kept = recorded or {}
    again = [f"{_figure(row.article)}{_deviation(row)}" for row in rows]
    today = [_figure_today(row.today, kept.get(row.name, ())) for row in rows]
    table = Table(title="Lines of code", title_justify="left", box=box.SIMPLE_HEAD, show_lines=True,
                  show_edge=False, padding=(0, 1, 0, 0))  # fmt: skip
    table.add_column("supervisor", overflow="fold")
    table.add_column("2012", no_wrap=True)
    table.add_column("article", justify="right", no_wrap=True)
    # The words of a reason go over several lines, the digits of a figure do not.
    table.add_column("counted again", overflow="fold", min_width=_figure_width(again))
    table.add_column("today", overflow="fold")
    table.add_column("lines today", overflow="fold", min_width=_figure_width(today))
    table.add_column("difference", overflow="fold")
    for row, counted_again, lines_today in zip(rows, again, today, strict=True):
        table.add_row(
            row.name,
            row.article_version,
            str(row.article_lines),
            counted_again,
            row.today.version,
            lines_today,
            row.difference,
        )
    return table


def _deviation(row: LocRow) -> str:
    return "" if row.deviation is None else f"\n({row.deviation:+.2f} %)"


def _figure_width(cells: Sequence[str]) -> int:
    figures = (line for cell in cells if cell[:1].isdigit() for line in cell.split("\n"))
    return max(map(len, figures), default=0)


def loc_json(rows: Sequence[LocRow]) -> str:
    """Return the rows as a JSON list: the fields of LocRow, and `deviation`."""
    return json.dumps([{**asdict(row), "deviation": row.deviation} for row in rows], indent=2)


def _figure_today(count: VersionCount, recorded: Sequence[RecordedCount]) -> str:
    if count.lines is not None or not recorded:
        return _figure(count)
    newest = recorded[-1]
    return f"{newest['lines']}\nrecorded of {newest['version']}; {_figure(count)}"


def _figure(count: VersionCount) -> str:
    if count.lines is not None:
        return str(count.lines)
    return f"refused: {count.lack}" if count.refused else f"not counted: {count.lack}"
