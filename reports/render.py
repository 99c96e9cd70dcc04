"""Rendering a run in any of the formats."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from rich.console import Console

from bench.model.run_file import Run
from provision.systems import unknown_name_error
from reports.model.text import sanitize

FORMATS = ("terminal", "md", "html", "csv", "json", "pyperf")


def check_format(name: str) -> str:
    """Return the name of a format. Raises Problem for an unknown one."""
    if name in FORMATS:
        return name
    raise unknown_name_error("format", name, list(FORMATS))


def render_run(format_: str, run: Run, folder: Path, console: Console, *, force: bool) -> int:
    """Print a run in one of FORMATS, or write it into its folder; return the exit code.

    It is 1 for a damaged run, which every format says. force: rank even where it means nothing
    (terminal). Raises Problem for broken samples.
    """
    # Formats are imported here: only those that draw or export load the libraries for it.
    match format_:
        case "terminal":
            from reports.formats.terminal import print_run

            return print_run(run, console, force=force, folder=folder)
        case "md" | "html":
            for path in write_article(format_, run, folder):
                print(sanitize(str(path)))
        case "csv":
            from reports.formats.csv_table import write_csv

            write_csv(sanitize(run), sys.stdout)
        case "json":
            json.dump(run, sys.stdout, indent=1)
        case "pyperf":
            from reports.formats.pyperf_suite import write_pyperf
            from reports.model.samples import read_samples

            write_pyperf(run, read_samples(folder), sys.stdout)
        case _:
            raise AssertionError(format_)
    return 1 if run.get("damage") else 0


def write_article(format_: str, run: Run, folder: Path) -> list[Path]:
    """Write the article beside the run: article.html, or article.md with its pictures.

    Returns the files written. Raises Problem for broken samples.
    """
    # Drawing starts an interpreter of another language, which no other format waits for.
    from reports.article.article import build_article
    from reports.formats import html, markdown
    from reports.model.samples import read_samples

    article = build_article(sanitize(run), read_samples(folder))
    if format_ == "html":
        files = {"article.html": html.render_html(article)}
    else:
        pictures = markdown.picture_files(article)
        files = {"article.md": markdown.render_markdown(article), **pictures}
    for name, content in files.items():
        (folder / name).write_text(content)
    return [folder / name for name in files]
