"""Rows of line counts as a table, and as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict

from rich.table import Table

from bench.recording.loc.rows import LocRow, VersionCount


def loc_table(rows: Sequence[LocRow]) -> Table:
    """Return the rows as a table for a terminal."""
    table = Table(title="Lines of code", show_lines=True)
    table.add_column("supervisor")
    table.add_column("2012", no_wrap=True)
    table.add_column("article", justify="right")
    table.add_column("counted again", overflow="fold")
    table.add_column("today")
    table.add_column("lines today", overflow="fold")
    table.add_column("difference")
    for row in rows:
        deviation = "" if row.deviation is None else f" ({row.deviation:+.2f} %)"
        table.add_row(
            row.name,
            row.article_version,
            str(row.article_lines),
            f"{_figure(row.article)}{deviation}",
            row.today.version,
            _figure(row.today),
            row.difference,
        )
    return table


def loc_json(rows: Sequence[LocRow]) -> str:
    """Return the rows as a JSON list: the fields of LocRow, and `deviation`."""
    return json.dumps([{**asdict(row), "deviation": row.deviation} for row in rows], indent=2)


def _figure(count: VersionCount) -> str:
    if count.lines is not None:
        return str(count.lines)
    return f"refused: {count.lack}" if count.refused else f"not counted: {count.lack}"
