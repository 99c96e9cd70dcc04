"""Renderings of a run as text, for tests."""

from __future__ import annotations

import io
from html import unescape
from pathlib import Path

from rich.console import Console

from bench.model.run_file import Run
from reports.article.article import build_article
from reports.formats import html, markdown, terminal
from reports.model.blocks import Article
from reports.model.samples import Samples, read_samples, samples_from
from reports.model.text import sanitize
from tests.support.samples import sample_runs

HOSTILE = "[red]|<b>\x1b[31m\x00\u202e`*" + "x" * 10_000


def terminal_text(run: Run, width: int = 120, *, force: bool = False) -> str:
    """Return what the terminal shows of a run."""
    console = Console(file=io.StringIO(), width=width, record=True)
    terminal.print_run(run, console, force=force, folder=Path())
    return console.export_text()


def article_in(run: Run, folder: Path) -> Article:
    """Return the article of a run with the samples of a folder."""
    return build_article(sanitize(run), read_samples(folder))


def steady_article(run: Run) -> Article:
    """Return the article of a run in which every contender restarts in about 4 ms."""
    return build_article(run, _steady_samples(run))


def all_renderings(run: Run) -> list[str]:
    """Return such a run on a wide terminal, in Markdown and as a page."""
    article = steady_article(run)
    return [
        terminal_text(run, 300),
        markdown.render_markdown(article),
        unescape(html.render_html(article)),
    ]


def _steady_samples(run: Run) -> Samples:
    names = [contender["name"] for contender in run["contenders"]]
    latencies = {name: sample_runs.steady_latencies(4.0) for name in names}
    return samples_from(sample_runs.restart_samples(latencies))
