"""Rendering a run in any of the formats."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

from rich.console import Console

from bench.model.run_file import Run
from provision.errors import Problem
from provision.user_paths import parse_path
from reports.model.blocks import Article
from reports.model.text import sanitize
from reports.view import View

STANDARD_OUTPUT = "-"
# Formats here are imported where they are used: only those that draw or export load libraries.


def render_run(
    view: View, run: Run, folder: Path, console: Console, *, force: bool, output: str = ""
) -> int:
    """Print a run, or write it into a file; return the exit code.

    It is 1 for a damaged run, which every format says. force: rank even where it means nothing
    (terminal). output: a file; `-`: standard output; empty: that, and for md and html files beside
    the run. Raises Problem for broken samples.
    """
    target = None if output in ("", STANDARD_OUTPUT) else _writable(parse_path("--output=", output))
    shown = view.of(run)
    if view.format == "terminal":
        return _render_terminal(view, shown, folder, console, force=force, target=target)
    if view.format in ("md", "html") and output != STANDARD_OUTPUT:
        path = target or folder / f"article.{view.format}"
        for written in _write_article(view, shown, folder, path):
            print(sanitize(str(written)))
    elif target:
        target.write_text(_text(view, shown, folder))
        print(sanitize(str(target)))
    else:
        sys.stdout.write(_text(view, shown, folder))
    return 1 if run.get("damage") else 0


def write_article(format_: str, run: Run, folder: Path) -> list[Path]:
    """Write the article beside the run: article.html, or article.md with its pictures.

    Returns the files written. Raises Problem for broken samples.
    """
    return _write_article(View(format_), run, folder, folder / f"article.{format_}")


def _writable(path: Path) -> Path:
    """Return the path. Raises Problem where its folder is missing, or it is one itself."""
    if path.parent.is_dir() and not path.is_dir():
        return path
    why = "is a folder" if path.is_dir() else "is in a folder that does not exist"
    raise Problem(
        f"--output={path} {why}.",
        advice="Name a file in a folder that exists, or - for standard output.",
        usage=True,
    )


def _render_terminal(
    view: View, run: Run, folder: Path, console: Console, *, force: bool, target: Path | None
) -> int:
    from reports.formats.terminal import print_figures, print_run

    buffer = io.StringIO()
    shown_on = type(console)(file=buffer, width=console.width) if target else console
    if view.metrics:
        code = print_figures(run, view.metrics, shown_on)
    else:
        code = print_run(run, shown_on, force=force, folder=folder)
    if target:
        target.write_text(buffer.getvalue())
        print(sanitize(str(target)))
    return code


def _text(view: View, run: Run, folder: Path) -> str:
    stream = io.StringIO()
    match view.format:
        case "md":
            from reports.formats import markdown

            return markdown.render_markdown(
                markdown.without_pictures(_build_article(view, run, folder))
            )
        case "html":
            from reports.formats import html

            return html.render_html(_build_article(view, run, folder))
        case "csv":
            from reports.formats.csv_table import write_csv

            write_csv(sanitize(run), stream)
        case "json":
            json.dump(run, stream, indent=1)
        case "pyperf":
            from reports.formats.pyperf_suite import write_pyperf
            from reports.model.samples import read_samples

            write_pyperf(run, read_samples(folder), stream)
        case _:
            raise AssertionError(view.format)
    return stream.getvalue()


def _write_article(view: View, run: Run, folder: Path, path: Path) -> list[Path]:
    """Write an article into that file, and pictures of Markdown beside it; return the files."""
    from reports.formats import html, markdown

    article = _build_article(view, run, folder)
    if view.format == "html":
        files = {path: html.render_html(article)}
    else:
        pictures = markdown.picture_files(article)
        files = {path: markdown.render_markdown(article)}
        files |= {path.parent / name: content for name, content in pictures.items()}
    for file, content in files.items():
        file.write_text(content)
    return list(files)


def _build_article(view: View, run: Run, folder: Path) -> Article:
    if view.metrics:
        from reports.model.tables.figures import figures_article

        return figures_article(sanitize(run), view.metrics)
    # Drawing starts an interpreter of another language, which no other format waits for.
    from reports.article.article import build_article
    from reports.model.samples import read_samples

    return build_article(sanitize(run), read_samples(folder))
