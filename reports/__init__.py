"""Renderings of a run, made from its files alone."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from rich.console import Console

from provision.systems import unknown_name_error
from reports.model.text import clean

FORMATS = ("terminal", "md", "html", "csv", "json", "pyperf")


def render(form: str, run: dict[str, Any], folder: Path, console: Console, *, force: bool) -> int:
    """Print a run in that form, or write it into its folder; the exit code.

    form: one of FORMATS. Raises Problem for samples that are broken.
    """
    if form == "terminal":
        from reports.formats import terminal

        return terminal.show(run, console, force=force, folder=folder)
    if form in ("md", "html"):
        for path in write_article(form, run, folder):
            print(path)
        return 0
    if form == "csv":
        from reports.formats import csv_table

        csv_table.write(run, sys.stdout)
        return 0
    if form == "json":
        json.dump(run, sys.stdout, indent=1)
        return 0
    if form == "pyperf":
        from reports.formats import pyperf_suite
        from reports.model import samples

        pyperf_suite.write(run, samples.read(folder), sys.stdout)
        return 0
    raise AssertionError(form)


def known_format(form: str) -> str:
    """The form itself. Raises Problem for one that nobody knows."""
    if form in FORMATS:
        return form
    raise unknown_name_error("format", form, list(FORMATS))


def write_article(form: str, run: dict[str, Any], folder: Path) -> list[Path]:
    """Write the article beside the run: article.html, or article.md with its pictures."""
    # Drawing starts an interpreter of another language: only what draws shall wait for that.
    from reports.article.article import article
    from reports.formats import html, markdown
    from reports.model import samples

    made = article(clean(run), samples.read(folder))
    if form == "html":
        files = {"article.html": html.text(made)}
    else:
        files = {"article.md": markdown.text(made), **markdown.pictures(made)}
    for name, content in files.items():
        (folder / name).write_text(content)
    return [folder / name for name in files]
