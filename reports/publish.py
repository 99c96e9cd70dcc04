"""The reference run kept in the repository, and the README's table made of it."""

from __future__ import annotations

import gzip
import json
import shutil
from pathlib import Path
from typing import Any

from bench.recording.samples_file import COMPRESSED, lines
from provision.errors import Problem
from reports.article.article import article_table
from reports.article.blocks import Cell, Table
from reports.formats import markdown
from reports.model.samples import read
from reports.model.text import clean
from reports.model.view import machines

FOLDER = Path(__file__).parent / "published"
README = Path(__file__).parent.parent / "README.md"
BEGIN = "<!-- table: made by `./inv publish`, checked by tests/reports -->"
END = "<!-- /table -->"


def publish(run: dict[str, Any], folder: Path) -> list[Path]:
    """Keep a run as the reference, and put its table into the README; the files written.

    Raises Problem for a run that is quick, unfinished or failed in part, and for a README without
    the markers.
    """
    from reports import write_article  # it draws, and a test of the table alone need not

    _check(run)
    read(folder)  # what is broken is not published
    raw = b"".join(line for _, _, line in lines(folder))
    updated = readme_with(README.read_text(), run)
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir()
    (FOLDER / "run.json").write_text(json.dumps(run, indent=1) + "\n")
    # No time stamp in it: the same run gives the same file.
    (FOLDER / COMPRESSED).write_bytes(gzip.compress(raw, mtime=0))
    write_article("html", run, FOLDER)
    write_article("md", run, FOLDER)
    README.write_text(updated)
    return [README, *sorted(FOLDER.iterdir())]


def readme_with(text: str, run: dict[str, Any]) -> str:
    """The README's text with the table of that run between its markers. Raises Problem."""
    if text.count(BEGIN) != 1 or text.count(END) != 1 or text.index(END) < text.index(BEGIN):
        raise Problem(
            f"{README.name} has no place for the table.",
            advice=f"Put these two lines where it belongs: {BEGIN} and {END}",
        )
    head, rest = text.split(BEGIN)
    tail = rest.split(END)[1]
    return f"{head}{BEGIN}\n{readme_table(run)}\n{END}{tail}"


def readme_table(run: dict[str, Any]) -> str:
    """The article's table and where it was measured, as Markdown."""
    run = clean(run)
    table = _without_notes(article_table(run))
    where = (
        f"{run['system']['title']} in guests by {run['provider']['name']} on {machines(run)}; "
        f"run {run['id']}. "
        "The whole article: [page](reports/published/article.html), "
        "[Markdown](reports/published/article.md)."
    )
    return f"{markdown.table(table)}\n\n{where}"


def _without_notes(table: Table) -> Table:
    rows = tuple(tuple(Cell(cell.text) for cell in row) for row in table.rows)
    return Table(table.caption, table.columns, rows)


def _check(run: dict[str, Any]) -> None:
    failed, unfinished = (
        ", ".join(each["name"] for each in run["contenders"] if each["status"] == status)
        for status in ("failed", "unfinished")
    )
    lacks = [
        *(["It is a quick run."] if run["quick"] else []),
        *([] if run["ended"] else ["It has not ended."]),
        *([f"It failed to measure {failed}."] if failed else []),
        *(
            [f"It was interrupted before it had measured all of {unfinished}."]
            if unfinished
            else []
        ),
        *(["It was asked for some supervisors only."] if run["options"].get("only") else []),
    ]
    if lacks:
        raise Problem(
            f"{run['id']} is not fit to be a reference.",
            known="\n".join(lacks),
            advice="./inv bench, then ./inv publish",
            usage=True,
        )
